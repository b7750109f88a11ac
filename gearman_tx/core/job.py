"""A job: one piece of work that the server queues and a worker runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mypy_extensions import i32, mypyc_attr

from gearman_tx.core.states import COMMITTING

if TYPE_CHECKING:
    from gearman_tx.core.function import Function
    from gearman_tx.core.peer import Peer
    from gearman_tx.core.timer_heap import Timer
    from gearman_tx.large_body import Body

HIGH: Final = 0
NORMAL: Final = 1
LOW: Final = 2
PRIORITY_NAMES: Final = ("high", "normal", "low")

MOST_LOSSES: Final = 2**31 - 1
"""The largest count of losses that a job holds; a store may hold a larger one."""

NO_PROGRESS: Final = (0, 0)

NO_CLIENTS: Final[list[Peer]] = []
"""The one empty list of all jobs without clients: most background jobs never need their own."""


@mypyc_attr(acyclic=True)  # jobs take no part in cycles, so the collector need not see them
class Job:
    """One live job. Its id never repeats; (function, unique) is only an index to it.

    Like all classes of this room that are on a job's path it is a plain class; "Compiled" in the
    architecture page says why. Its small numbers have 32 bits, so that two share a machine word.

    Attributes:
        id: the number that never repeats.
        handle: the name that clients and workers use, ``PREFIX:ID``.
        function: the function that it is for.
        unique: the key under which submissions are coalesced; may be empty.
        workload: the opaque data for the worker; a large one stays in the pieces in which it came.
        priority: HIGH, NORMAL or LOW.
        background: whether the server promised to run it even if its clients leave.
        submitted: when it was submitted, as ``Tables.now``, so that its age is right whatever the
            system clock is set to.
        due: the Unix time before which it does not run; 0 for at once.
        reducer: the reducer's name of a reduce job, else None.
        state: one of :mod:`gearman_tx.core.states`.
        tries: how many times this server has given it to a worker.
        losses: how many tries were lost with their worker or ran out of time, ever.
        progress: numerator and denominator of the last WORK_STATUS.
        clients: the peers that wait for its result, one entry per submission.
        worker: the peer that runs it, while it is RUNNING.
        timer: its due time while DELAYED, its time limit while RUNNING.
        before: its neighbour towards the front of its queue, while QUEUED.
        after: its neighbour towards the back of its queue, while QUEUED.
    """

    __slots__ = (
        "after",
        "background",
        "before",
        "clients",
        "due",
        "function",
        "handle",
        "id",
        "losses",
        "priority",
        "progress",
        "reducer",
        "state",
        "submitted",
        "timer",
        "tries",
        "unique",
        "worker",
        "workload",
    )

    def __init__(  # noqa: PLR0913, PLR0917  # one argument for each field of a submission
        self,
        number: int,
        handle: bytes,
        function: Function,
        unique: bytes,
        workload: Body,
        priority: int,
        submitted: float,
        *,
        background: bool,
        due: float = 0.0,
        reducer: bytes | None = None,
        losses: int = 0,
    ) -> None:
        self.id = number
        self.handle = handle
        self.function = function
        self.unique = unique
        self.workload = workload
        self.priority: i32 = priority
        self.background = background
        self.submitted = submitted
        self.due = due
        self.reducer = reducer
        self.state: i32 = COMMITTING
        self.tries: i32 = 0
        self.losses: i32 = losses
        self.progress = NO_PROGRESS
        self.clients = NO_CLIENTS
        self.worker: Peer | None = None
        self.timer: Timer | None = None
        self.before: Job | None = None
        self.after: Job | None = None

    def attach(self, client: Peer) -> None:
        """Let ``client`` wait for the result; a client that waits already waits twice."""
        if self.clients:
            self.clients.append(client)
        else:
            self.clients = [client]
        client.tasks.add(self)

"""A job: one piece of work that the server queues and a worker runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from mypy_extensions import mypyc_attr

from gearman_tx.core.states import COMMITTING, DELAYED

if TYPE_CHECKING:
    from gearman_tx.core.function import Function
    from gearman_tx.core.peer import Peer
    from gearman_tx.core.timer_heap import Timer
    from gearman_tx.large_body import Body

HIGH: Final = 0
NORMAL: Final = 1
LOW: Final = 2
PRIORITY_NAMES: Final = ("high", "normal", "low")

NO_PROGRESS: Final = (0, 0)

NOBODY: Final[list[Peer]] = []
"""The clients of every job for which nobody waits: most background jobs never need a list."""


@mypyc_attr(acyclic=True)  # jobs take no part in cycles, so the collector need not see them
class Job:
    """One live job. Its id never repeats; (function, unique) is only an index to it.

    A plain class, as all of this room are that are on a job's path: see "compiled" in the
    architecture page.

    Attributes:
        id: the number that never repeats.
        handle: the name that clients and workers use, ``PREFIX:ID``.
        function: the function that it is for.
        unique: the key under which submissions are coalesced; may be empty.
        workload: the opaque data for the worker; if it is large, in the pieces that it came in.
        priority: HIGH, NORMAL or LOW.
        background: whether somebody was promised that it runs, client or no client.
        submitted: when it was submitted, in Unix seconds.
        reducer: the reducer's name of a reduce job, else None.
        state: one of :mod:`gearman_tx.core.states`.
        retries: how often a worker was lost with it or ran out of time.
        progress: numerator and denominator of the last WORK_STATUS.
        clients: the peers that wait for its result, one entry a submission.
        worker: the peer that runs it, while it is RUNNING.
        timer: its due time while DELAYED, its timeout while RUNNING.
        before: its neighbour towards the front of its queue, while QUEUED.
        after: its neighbour towards the back of its queue, while QUEUED.
    """

    __slots__ = (
        "after",
        "background",
        "before",
        "clients",
        "function",
        "handle",
        "id",
        "priority",
        "progress",
        "reducer",
        "retries",
        "state",
        "submitted",
        "timer",
        "unique",
        "worker",
        "workload",
    )

    def __init__(  # noqa: PLR0913, PLR0917  # one argument for each thing that a submission brings
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
        reducer: bytes | None = None,
        retries: int = 0,
    ) -> None:
        self.id = number
        self.handle = handle
        self.function = function
        self.unique = unique
        self.workload = workload
        self.priority = priority
        self.background = background
        self.submitted = submitted
        self.reducer = reducer
        self.state = COMMITTING
        self.retries = retries
        self.progress = NO_PROGRESS
        self.clients = NOBODY
        self.worker: Peer | None = None
        self.timer: Timer | None = None
        self.before: Job | None = None
        self.after: Job | None = None

    def attach(self, client: Peer) -> None:
        """Let ``client`` wait for the result, once more if it does already."""
        if self.clients:
            self.clients.append(client)
        else:
            self.clients = [client]
        client.tasks.add(self)

    @property
    def due(self) -> float:
        """The Unix time before which it does not run; 0 once nothing holds it back."""
        timer = self.timer
        return timer.when if timer is not None and self.state == DELAYED else 0.0

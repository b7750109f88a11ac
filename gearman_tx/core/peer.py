"""A peer: one connection as the core sees it; a client, a worker or both."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

from mypy_extensions import mypyc_attr

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gearman_tx.core.function import Function
    from gearman_tx.core.job import Job

NO_CLIENT_ID: Final = b"-"
"""The client id of a peer that never sent SET_CLIENT_ID."""

OVER: Final = 0
"""In the place of the number of a try: the worker has ended the job, or an operator has."""

_MOST_FORGIVEN: Final = 1024  # how many handles per peer are forgiven


@mypyc_attr(allow_interpreted_subclasses=True)
class Promise:
    """The answer that is due to a submission once its job is durable; it is given once."""

    __slots__ = ()

    def created(self, handle: bytes) -> None:
        """Answer that the job ``handle`` is durable."""
        raise NotImplementedError

    def refused(self, code: bytes, text: bytes) -> None:
        """Answer that the job could not be stored."""
        raise NotImplementedError


@mypyc_attr(allow_interpreted_subclasses=True)
class PeerLink:
    """What the core may ask of a connection. No method fails, waits or calls the core."""

    __slots__ = ()

    @property
    def fd(self) -> int:
        """The number of its file descriptor, for reports; -1 when there is none."""
        raise NotImplementedError

    @property
    def host(self) -> str:
        """The address of its other end, for reports."""
        raise NotImplementedError

    def noop(self) -> None:
        """Tell a sleeping worker that there may be work."""
        raise NotImplementedError

    def promise(self, size: int) -> Promise:
        """Keep the place of the answer to a submission that waits for durability.

        Args:
            size: the size of the submission's workload, in bytes.
        """
        raise NotImplementedError

    def update(self, parts: Sequence[bytes]) -> None:
        """Send a worker's packet about a job, already encoded, in one or more parts."""
        raise NotImplementedError

    def failed(self, handle: bytes) -> None:
        """Tell a client that the job ended without a result."""
        raise NotImplementedError


@mypyc_attr(acyclic=True)  # the garbage collector then skips the 250,000 of a large site
class Ability:
    """The registration of one function by one worker.

    Attributes:
        timeout: how many seconds a job may run; 0 is no limit.
        number: the count of all registrations of all workers when this one was made.
        served: the count of assignments when the worker last got a job of the function. Before the
            first job it is negative, the lower the later the function was registered.
    """

    __slots__ = ("number", "served", "timeout")

    def __init__(self, timeout: float, number: int, served: int) -> None:
        self.timeout = timeout
        self.number = number
        self.served = served


class Peer:
    """What the core knows of one connection.

    Attributes:
        link: sends to the connection.
        client_id: the name it gave itself.
        exceptions: whether it gets WORK_EXCEPTION for its jobs; if not, it gets WORK_FAIL instead.
        abilities: the functions it registered; the one whose turn is next comes first.
        running: the jobs it has as a worker, with the time of each assignment, oldest first.
        tasks: the jobs whose results it waits for as a client.
        asleep: whether it sent PRE_SLEEP and no NOOP since.
        woken_for: the function for whose job it got a NOOP that it has not acted on yet.
        wakes: how many wake-ups it got, which tells one from the next.
        unlisted: registered functions whose ``idle`` does not hold this peer.
        forgiven: handles of jobs that it no longer has, and about which its packets are no error.
            The number is that of the try that ran out of its time, or :data:`OVER`.
    """

    __slots__ = (
        "abilities",
        "asleep",
        "client_id",
        "exceptions",
        "forgiven",
        "link",
        "running",
        "tasks",
        "unlisted",
        "wakes",
        "woken_for",
    )

    def __init__(self, link: PeerLink, *, exceptions: bool = False) -> None:
        self.link = link
        self.client_id = NO_CLIENT_ID
        self.exceptions = exceptions
        self.abilities: OrderedDict[Function, Ability] = OrderedDict()
        self.running: dict[Job, float] = {}
        self.tasks: set[Job] = set()
        self.asleep = False
        self.woken_for: Function | None = None
        self.wakes = 0
        self.unlisted: dict[Function, None] = {}
        self.forgiven: dict[bytes, int] = {}

    def forgive(self, handle: bytes, tries: int = OVER) -> None:
        """Let later packets of this worker about the job ``handle`` be no error.

        Args:
            handle: the handle of a job that the worker no longer has.
            tries: the number of the try that ran out of its time. While no other try has begun,
                the worker may still end the job. With :data:`OVER`, its packets are ignored.
        """
        self.forgiven[handle] = tries
        if len(self.forgiven) > _MOST_FORGIVEN:
            del self.forgiven[next(iter(self.forgiven))]

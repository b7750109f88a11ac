"""What those who meet over a task know of each other: who holds it, finds servers, is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Protocol

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from gearman_tx.client.updates import JobStatus
from gearman_tx.errors import Refused

if TYPE_CHECKING:
    from gearman_tx.client.connection import ClientConnection
    from gearman_tx.client.submission import Submission


class Holder(Protocol):
    """Whoever has a submission that is not done."""

    def forget(self, submission: Submission[Any], /) -> None:
        """Drop ``submission``; what still arrives about it is for nobody."""


class Server(Holder, Protocol):
    """A server that accepted a submission."""

    name: str

    def job_status(self, handle: bytes, /) -> Deferred[JobStatus]:
        """Ask the server about the job that it calls ``handle``."""

    def is_leaving(self, refusal: Refused, /) -> bool:
        """Return whether the server refuses a submission because it shuts down."""


class ConnectionOwner(Server, Protocol):
    """Who is told of a connection's life, and stands for the server before submissions."""

    def greeted(self, connection: ClientConnection, /) -> None:
        """The server lives: submissions may be sent."""

    def has_room(self) -> None:
        """The server answered, so that more submissions may be sent."""

    def lost(self, connection: ClientConnection, /) -> None:
        """The connection is over; take what it holds."""


class Router(Protocol):
    """Whoever finds a server for a submission."""

    @property
    def clock(self) -> IReactorTime:
        """What tells the time and calls later."""

    def place(self, submission: Submission[Any], avoid: Holder | None = None, /) -> None:
        """Give ``submission`` to a server, to any other than ``avoid`` if there is one."""

    def opened(self) -> None:
        """Note that one more submission needs a server that accepts it."""

    def settled(self) -> None:
        """Note that one of these was accepted, or is done without."""


@frozen
class Callbacks:
    """What a caller wants to be called with while the task is not done."""

    on_data: Callable[[bytes], object] | None = None
    on_warning: Callable[[bytes], object] | None = None
    on_status: Callable[[int, int], object] | None = None
    on_retry: Callable[[Exception], object] | None = None


NO_CALLBACKS: Final = Callbacks()

"""What a submission needs from the objects it meets: its holder, its server, its router.

The submission's own type is imported for annotations only: at run time, ``submission`` imports this
module and this module imports neither ``submission`` nor any other implementation.
"""

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
    """The place where a submission is: a connection, a server link or the router."""

    def forget(self, submission: Submission[Any], /) -> None:
        """Drop ``submission``; packets that still arrive for it are ignored."""


class AcceptingServer(Holder, Protocol):
    """A server that accepted or refused a submission."""

    name: str

    def job_status(self, handle: bytes, /) -> Deferred[JobStatus]:
        """Ask the server for the status of the job with ``handle``."""

    def is_leaving(self, refusal: Refused, /) -> bool:
        """Return whether the server refuses a submission because it shuts down."""


class ConnectionOwner(AcceptingServer, Protocol):
    """Receives the events of a connection; represents the server to submissions."""

    def greeted(self, connection: ClientConnection, /) -> None:
        """The server has answered the greeting: submissions may be sent."""

    def has_room(self) -> None:
        """The server answered, so more submissions may be sent."""

    def lost(self, connection: ClientConnection, /) -> None:
        """The connection is over; take its submissions with :meth:`ClientConnection.release`."""


class SubmissionRouter(Protocol):
    """Finds a server for a submission."""

    @property
    def clock(self) -> IReactorTime:
        """Tells the time and calls later."""

    def place(self, submission: Submission[Any], avoid: Holder | None = None, /) -> None:
        """Give ``submission`` to a server; to ``avoid`` only when no other one is up."""

    def opened(self) -> None:
        """Note that one more submission waits to be accepted."""

    def settled(self) -> None:
        """Note that one of these was accepted, or has ended without that."""


@frozen
class Callbacks:
    """The caller's functions to be called while the task runs."""

    on_data: Callable[[bytes], object] | None = None
    on_warning: Callable[[bytes], object] | None = None
    on_status: Callable[[int, int], object] | None = None
    on_retry: Callable[[Exception], object] | None = None


NO_CALLBACKS: Final = Callbacks()

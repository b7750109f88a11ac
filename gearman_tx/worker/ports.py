"""What a connection of a worker needs of the worker that it belongs to.

The connection's own type is imported for annotations only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from gearman_tx.worker.functions import WorkerFunction
from gearman_tx.worker.job import WorkerJob
from gearman_tx.worker.slots import Slots

if TYPE_CHECKING:
    from gearman_tx.worker.connection import WorkerConnection


class ConnectionOwner(Protocol):
    """What a connection needs of its worker.

    Attributes:
        reactor: the reactor.
        client_id: the worker's name in the job server's reports.
        namespace: the prefix of every function's name.
        functions: the registered functions, by their full names.
        slots: the slots that jobs take.
    """

    reactor: Any
    client_id: bytes
    namespace: bytes
    functions: dict[bytes, WorkerFunction]
    slots: Slots

    @property
    def is_stopping(self) -> bool:
        """Whether the worker takes no more jobs, or has ended."""

    def is_in_reactor(self) -> bool:
        """Return whether the calling thread is the reactor's."""

    def connected(self, connection: WorkerConnection, /) -> None:
        """Add a connection that is ready."""

    def take(self, connection: WorkerConnection, job: WorkerJob, function: WorkerFunction) -> None:
        """Run a job that came over ``connection``."""

    def disconnected(self, connection: WorkerConnection, lost: list[WorkerJob]) -> None:
        """Note that ``connection`` is over, and the jobs that are lost with it."""

    def closed(self, connection: WorkerConnection, /) -> None:
        """Remove a connection that Twisted has closed."""

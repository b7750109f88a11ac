"""A worker as a part of a Twisted application: a ``.tac`` file, a plugin, a ``MultiService``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.application.service import Service
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from typing_extensions import override

if TYPE_CHECKING:
    from gearman_tx.worker.worker import Worker


class WorkerService(Service):
    """Starts a worker with the application; finishes its running jobs when the application stops.

    Args:
        worker: not started yet. A worker starts only once, and so does its service.
        patience: seconds that running jobs have to end when the service stops, before they are
            given back to the job servers; None for no limit. ``twistd`` ignores a second signal.
    """

    def __init__(self, worker: Worker, patience: float | None = None) -> None:
        self.worker = worker
        self.patience = patience

    @override
    def startService(self) -> None:
        """Twisted: connect and run jobs."""
        super().startService()  # type: ignore[no-untyped-call]  # Twisted has no types for it
        self.worker.start()

    @override
    def stopService(self) -> Deferred[str]:
        """Twisted: take no more jobs, and finish the running ones.

        Returns:
            Fires when the worker has ended, with the reason; never fails.
        """
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted has no types for it
        ended = self.worker.stop("the service was stopped")
        if self.patience is not None and not ended.called:
            end = self.worker.reactor.callLater(self.patience, self.worker.give_back)
            ended.addBoth(_then_cancel, end)
        return ended


def _then_cancel(result: str, end: IDelayedCall) -> str:
    if end.active():
        end.cancel()
    return result

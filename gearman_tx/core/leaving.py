"""The end of a connection: other workers get its jobs; jobs that only it waited for end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gearman_tx.core.retry import WORKER_LOST

if TYPE_CHECKING:
    from gearman_tx.core.dispatch import Dispatch
    from gearman_tx.core.endings import Endings
    from gearman_tx.core.peer import Peer
    from gearman_tx.core.retry import Retry
    from gearman_tx.core.tables import Tables


class Leaving:
    """The verb of connections that end."""

    __slots__ = ("dispatch", "endings", "retry", "tables")

    def __init__(self, tables: Tables, dispatch: Dispatch, endings: Endings, retry: Retry) -> None:
        self.tables = tables
        self.dispatch = dispatch
        self.endings = endings
        self.retry = retry

    def leave(self, peer: Peer) -> None:
        """Forget a peer whose connection is gone."""
        del self.tables.peers[peer]
        peer.asleep = False
        # As a client first: a job that only this peer waited for must wake no other worker.
        for job in list(peer.tasks):
            job.clients = [client for client in job.clients if client is not peer]
            if not (job.clients or job.background):
                self.endings.abandon(job)
        peer.tasks.clear()
        self.dispatch.reset_abilities(peer)
        for job in reversed(list(peer.running)):
            self.retry.try_ended(job, WORKER_LOST)

"""Group commit: what one reactor turn noted goes to the store while the next turns go on.

One commit is under way at a time. When it is done its submissions are answered, and everything
noted meanwhile is the next batch; so a slow disk makes larger batches, not slower peers.

While the store cannot write, each batch of submissions is refused with the reason, and the rest is
tried again every :data:`RETRY_SECONDS` until it succeeds: nothing has to be restarted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred, succeed

from gearman_tx.store import StoreLostError

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall
    from twisted.python.failure import Failure

    from gearman_tx.core import Batch, Committed, JobServer
    from gearman_tx.link import Turn
    from gearman_tx.server.journal import Journal
    from gearman_tx.store import Store

RETRY_SECONDS: Final = 1.0
"""How long after a failed commit the next is tried, unless new submissions come."""

_IDS_A_COMMIT: Final = 100_000  # foreground jobs use ids too; the store must keep ahead of them


class Committer:
    """Carry batches from the ledger to the store and the answers back.

    Args:
        jobs: the queues; they must have been made ``durable``.
        store: open, and replayed.
        turn: the reactor turn; a commit starts at its end.
        journal: who keeps the log.
    """

    def __init__(self, jobs: JobServer, store: Store, turn: Turn, journal: Journal) -> None:
        self._jobs = jobs
        self._ledger = jobs.ledger
        self._store = store
        self._turn = turn
        self._journal = journal
        self._under_way: Deferred[None] | None = None
        self._next_id = jobs.tables.next_id
        self._retry: IDelayedCall | None = None

    def adjust(self) -> None:
        """Once a turn: start a commit if there is something to commit and none under way."""
        if self._under_way is not None:
            return
        if self._ledger.is_empty:
            if self._jobs.tables.next_id - self._next_id < _IDS_A_COMMIT:
                return
        elif self._retry is not None and not self._ledger.has_submissions:
            return
        self._commit()

    def _commit(self) -> Deferred[None]:
        batch = self._ledger.take()
        self._next_id = batch.next_id
        done = self._under_way = Deferred()
        commit = self._store.commit(batch)
        commit.addCallbacks(self._committed, self._failed, errbackArgs=(batch,))
        commit.addErrback(self._journal.bug)
        commit.addBoth(self._finished, done)
        return done

    def _committed(self, committed: Committed) -> None:
        self._set_time()
        self._stop_retry()
        self._journal.store_works()
        self._ledger.settle(committed, self._jobs.intake)

    def _failed(self, failure: Failure, batch: Batch) -> None:
        self._set_time()
        reason = failure.getErrorMessage()
        self._journal.store_failed(reason)
        self._ledger.fail(batch, reason.encode("utf-8", "replace"), self._jobs.intake)
        if failure.check(StoreLostError):
            self._ledger.store_again()
        self._stop_retry()
        self._retry = self._turn.clock.callLater(RETRY_SECONDS, self._try_again)

    def _finished(self, _: object, done: Deferred[None]) -> None:
        self._under_way = None
        self._turn.touch()
        done.callback(None)

    def _try_again(self) -> None:
        self._retry = None
        self._turn.touch()

    def _stop_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def _set_time(self) -> None:
        self._jobs.tables.now = self._turn.clock.seconds()

    def finish(self) -> Deferred[None]:
        """Commit what is noted, once, before the server stops; fires when that is settled."""
        self._stop_retry()
        if self._under_way is not None:
            return self._under_way.addCallback(lambda _: self.finish())
        if self._ledger.is_empty:
            return succeed(None)
        return self._commit().addCallback(lambda _: self._stop_retry())

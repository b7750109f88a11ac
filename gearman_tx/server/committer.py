"""Group commit: what one reactor turn noted goes to the store while the next turns go on.

Theory of operation. One call of the store is under way at a time. When a commit is done its
submissions are answered, and everything noted meanwhile is the next batch; so a slow disk makes
larger batches, not slower peers. For the ends of jobs nobody waits: where there is nothing else to
store they are gathered for a moment. Now and then, between two commits, the store is looked after.

While the store cannot write, submissions are refused at once with the reason. Everything else is
kept, and every :data:`RETRY_SECONDS` it is tried again, with what was noted or with an empty batch:
nothing has to be restarted, and nobody has to submit. When the store lost what it held, everything
live is stored anew at once, and nobody is refused for that.

What never happens: two batches under way, a submission with no answer, an end of a job forgotten
while the process lives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred, inlineCallbacks, maybeDeferred
from twisted.logger import Logger

from gearman_tx.store import StoreError, StoreLostError

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from twisted.internet.interfaces import IDelayedCall
    from twisted.python.failure import Failure

    from gearman_tx.core import Batch, Committed, JobServer
    from gearman_tx.link import Turn
    from gearman_tx.server.log import ServerLog
    from gearman_tx.store import Store

RETRY_SECONDS: Final = 1.0
"""How long after a failed commit the next is tried."""

TEND_SECONDS: Final = 10.0
"""How often the store is looked after, and a commit that takes longer is told of."""

FINISH_SECONDS: Final = 20.0
"""How long the last commits may take before the server stops without them."""

LARGE_LOG: Final = 256 * 1024 * 1024
"""Bytes of the store's log that are told of, and then each doubling: it should have begun anew."""

GATHER_SECONDS: Final = 0.02
"""How long the ends of jobs are gathered; those of a server that is killed then run again."""

_TEND_SOON: Final = 0.25  # while there is more to do
_IDS_A_COMMIT: Final = 100_000  # foreground jobs use ids too; the store must keep ahead of them

_MANY: Final = 1_000_000

_log = Logger("gearman_tx.server")


class Committer:
    """Carry batches from the ledger to the store and the answers back.

    Args:
        job_server: the queues; they must have been made ``durable``.
        store: open, and replayed, before anything is to be committed.
        turn: the reactor turn; a commit starts at its end.
        server_log: who keeps the log.
    """

    def __init__(
        self, job_server: JobServer, store: Store, turn: Turn, server_log: ServerLog
    ) -> None:
        self._job_server = job_server
        self._ledger = job_server.ledger
        self._store = store
        self._turn = turn
        self._server_log = server_log
        self._under_way: Deferred[None] | None = None
        self._since = 0.0  # when what is under way began; or the first failure, while it fails
        self._next_id = job_server.tables.next_id
        self._reason = b""  # why the newest commit failed; empty if it did not
        self._has_lost = False  # the store lost everything, and has not committed since
        self._retry: IDelayedCall | None = None
        self._beat: IDelayedCall | None = None
        self._gathering: IDelayedCall | None = None
        self._told_log = 0  # how large the store's log was when that was last told
        self._is_to_tend = False
        self._is_stopped = False

    def start(self) -> None:
        """All jobs are back: look after the store from now on, every :data:`TEND_SECONDS`."""
        self._next_id = self._job_server.tables.next_id
        self._beat = self._turn.clock.callLater(TEND_SECONDS, self._tick)

    @property
    def lag(self) -> float:
        """For how many seconds something has been waiting to be stored; 0 if nothing has."""
        if self._under_way is None and not self._reason:
            return 0.0
        return max(0.0, self._turn.clock.seconds() - self._since)

    def adjust(self) -> None:
        """Once a turn: start a commit if there is something to commit and none under way."""
        if self._under_way is not None or self._is_stopped:
            return
        ledger = self._ledger
        if self._retry is not None:
            if ledger.has_submissions:
                self._set_time()
                ledger.refuse(self._reason, self._job_server.intake)
        elif self._is_to_tend:
            self._tend()
        elif (
            self._reason  # it is tried again, though nobody submits: the cause may be gone
            or ledger.is_urgent
            or self._job_server.tables.next_id - self._next_id >= _IDS_A_COMMIT
        ):
            self._commit()
        elif self._gathering is None and not ledger.is_empty:
            self._gathering = self._turn.clock.callLater(GATHER_SECONDS, self._gathered)

    def _gathered(self) -> None:
        """Store the ends of jobs now, unless something else brought them along."""
        self._gathering = None
        if self._under_way is None and self._retry is None and not self._ledger.is_empty:
            self._commit()

    def _commit(self) -> None:
        self._stop_retry()
        self._stop_gathering()
        batch = self._ledger.take()
        self._next_id = batch.next_id
        commit = self._begin(self._store.commit, batch)
        commit.addCallbacks(self._committed, self._failed, errbackArgs=(batch,))
        self._finish_with(commit)

    def _tend(self) -> None:
        self._is_to_tend = False
        tend = self._begin(self._store.tend)
        tend.addCallbacks(self._tended, self._failed, errbackArgs=(None,))
        self._finish_with(tend)

    def _begin(self, call: Callable[..., Deferred[Any]], *arguments: object) -> Deferred[Any]:
        self._under_way = Deferred()
        if not self._reason:
            self._since = self._turn.clock.seconds()
        return maybeDeferred(call, *arguments)

    def _finish_with(self, call: Deferred[Any]) -> None:
        call.addErrback(self._server_log.bug)
        call.addBoth(self._finished)

    def _committed(self, committed: Committed) -> None:
        self._set_time()
        self._reason = b""
        self._has_lost = False
        self._server_log.store_works()
        self._ledger.settle(committed, self._job_server.intake)

    def _tended(self, has_more: bool) -> None:  # noqa: FBT001  # what the store says
        if has_more and self._beat is not None:
            self._beat.reset(_TEND_SOON)
        log = self._store.state.log
        if log > max(LARGE_LOG, 2 * self._told_log):
            self._told_log = log
            self._server_log.store_log_grows(log)
        elif log <= LARGE_LOG:
            self._told_log = 0

    def _failed(self, failure: Failure, batch: Batch | None) -> None:
        """The store could not do it: begin anew if it lost everything, else try again later."""
        self._set_time()
        reason = failure.getErrorMessage()
        if failure.check(StoreLostError) and not self._has_lost:
            self._has_lost = True
            _log.error("{reason}; all jobs are stored again", reason=reason)
            if batch is not None:
                self._ledger.put_back(batch)
            self._ledger.store_again()
            return
        self._server_log.store_failed(reason)
        self._reason = reason.encode("utf-8", "replace")
        if batch is not None:
            self._ledger.fail(batch, self._reason, self._job_server.intake)
        if failure.check(StoreLostError):
            self._ledger.store_again()
        elif not failure.check(StoreError):
            self._server_log.bug(failure)
        self._retry = self._turn.clock.callLater(RETRY_SECONDS, self._try_again)

    def _finished(self, _: object) -> None:
        done, self._under_way = self._under_way, None
        self._turn.touch()
        assert done is not None, "it was under way"
        done.callback(None)

    def _try_again(self) -> None:
        self._retry = None
        self._turn.touch()

    def _tick(self) -> None:
        """Have the store looked after, or tell that it does not answer."""
        self._beat = self._turn.clock.callLater(TEND_SECONDS, self._tick)
        # Under constant load there is always a commit under way; the store's turn comes behind it.
        self._is_to_tend = True
        self._turn.touch()
        if self._under_way is not None and self.lag >= TEND_SECONDS:
            text = "the store has not answered for {seconds:.0f} seconds; submissions wait: {count}"
            _log.warn(text, seconds=self.lag, count=self._ledger.waiting)

    def _set_time(self) -> None:
        self._job_server.tables.now = self._turn.clock.seconds()

    def finish(self) -> Deferred[None]:
        """Commit what is noted now, before the server closes its connections.

        Returns:
            Fires when it is durable, or when that cannot be, at the latest after
            :data:`FINISH_SECONDS`; it does not fail. Cancelling stops the waiting.
        """
        return self._bounded(self._settle(rounds=1))

    def stop(self) -> Deferred[None]:
        """Commit all that is noted, when nobody is connected any more, and then nothing.

        Returns:
            As :meth:`finish`.
        """
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None
        return self._bounded(self._settle(rounds=_MANY)).addCallback(self._stopped)

    @inlineCallbacks
    def _settle(self, rounds: int) -> Generator[Deferred[Any], Any, None]:
        yield self._wait()
        while rounds and not self._ledger.is_empty and not self._is_stopped:
            rounds -= 1
            self._commit()
            yield self._wait()
            if self._reason:
                return

    def _wait(self) -> Deferred[None]:
        """Return what fires when nothing is under way."""
        waits: Deferred[None] = Deferred()
        if self._under_way is None:
            waits.callback(None)
        else:
            self._under_way.addCallback(waits.callback)
        return waits

    def _bounded(self, settled: Deferred[None]) -> Deferred[None]:
        def give_up(_: object, seconds: float) -> None:
            _log.error("the store did not answer for {seconds:g} seconds", seconds=seconds)

        return settled.addTimeout(FINISH_SECONDS, self._turn.clock, give_up)

    def _stopped(self, _: None) -> None:
        self._is_stopped = True
        self._stop_retry()
        self._stop_gathering()
        if not self._ledger.is_empty:
            text = "jobs whose end could not be stored run again after the next start: {count}"
            _log.error(text, count=self._ledger.ended)

    def _stop_gathering(self) -> None:
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None

    def _stop_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

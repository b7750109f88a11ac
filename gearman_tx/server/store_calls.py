"""The calls of the store, one at a time, while the reactor's turns go on.

Theory of operation. When a commit is done its submissions are answered, and everything noted
meanwhile goes into the next batch: that is group commit, and a slow disk makes larger batches, not
slower peers. No submission waits for the ends of jobs; when there is nothing else to store, ends
are gathered for a moment. Between two commits the store reserves ids, well before those of this
server are used up, and does its maintenance (``tend``) every :data:`TEND_SECONDS`.

===========  ===================================================================================
IDLE         no call is under way
GATHERING    no call is under way; ends of jobs wait a moment for others
COMMITTING   the store makes a batch durable
RESERVING    the store reserves ids
TENDING      the store does its maintenance
WAITING      the last call failed; the next one follows after :data:`RETRY_SECONDS`
STOPPED      no call follows
===========  ===================================================================================

While WAITING, submissions are refused at once with the reason. Everything else is kept, and the
next call is a commit, of an empty batch if need be: the server recovers without a restart and
without a submission. When the store lost its contents, all live jobs are stored again at once, and
no submission is refused for that.

What never happens: two calls under way at once, a submission without an answer, an end of a job
forgotten while the process lives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.logger import Logger

from gearman_tx.store import StoreError, StoreLostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IDelayedCall
    from twisted.python.failure import Failure

    from gearman_tx.core import Committed, JobServer
    from gearman_tx.link import Turn
    from gearman_tx.server.clocks import Clocks
    from gearman_tx.server.log import ServerLog
    from gearman_tx.store import Store, Tended

RETRY_SECONDS: Final = 1.0
"""How long after a failed call the next one starts."""

TEND_SECONDS: Final = 10.0
"""How often the store does its maintenance; a call that takes longer is logged."""

FINISH_SECONDS: Final = 20.0
"""How long the last commits may take before the server stops without them."""

GATHER_SECONDS: Final = 0.02
"""How long ends of jobs are gathered; if the server is killed meanwhile, the jobs run again."""

_TEND_SOON: Final = 0.25  # while there is more to do

IDLE: Final = 0
GATHERING: Final = 1
COMMITTING: Final = 2
RESERVING: Final = 3
TENDING: Final = 4
WAITING: Final = 5
STOPPED: Final = 6

MOVES: Final = {
    IDLE: frozenset({GATHERING, COMMITTING, RESERVING, TENDING, STOPPED}),
    GATHERING: frozenset({IDLE, COMMITTING, RESERVING, TENDING, STOPPED}),
    COMMITTING: frozenset({IDLE, WAITING, STOPPED}),
    RESERVING: frozenset({IDLE, WAITING, STOPPED}),
    TENDING: frozenset({IDLE, WAITING, STOPPED}),
    WAITING: frozenset({IDLE, COMMITTING, STOPPED}),
    STOPPED: frozenset({STOPPED}),
}
"""For each state, the states that may follow it."""

_UNDER_WAY: Final = frozenset({COMMITTING, RESERVING, TENDING})

_log = Logger("gearman_tx.server")


class StoreCalls:
    """Carry batches from the ledger to the store and the answers back.

    Args:
        job_server: the core; it must have been made ``durable``.
        store: must be open and replayed before the first commit.
        clocks: tell the core the time of the system clock, in which submissions are stored.
        turn: the reactor turn; a call starts at its end.
        server_log: the log.
    """

    def __init__(
        self,
        job_server: JobServer,
        store: Store,
        clocks: Clocks,
        turn: Turn,
        server_log: ServerLog,
    ) -> None:
        self._job_server = job_server
        self._ledger = job_server.ledger
        self._store = store
        self._clocks = clocks
        self._turn = turn
        self._server_log = server_log
        self._state = IDLE
        self._timer: IDelayedCall | None = None  # ends GATHERING and WAITING
        self._beat: IDelayedCall | None = None
        self._done: Deferred[None] | None = None  # fires when the call under way is over
        self._since = 0.0  # the start of the call under way, or of the first of a row that fails
        self._reason = b""  # why the newest call failed; empty if it did not
        self._has_lost = False  # the store lost its contents and has not committed since
        self._is_to_tend = False
        self._few_ids = 0  # when fewer ids are left, more are reserved

    def start(self) -> None:
        """Begin maintenance, every :data:`TEND_SECONDS`; all jobs are loaded."""
        self._few_ids = self._job_server.tables.ids_left // 2
        self._beat = self._turn.clock.callLater(TEND_SECONDS, self._tick)

    @property
    def lag(self) -> float:
        """How many seconds the call under way, or a row of failures, has taken; 0 without."""
        if self._state not in _UNDER_WAY and not self._reason:
            return 0.0
        return max(0.0, self._turn.clock.seconds() - self._since)

    def adjust(self) -> None:
        """Once a turn: start the next call if it is time."""
        state, ledger = self._state, self._ledger
        if state == WAITING:
            if ledger.has_submissions:
                self._act(lambda: self._job_server.refuse_noted(self._reason))
        elif state in {IDLE, GATHERING}:
            # Rare calls go first. A submission waits for one of them at most.
            if self._is_to_tend:
                self._tend()
            elif self._job_server.tables.ids_left < self._few_ids:
                self._reserve()
            elif self._reason or ledger.is_urgent:
                self._commit()
            elif state == IDLE and not ledger.is_empty:
                self._enter(GATHERING)
                self._timer = self._turn.clock.callLater(GATHER_SECONDS, self._gathered)

    def _enter(self, state: int) -> None:
        """Enter another state; cancel the timer of the old one."""
        assert state in MOVES[self._state], f"no move leads from {self._state} to {state}"
        self._state = state
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _gathered(self) -> None:
        """Commit the gathered ends of jobs."""
        self._timer = None
        self._commit()

    def _commit(self) -> None:
        self._clocks.tell()
        self._call(COMMITTING, self._committed, self._store.commit, self._ledger.take())

    def _reserve(self) -> None:
        self._call(RESERVING, self._reserved, self._store.reserve)

    def _tend(self) -> None:
        self._is_to_tend = False
        self._call(TENDING, self._tended, self._store.tend)

    def _call(
        self,
        state: int,
        done: Callable[[Any], None],
        function: Callable[..., Deferred[Any]],
        *arguments: object,
    ) -> None:
        """Start a call of the store; ``done`` gets its result."""
        self._enter(state)
        self._done = Deferred()
        if not self._reason:
            self._since = self._turn.clock.seconds()
        call = maybeDeferred(function, *arguments)
        call.addCallbacks(done, self._failed)
        call.addErrback(self._server_log.bug)
        call.addBoth(self._finished)

    def _committed(self, committed: Committed) -> None:
        self._reason = b""
        self._has_lost = False
        self._server_log.store_works()
        self._act(lambda: self._job_server.settle(committed))

    def _reserved(self, ids: range) -> None:
        self._job_server.tables.reserve(ids)
        self._few_ids = len(ids) // 2

    def _tended(self, tended: Tended) -> None:
        if tended.has_more and self._beat is not None:
            self._beat.reset(_TEND_SOON)
        if tended.warning:
            self._server_log.store_warns(tended.warning)

    def _failed(self, failure: Failure) -> None:
        """Handle a failed call: store all again if the store lost all, else retry later."""
        reason = failure.getErrorMessage()
        was_commit, is_lost = self._state == COMMITTING, bool(failure.check(StoreLostError))
        if is_lost and not self._has_lost:
            self._has_lost = True
            _log.error("{reason}; all jobs are stored again", reason=reason, event="store_lost")
            if was_commit:
                self._ledger.put_back()
            self._ledger.store_again()
            return
        self._server_log.store_failed(reason)
        self._reason = reason.encode("utf-8", "replace")
        if was_commit:
            self._act(lambda: self._job_server.fail_batch(self._reason))
        if is_lost:
            self._ledger.store_again()
        elif not failure.check(StoreError):
            self._server_log.bug(failure)
        self._enter(WAITING)
        self._timer = self._turn.clock.callLater(RETRY_SECONDS, self._try_again)

    def _finished(self, _: object) -> None:
        if self._state in _UNDER_WAY:
            self._enter(IDLE)
        done, self._done = self._done, None
        self._turn.touch()
        assert done is not None, "a call was under way"
        done.callback(None)

    def _try_again(self) -> None:
        self._timer = None
        self._enter(IDLE)
        self._turn.touch()

    def _tick(self) -> None:
        """Ask for maintenance, or log that the store does not answer."""
        self._beat = self._turn.clock.callLater(TEND_SECONDS, self._tick)
        # Under constant load a commit is always under way; maintenance follows it.
        self._is_to_tend = True
        self._turn.touch()
        if self._state in _UNDER_WAY and self.lag >= TEND_SECONDS:
            text = "the store has not answered for {seconds:.0f} seconds; submissions wait: {count}"
            _log.warn(text, seconds=self.lag, count=self._ledger.waiting, event="store_silent")

    def _act(self, verb: Callable[[], None]) -> None:
        self._job_server.act(self._turn.clock.seconds(), verb)

    def finish(self) -> Deferred[None]:
        """Commit the present notes, before the server closes its connections.

        Returns:
            Fires when they are durable or cannot be stored, at the latest after
            :data:`FINISH_SECONDS`; it does not fail. Cancelling stops the waiting.
        """
        return self._bounded(Deferred.fromCoroutine(self._store_notes(once=True)))

    def stop(self) -> Deferred[None]:
        """After all connections closed: commit all notes, then make no further call.

        Returns:
            As :meth:`finish`.
        """
        if self._beat is not None:
            self._beat.cancel()
            self._beat = None
        stored = self._bounded(Deferred.fromCoroutine(self._store_notes(once=False)))
        return stored.addCallback(self._stopped)

    async def _store_notes(self, *, once: bool) -> None:
        """Commit the notes, once or until none is left or a commit fails."""
        await self._wait()
        while not self._ledger.is_empty and self._state != STOPPED:
            self._commit()
            await self._wait()
            if once or self._reason:
                return

    def _wait(self) -> Deferred[None]:
        """Return a Deferred that fires when no call is under way."""
        waits: Deferred[None] = Deferred()
        if self._done is None:
            waits.callback(None)
        else:
            self._done.addCallback(waits.callback)
        return waits

    def _bounded(self, stored: Deferred[None]) -> Deferred[None]:
        def give_up(_: object, seconds: float) -> None:
            text = "the store did not answer for {seconds:g} seconds"
            _log.error(text, seconds=seconds, event="store_silent")

        return stored.addTimeout(FINISH_SECONDS, self._turn.clock, give_up)

    def _stopped(self, _: None) -> None:
        self._enter(STOPPED)
        if not self._ledger.is_empty:
            text = "jobs whose end could not be stored run again after the next start: {count}"
            _log.error(text, count=self._ledger.ended, event="ends_not_stored")

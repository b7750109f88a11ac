"""The job server without a network: its verbs around one set of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from gearman_tx.core.control import Control
from gearman_tx.core.deadlines import Deadlines
from gearman_tx.core.dispatch import Dispatch
from gearman_tx.core.endings import Endings
from gearman_tx.core.intake import Intake
from gearman_tx.core.leaving import Leaving
from gearman_tx.core.ledger import Ledger
from gearman_tx.core.outcome import Outcome
from gearman_tx.core.peer import Peer
from gearman_tx.core.retry import Retry
from gearman_tx.core.snapshots import Snapshots
from gearman_tx.core.tables import LARGEST_ID, Tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearman_tx.core.events import Events
    from gearman_tx.core.peer import PeerLink
    from gearman_tx.core.policy import Policy
    from gearman_tx.core.records import Committed

T = TypeVar("T")


class JobServer:
    """Queues, workers and clients. The caller says what arrives and what time it is.

    Packet handlers call the verbs directly, in a reactor turn whose beginning set ``tables.now``.
    All other callers (a console, a signal, a timer of an embedding program) use :meth:`act`.

    Args:
        policy: the operator's decisions.
        events: the log.
        now: the time, in seconds; ``tables.set_time`` tells how far the system clock is ahead.
        first_id: the first job's id; neither it nor any larger id may have been given before. With
            a store, ``tables.set_ids`` sets the ids instead.
        durable: whether there is a store, so that background submissions wait for it.

    Attributes:
        tables: the state that the verbs share.
        intake: submissions.
        dispatch: workers that look for work.
        outcome: workers that have work.
        retry: what follows a try that did not complete.
        endings: jobs that end.
        leaving: connections that end.
        deadlines: what happens because time passes.
        control: what operators do.
        snapshots: what reports and consoles see.
        ledger: changes that must be made durable.
    """

    def __init__(
        self,
        policy: Policy,
        events: Events,
        *,
        now: float,
        first_id: int = 1,
        durable: bool = False,
    ) -> None:
        tables = self.tables = Tables(policy, range(first_id, LARGEST_ID + 1), now)
        ledger = self.ledger = Ledger(tables, durable=durable)
        dispatch = self.dispatch = Dispatch(tables)
        endings = self.endings = Endings(tables, ledger, dispatch)
        retry = self.retry = Retry(tables, ledger, dispatch, endings, events)
        self.intake = Intake(tables, ledger, dispatch, endings)
        self.outcome = Outcome(tables, endings, retry)
        self.leaving = Leaving(tables, dispatch, endings, retry)
        self.deadlines = Deadlines(tables, dispatch, retry)
        self.control = Control(tables, ledger, dispatch, endings)
        self.snapshots = Snapshots(tables)
        self._on_act: Callable[[], object] | None = None

    def on_act(self, on_act: Callable[[], object]) -> None:
        """Call ``on_act`` after each :meth:`act`, to commit, answer and set timers."""
        self._on_act = on_act

    def act(self, now: float, verb: Callable[[], T]) -> T:
        """Call verbs from outside a packet, at the time ``now``.

        Args:
            now: the time, in seconds of the clock that is never set.
            verb: a function that calls verbs of this server.

        Returns:
            What ``verb`` returns.
        """
        self.tables.now = now
        try:
            return verb()
        finally:
            if self._on_act is not None:
                self._on_act()

    @property
    def unix_time(self) -> float:
        """The time by the system clock, as far as the caller has told it."""
        return self.tables.unix_time

    def join(self, link: PeerLink) -> Peer:
        """Return the peer of a new connection, for ``leaving.leave`` when the connection ends."""
        peer = Peer(link, exceptions=self.tables.policy.exceptions)
        self.tables.peers[peer] = None
        return peer

    def settle(self, committed: Committed) -> None:
        """Answer the submissions of the batch in flight, which is durable, and let its jobs run."""
        stored, elsewhere = self.ledger.settle(committed)
        for job in stored:
            self.intake.offer(job)
        for job in elsewhere:
            self.intake.take_back(job)

    def fail_batch(self, reason: bytes) -> None:
        """Refuse the submissions of the batch in flight, which could not be stored."""
        for job in self.ledger.fail(reason):
            self.intake.take_back(job)

    def refuse_noted(self, reason: bytes) -> None:
        """Refuse the submissions that wait for the next batch, because the store cannot write."""
        for job in self.ledger.refuse(reason):
            self.intake.take_back(job)

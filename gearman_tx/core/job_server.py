"""The job server without a network: its verbs around one set of tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gearman_tx.core.control import Control
from gearman_tx.core.deadlines import Deadlines
from gearman_tx.core.dispatch import Dispatch
from gearman_tx.core.endings import Endings
from gearman_tx.core.intake import Intake
from gearman_tx.core.ledger import Ledger
from gearman_tx.core.outcome import Outcome
from gearman_tx.core.peer import Peer
from gearman_tx.core.snapshots import Snapshots
from gearman_tx.core.tables import Tables

if TYPE_CHECKING:
    from gearman_tx.core.events import Events
    from gearman_tx.core.peer import PeerLink
    from gearman_tx.core.policy import Policy


class JobServer:
    """Queues, workers and clients; told what arrives and what time it is.

    Args:
        policy: the operator's decisions.
        events: who keeps the log.
        now: the time, in Unix seconds.
        first_id: the first job's id; ids from here on must never have been given before.
        durable: whether a store stands behind it, so that background submissions wait for it.

    Attributes:
        tables: what is known; tell it the time by ``tables.now``.
        intake: submissions.
        dispatch: workers that look for work.
        outcome: workers that have work.
        endings: endings.
        deadlines: what happens because time passes.
        control: what operators do.
        snapshots: what lookers-on see.
        ledger: what is to be made durable.
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
        self.tables = Tables(policy, first_id, now)
        self.ledger = Ledger(self.tables, durable=durable)
        self.dispatch = Dispatch(self.tables)
        self.endings = Endings(self.tables, self.ledger, self.dispatch, events)
        self.intake = Intake(self.tables, self.ledger, self.dispatch, self.endings)
        self.outcome = Outcome(self.tables, self.endings)
        self.deadlines = Deadlines(self.tables, self.dispatch, self.endings, events)
        self.control = Control(self.tables, self.ledger, self.endings)
        self.snapshots = Snapshots(self.tables)

    @property
    def now(self) -> float:
        """The time that it was last told, in Unix seconds."""
        return self.tables.now

    def join(self, link: PeerLink) -> Peer:
        """A connection was made: return its peer, to be given to ``endings.leave`` later."""
        peer = Peer(link, exceptions=self.tables.policy.exceptions)
        self.tables.peers[peer] = None
        return peer

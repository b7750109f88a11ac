"""A job server over a store that may fail, driven by hand, which can crash and start again."""

from __future__ import annotations

from gearman_tx.core import Policy
from gearman_tx.server import ConnectionLimits, ServerLog, Wiring
from gearman_tx.server.store_calls import GATHER_SECONDS
from gearman_tx.store import Store
from tests.durable.faulty_store import Disk, FaultyStore
from tests.server.server_fixture import FakePeer, ServerFixture, TurnClock, text_commands


class DurableFixture(ServerFixture):
    """A job server with a durable queue, on a clock that a test drives.

    Args:
        store: its store; a :class:`FaultyStore` on a new disk if None.
        clock: its time; a new one if None.
        limits: what connections may cost.

    Attributes:
        disk: what outlives the server, when the store is faulty.
        queue: the durable queue.
    """

    def __init__(
        self,
        store: Store | None = None,
        clock: TurnClock | None = None,
        limits: ConnectionLimits | None = None,
    ) -> None:
        self.clock = clock or TurnClock()
        self.disk = Disk()
        self._limits = limits or ConnectionLimits()
        self.start(store or FaultyStore(self.disk))

    def start(self, store: Store) -> None:
        """Start a server over ``store``; the one before may have crashed."""
        self.store = store
        self.server_log = ServerLog(self.clock.seconds)
        self.wiring = wiring = Wiring(
            Policy(handle_prefix=b"H:stage"),
            self.clock,
            self.clock.seconds,
            self.server_log,
            text_commands,
            store=store,
            limits=self._limits,
        )
        self.jobs, self.factory = wiring.job_server, wiring.factory
        assert wiring.queue is not None, "the store is durable"
        self.queue = wiring.queue
        self.opened = self.queue.open()
        self.end_turn()

    def crash(self) -> None:
        """End the server as ``kill -9`` would, and start another one on the same disk."""
        for call in self.clock.getDelayedCalls():
            call.cancel()
        self.start(FaultyStore(self.disk))

    @property
    def faulty(self) -> FaultyStore:
        """The store of the present server, if it is a faulty one."""
        assert isinstance(self.store, FaultyStore)
        return self.store

    @staticmethod
    def is_heard(peer: FakePeer) -> bool:
        """Return whether the server reads from a connection just now."""
        return peer.is_heard

    def settle(self) -> None:
        """Let the store work until no call is left."""
        self.end_turn()
        self.gather()
        while self.faulty.is_held:
            self.faulty.end()
            self.end_turn()
            self.gather()

    def gather(self) -> None:
        """Let the time pass in which the ends of jobs are gathered."""
        self.clock.advance(GATHER_SECONDS)

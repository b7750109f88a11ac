"""A store whose commits succeed or fail when the test says so, and a server over it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from twisted.internet.defer import Deferred, succeed

from gearman_tx.core import Batch, Committed, JobRecord
from gearman_tx.server import ConnectionLimits
from gearman_tx.store import Contents, StoreError, StoreState, Tended
from tests.server.packets import SUBMIT_JOB_BG, req
from tests.server.server_fixture import ServerFixture


def submit(unique: bytes = b"", packet_type: int = SUBMIT_JOB_BG) -> bytes:
    """Return a submission to the function ``f``."""
    return req(packet_type, b"f", unique, b"data")


class HeldStore:
    """A durable store that answers no commit by itself.

    Attributes:
        batches: every batch that was to be committed, oldest first.
        under_way: the commit that is not answered yet, or None.
        reserved: the ids that were set aside last.
    """

    durable = True

    def __init__(self) -> None:
        self.state = StoreState("held")
        self.batches: list[Batch] = []
        self.under_way: Deferred[Committed] | None = None
        self.reserved = range(1, 100_001)

    def open(self) -> Deferred[Contents]:
        """Say that nothing is stored."""
        return succeed(Contents(range(1, 100_001), 0))

    def replay(self, take: Callable[[Sequence[JobRecord]], None]) -> Deferred[int]:  # noqa: ARG002  # the port's
        """Return no jobs."""
        return succeed(0)

    def commit(self, batch: Batch) -> Deferred[Committed]:
        """Note ``batch`` and let it wait."""
        assert self.under_way is None, "one commit at a time"
        self.batches.append(batch)
        self.under_way = Deferred()
        return self.under_way

    def reserve(self) -> Deferred[range]:
        """Reserve the next ids."""
        self.reserved = range(self.reserved.stop, self.reserved.stop + 1000)
        return succeed(self.reserved)

    def tend(self) -> Deferred[Tended]:
        """Report that no maintenance is left."""
        return succeed(Tended())

    def close(self, unused: range = range(0)) -> Deferred[None]:  # noqa: ARG002  # the port's
        """Do nothing."""
        return succeed(None)

    def take_commit(self) -> Deferred[Committed]:
        """Return the commit under way, to be answered now."""
        commit, self.under_way = self.under_way, None
        assert commit is not None, "a commit is under way"
        return commit


class HeldStoreFixture(ServerFixture):
    """A job server over a store that is held.

    Attributes:
        store: the store.
        queue: what carries batches to it.
    """

    def __init__(self, limits: ConnectionLimits | None = None) -> None:
        self.store = HeldStore()
        super().__init__(limits=limits, store=self.store)
        assert self.wiring.queue is not None, "the store is durable"
        self.queue = self.wiring.queue
        self.queue.open()

    def keep(self, joined: dict[int, bytes] | None = None) -> None:
        """Let the commit under way succeed, and the turn end."""
        self.store.take_commit().callback(Committed(joined or {}))
        self.end_turn()

    def fail(self, error: Exception | None = None) -> None:
        """Let the commit under way fail, and the turn end."""
        self.store.take_commit().errback(error or StoreError("disk full"))
        self.end_turn()

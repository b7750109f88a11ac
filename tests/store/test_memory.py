"""The store in memory passes the suite of all stores."""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from gearman_tx.store import MemoryStore, Store
from tests.store.suite import StoreSuite


class MemoryStoreTests(StoreSuite, TestCase):
    """The suite with :class:`MemoryStore`, whose objects keep their jobs."""

    def setUp(self) -> None:
        """Create the only store."""
        self.store = MemoryStore()

    def make(self) -> Store:
        """Return the same store again."""
        return self.store

    def test_it_is_not_durable(self) -> None:
        """Submissions do not wait for it, unless a test wants that."""
        assert not self.store.durable
        assert MemoryStore(durable=True).durable

"""The store in memory does what every store does."""

from __future__ import annotations

from twisted.trial.unittest import TestCase

from gearman_tx.store import MemoryStore, Store
from tests.store.suite import StoreSuite


class MemoryStoreTests(StoreSuite, TestCase):
    """The suite over :class:`MemoryStore`, which remembers as long as it lives."""

    def setUp(self) -> None:
        """Make the only store."""
        self.store = MemoryStore()

    def make(self) -> Store:
        """Return the same store again."""
        return self.store

    def test_it_is_not_durable(self) -> None:
        """Nobody waits for it, unless a test wants that."""
        assert not self.store.durable
        assert MemoryStore(durable=True).durable

"""The queue in memory: no data outlives the process, so submissions do not wait for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twisted.internet.defer import Deferred, succeed

from gearman_tx.core import Committed
from gearman_tx.store.port import Contents, StoreState, Tended

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gearman_tx.core import Batch, FunctionSettings, JobRecord

ID_BLOCK: Final = 1_000_000
"""How many ids are reserved at a time."""


class MemoryStore:
    """A store in memory; ``--queue-type builtin``.

    The object keeps its jobs, so that it behaves like any other store when a program or a test
    opens it twice.

    Args:
        first_id: the first id to give.
        durable: whether the server treats it as a durable store; for tests.
    """

    def __init__(self, first_id: int = 1, *, durable: bool = False) -> None:
        self.durable = durable
        self.state = StoreState("builtin")
        self._next_id = first_id
        self._jobs: dict[int, JobRecord] = {}
        self._settings: dict[bytes, FunctionSettings] = {}

    def open(self) -> Deferred[Contents]:
        """Return the contents; there is nothing to open."""
        return succeed(Contents(self._reserve(), len(self._jobs), dict(self._settings)))

    def replay(self, take: Callable[[Sequence[JobRecord]], None]) -> Deferred[int]:
        """Pass the jobs that have not ended to ``take``, all at once."""
        records = sorted(self._jobs.values(), key=lambda record: record.id)
        if records:
            take(records)
        return succeed(len(records))

    def commit(self, batch: Batch) -> Deferred[Committed]:
        """Apply ``batch``."""
        self._jobs.update({record.id: record for record in batch.added})
        for change in batch.changed:
            if change.id in self._jobs:
                record = self._jobs[change.id]
                self._jobs[change.id] = record._replace(due=change.due, losses=change.losses)
        for number in batch.finished:
            self._jobs.pop(number, None)
        for name, settings in batch.settings.items():
            if settings is None:
                self._settings.pop(name, None)
            else:
                self._settings[name] = settings
        self.state.jobs = len(self._jobs)
        self.state.commits += 1
        self.state.jobs_added += len(batch.added)
        return succeed(Committed())

    def reserve(self) -> Deferred[range]:
        """Return the next ids."""
        return succeed(self._reserve())

    def _reserve(self) -> range:
        ids = range(self._next_id, self._next_id + ID_BLOCK)
        self._next_id = ids.stop
        return ids

    def tend(self) -> Deferred[Tended]:
        """Do nothing; there is no housekeeping."""
        return succeed(Tended())

    def close(self, unused: range = range(0)) -> Deferred[None]:
        """Take the unused ids back; there is nothing to close."""
        if unused.stop == self._next_id:
            self._next_id = max(unused.start, max(self._jobs, default=0) + 1)
        return succeed(None)

"""The queue in memory: nothing outlives the process, so nothing is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twisted.internet.defer import Deferred, succeed

from gearman_tx.core import Committed
from gearman_tx.store.port import Contents, StoreState

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gearman_tx.core import Batch, JobRecord


class MemoryStore:
    """A store that forgets; ``--queue-type builtin``.

    It keeps what it is given as long as it lives, so that it behaves as any other store when a
    program or a test opens it twice.

    Args:
        first_id: the first id to give.
        durable: whether the server shall treat it as a durable store; for tests.
    """

    def __init__(self, first_id: int = 1, *, durable: bool = False) -> None:
        self.durable = durable
        self.state = StoreState("builtin")
        self._next_id = first_id
        self._jobs: dict[int, JobRecord] = {}
        self._max_queue: dict[bytes, tuple[int, int, int]] = {}

    def open(self) -> Deferred[Contents]:
        """Return what is held; there is nothing to open."""
        return succeed(Contents(self._next_id, len(self._jobs), dict(self._max_queue)))

    def replay(self, take: Callable[[Sequence[JobRecord]], None]) -> Deferred[int]:
        """Give back the jobs that were not finished."""
        records = sorted(self._jobs.values(), key=lambda record: record.id)
        if records:
            take(records)
        return succeed(len(records))

    def commit(self, batch: Batch) -> Deferred[Committed]:
        """Keep ``batch``."""
        self._next_id = max(self._next_id, batch.next_id)
        self._jobs.update({record.id: record for record in batch.added})
        for number in batch.finished:
            self._jobs.pop(number, None)
        for number, retries in batch.retries.items():
            if number in self._jobs:
                self._jobs[number] = self._jobs[number]._replace(retries=retries)
        for name, limits in batch.max_queue.items():
            if limits is None:
                self._max_queue.pop(name, None)
            else:
                self._max_queue[name] = limits
        self.state.jobs = len(self._jobs)
        self.state.commits += 1
        self.state.jobs_added += len(batch.added)
        return succeed(Committed())

    def tend(self) -> Deferred[bool]:
        """There is nothing to look after."""
        return succeed(False)  # noqa: FBT003  # there is no more to do

    def close(self, next_id: int = 0) -> Deferred[None]:
        """There is nothing to close."""
        self._next_id = max(self._next_id, next_id)
        return succeed(None)

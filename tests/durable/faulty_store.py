"""A store whose disk is slow, full, lying or lost when a test wants it to be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred

from gearman_tx.core import Batch, Committed, JobRecord
from gearman_tx.store import Contents, MemoryStore, StoreError, StoreLostError, Tended

WORKS = "works"
FAILS = "fails"
LIES = "lies"
LOSES = "loses"
FAULTS = (WORKS, FAILS, LIES, LOSES)
"""The fate of a call: it succeeds; it fails; it succeeds but reports failure, as when an fsync
fails after a write; everything is lost."""


class FaultyStore:
    """A store in memory, whose calls end when and how the test says.

    Args:
        disk: the contents of an earlier server, and of this one.

    Attributes:
        warning: its warning after maintenance.
    """

    durable = True

    def __init__(self, disk: Disk) -> None:
        self._disk = disk
        self.state = disk.memory.state
        self.warning = ""
        self._under_way: tuple[Deferred[Any], Callable[[], None], object] | None = None

    def open(self) -> Deferred[Contents]:
        """Store: return the contents, with ids above all that may have been given."""
        return self._disk.memory.open()

    def replay(self, take: Callable[[Sequence[JobRecord]], None]) -> Deferred[int]:
        """Store: return the jobs."""
        return self._disk.memory.replay(take)

    def commit(self, batch: Batch) -> Deferred[Committed]:
        """Store: begin a commit."""
        return self.begin(lambda: self._disk.write(batch), Committed())

    def reserve(self) -> Deferred[range]:
        """Store: begin to reserve ids."""
        ids: list[range] = []
        self._disk.memory.reserve().addCallback(ids.append)
        return self.begin(lambda: None, ids[0])

    def tend(self) -> Deferred[Tended]:
        """Store: begin the maintenance."""
        return self.begin(lambda: None, Tended(warning=self.warning))

    def begin(self, write: Callable[[], None], result: object) -> Deferred[Any]:
        """Begin a call that does ``write`` if it works, and then gives ``result``."""
        assert self._under_way is None, "one call at a time"
        done: Deferred[Any] = Deferred()
        self._under_way = (done, write, result)
        return done

    def close(self, unused: range = range(0)) -> Deferred[None]:
        """Store: end."""
        assert self._under_way is None, "it is closed when nothing is under way"
        return self._disk.memory.close(unused)

    @property
    def is_held(self) -> bool:
        """Whether a call is under way."""
        return self._under_way is not None

    def end(self, how: str = WORKS) -> None:
        """End the call under way."""
        assert self._under_way is not None, "a call is under way"
        (done, write, result), self._under_way = self._under_way, None
        if how in {WORKS, LIES}:
            write()
        if how == WORKS:
            done.callback(result)
        elif how == LOSES:
            self._disk.lose()
            done.errback(StoreLostError("the file is gone"))
        else:
            done.errback(StoreError("disk full"))


class Disk:
    """The durable contents, over the lives of several servers.

    Attributes:
        memory: what holds it.
        finished: the ids of all jobs whose end was stored.
    """

    def __init__(self) -> None:
        self.memory = MemoryStore(durable=True)
        self.finished: set[int] = set()

    def write(self, batch: Batch) -> None:
        """Make a batch durable."""
        self.memory.commit(batch)
        self.finished.update(batch.finished)

    def lose(self) -> None:
        """Forget everything but the ids that were given."""
        contents: list[Contents] = []
        self.memory.open().addCallback(contents.append)
        self.memory = MemoryStore(contents[0].ids.start, durable=True)

    def handles(self) -> list[bytes]:
        """Return the handles of the stored jobs, the oldest first."""
        found: list[JobRecord] = []
        self.memory.replay(found.extend)
        return [record.handle for record in found]

"""The durable queue on SQLite: one file, one thread that writes it, one batch at a time.

The reactor never waits for the disk. It hands a batch to the thread and goes on; what comes in
meanwhile is the next batch. So the slower the disk, the larger the batches: group commit.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeVar

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from gearman_tx.core import Committed
from gearman_tx.store.port import StoreError, StoreLostError, StoreState
from gearman_tx.store.sqlite_file import SQLiteFile

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from gearman_tx.core import Batch, JobRecord
    from gearman_tx.store.port import Contents

    T = TypeVar("T")

_JOBS_A_READ: Final = 1000  # few enough that taking them does not stop the reactor for long


class SQLiteStore:
    """A store in one file; ``--queue-type sqlite``.

    Args:
        reactor: for its threads, and its time.
        path: the file; a lock file is made beside it.
        synchronous: ``FULL`` or ``NORMAL``, see :class:`SQLiteFile`.
        busy_seconds: how long a batch waits while another process holds the file's lock.
    """

    durable = True

    def __init__(
        self, reactor: Any, path: Path, synchronous: str = "FULL", busy_seconds: float = 5.0
    ) -> None:
        self.state = StoreState("sqlite", str(path))
        self._reactor = reactor
        self._file = SQLiteFile(path, synchronous, busy_seconds)
        self._thread = ThreadPool(minthreads=1, maxthreads=1, name="gearmand-store")
        self._thread.start()

    def _in_thread(self, call: Callable[..., T], *arguments: object) -> Deferred[T]:
        return deferToThreadPool(self._reactor, self._thread, call, *arguments)

    @inlineCallbacks
    def open(self) -> Generator[Deferred[Any], Any, Contents]:
        """Lock, open and check the file."""
        try:
            contents: Contents = yield self._in_thread(self._file.open)
        except StoreError:
            self._thread.stop()
            raise
        return contents

    @inlineCallbacks
    def replay(
        self, take: Callable[[Sequence[JobRecord]], None]
    ) -> Generator[Deferred[Any], Any, int]:
        """Read the jobs in the thread, a thousand at a time."""
        count, after = 0, -1
        while True:
            try:
                records = yield self._in_thread(self._file.read, after, _JOBS_A_READ)
            except StoreLostError as error:
                # What could be read is in a new file now, and the reading goes on there.
                self.state.last_error = str(error)
                continue
            if not records:
                return count
            after = records[-1].id
            count += len(records)
            take(records)

    @inlineCallbacks
    def commit(self, batch: Batch) -> Generator[Deferred[Any], Any, Committed]:
        """Write ``batch`` in the thread."""
        started = self._reactor.seconds()
        try:
            yield self._in_thread(self._file.write, batch)
        except StoreError as error:
            self.state.errors += 1
            self.state.last_error = str(error)
            raise
        state, now = self.state, self._reactor.seconds()
        state.commits += 1
        state.jobs_added += len(batch.added)
        state.last_error = ""
        state.last_commit = now
        state.last_seconds = now - started
        return Committed()

    @inlineCallbacks
    def close(self) -> Generator[Deferred[Any], Any, None]:
        """Close the file behind the commit under way and end the thread."""
        yield self._in_thread(self._file.close)
        self._thread.stop()

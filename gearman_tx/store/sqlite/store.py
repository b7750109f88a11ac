"""The durable queue on SQLite: one file, one thread that writes it, one batch at a time.

The reactor never waits for the disk. It gives a batch to the thread and goes on; changes that
happen meanwhile go into the next batch. So the slower the disk, the larger the batches: group
commit.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from twisted.internet import defer
from twisted.internet.defer import Deferred, succeed

from gearman_tx.core import Committed
from gearman_tx.store.port import StoreError, StoreLostError, StoreState, Tended
from gearman_tx.store.sqlite.c_queue import DEFAULT_TABLE
from gearman_tx.store.sqlite.opening import Opening
from gearman_tx.store.sqlite.queue_file import QueueFile
from gearman_tx.store.sqlite.thread import StoreThread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from twisted.python.failure import Failure

    from gearman_tx.core import Batch, JobRecord
    from gearman_tx.store.port import Contents

BUSY_SECONDS: Final = 5.0
"""How long a batch, or the start, waits while another process holds SQLite's lock."""

CLOSE_SECONDS: Final = 20.0
"""How long closing waits for a disk that does not answer."""

LARGE_LOG: Final = 256 * 1024 * 1024
"""The size in bytes at which SQLite's log, which should have started over, causes a warning."""

_JOBS_A_READ: Final = 1000  # few enough that restoring them does not block the reactor for long
_MOST_NOTICES: Final = 20


def check_queue_file(
    path: Path,
    synchronous: str,
    handle_prefix: bytes,
    c_table: str = DEFAULT_TABLE,
    busy_seconds: float = BUSY_SECONDS,
) -> None:
    """Check whether a server could use a queue file, and change nothing.

    It blocks, up to ``busy_seconds`` while another process holds the file's lock.

    Args:
        path: the file, which need not exist.
        synchronous: as for :class:`SQLiteStore`.
        handle_prefix: as for :class:`SQLiteStore`.
        c_table: as for :class:`SQLiteStore`.
        busy_seconds: as for :class:`SQLiteStore`.

    Raises:
        StoreError: a server could not use it; the text is one line for the operator.
    """
    opening = Opening(time.time, synchronous, busy_seconds, handle_prefix, c_table)
    QueueFile(path, opening).check()


class SQLiteStore:
    """A store in one file; ``--queue-type sqlite``.

    Args:
        reactor: its ``callFromThread`` and its time are used.
        path: the file; a lock file is created beside it.
        synchronous: ``FULL`` (a commit survives power loss) or ``NORMAL`` (a commit survives the
            death of the process; power loss may take the newest commits).
        busy_seconds: how long a batch waits while another process holds the file's lock.
        handle_prefix: the prefix of the handles of jobs imported from the C server.
        c_table: the C server's table in a file that is imported.
    """

    durable = True

    def __init__(  # noqa: PLR0913  # each has its option on the command line
        self,
        reactor: Any,
        path: Path,
        synchronous: str = "FULL",
        busy_seconds: float = BUSY_SECONDS,
        *,
        handle_prefix: bytes = b"H:gearmand",
        c_table: str = DEFAULT_TABLE,
    ) -> None:
        opening = Opening(time.time, synchronous, busy_seconds, handle_prefix, c_table)
        self._reactor = reactor
        self._file = QueueFile(path, opening)
        self._thread = StoreThread(reactor)
        self._is_closed = False
        self._warned = 0  # the size of the log at the last warning
        self.state = StoreState("sqlite", str(self._file.path))

    def open(self) -> Deferred[Contents]:
        """Lock, open and check the file."""
        return Deferred.fromCoroutine(self._open())

    async def _open(self) -> Contents:
        try:
            contents = await self._thread.call(self._file.open)
        except BaseException:
            self._is_closed = True
            self._thread.stop()
            raise
        self._update_state()
        for notice in contents.notices:
            self._add_notice(notice)
        return contents

    def replay(self, take: Callable[[Sequence[JobRecord]], None]) -> Deferred[int]:
        """Read the jobs in the thread, a thousand at a time."""
        return Deferred.fromCoroutine(self._replay(take))

    async def _replay(self, take: Callable[[Sequence[JobRecord]], None]) -> int:
        count, after = 0, -1
        while True:
            try:
                records = await self._thread.call(self._file.read, after, _JOBS_A_READ)
            except StoreLostError as error:
                # Everything that could be read is in a new file now; reading goes on there.
                self._add_notice(str(error))
                continue
            if not records:
                return count
            after = records[-1].id
            count += len(records)
            take(records)

    def commit(self, batch: Batch) -> Deferred[Committed]:
        """Write ``batch`` in the thread."""
        return Deferred.fromCoroutine(self._commit(batch))

    async def _commit(self, batch: Batch) -> Committed:
        started = self._reactor.seconds()
        try:
            await self._thread.call(self._file.write, batch)
        except StoreError as error:
            self._record_failure(error)
            raise
        state = self.state
        state.commits += 1
        state.jobs_added += len(batch.added)
        state.last_error = ""
        state.last_commit = time.time()
        state.last_seconds = self._reactor.seconds() - started
        self._update_state()
        return Committed()

    def reserve(self) -> Deferred[range]:
        """Reserve ids in the thread."""
        return Deferred.fromCoroutine(self._reserve())

    async def _reserve(self) -> range:
        try:
            return await self._thread.call(self._file.reserve)
        except StoreError as error:
            self._record_failure(error)
            raise

    def tend(self) -> Deferred[Tended]:
        """Check that the file is in its place and free unused pages, in the thread."""
        return Deferred.fromCoroutine(self._tend())

    async def _tend(self) -> Tended:
        try:
            has_more = await self._thread.call(self._file.tend)
        except StoreError as error:
            self._record_failure(error)
            raise
        self._update_state()
        return Tended(has_more, self._warning())

    def _warning(self) -> str:
        """Return a warning that the write-ahead log is large, once for each doubling."""
        size = self._file.log_size
        if size <= LARGE_LOG:
            self._warned = 0
            return ""
        if size <= 2 * self._warned:
            return ""
        self._warned = size
        return (
            f"the log of the queue file has {size // 1_000_000} MB: another process reads the "
            "file, and the log cannot start over until it ends"
        )

    def close(self, unused: range = range(0)) -> Deferred[None]:
        """Close the file after the calls under way and end the thread."""
        if self._is_closed:
            return succeed(None)
        self._is_closed = True
        closing = self._thread.call(self._file.close, unused)
        self._thread.stop()
        closing.addTimeout(CLOSE_SECONDS, self._reactor)
        closing.addErrback(self._close_failed)
        return closing

    def _close_failed(self, failure: Failure) -> None:
        failure.trap(defer.TimeoutError)
        text = f"the disk with {self._file.path} did not answer for {CLOSE_SECONDS:g} seconds"
        raise StoreError(text) from failure.value

    def _record_failure(self, error: StoreError) -> None:
        self.state.errors += 1
        self.state.last_error = str(error)
        if isinstance(error, StoreLostError):
            self._add_notice(str(error))

    def _add_notice(self, text: str) -> None:
        notices = self.state.notices
        notices.append(text)
        del notices[:-_MOST_NOTICES]

    def _update_state(self) -> None:
        state, file = self.state, self._file
        state.jobs, state.size, state.unmerged = file.jobs, file.size, file.log_size

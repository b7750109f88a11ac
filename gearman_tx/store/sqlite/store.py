"""The durable queue on SQLite: one file, one thread that writes it, one batch at a time.

The reactor never waits for the disk. It hands a batch to the thread and goes on; what comes in
meanwhile is the next batch. So the slower the disk, the larger the batches: group commit.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

from twisted.internet import defer
from twisted.internet.defer import Deferred, inlineCallbacks, succeed

from gearman_tx.core import Committed
from gearman_tx.store.port import StoreError, StoreLostError, StoreState, Tended
from gearman_tx.store.sqlite.c_queue import DEFAULT_TABLE
from gearman_tx.store.sqlite.opening import Opening
from gearman_tx.store.sqlite.queue_file import QueueFile
from gearman_tx.store.sqlite.thread import StoreThread

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence
    from pathlib import Path

    from twisted.python.failure import Failure

    from gearman_tx.core import Batch, JobRecord
    from gearman_tx.store.port import Contents

BUSY_SECONDS: Final = 5.0
"""How long a batch, or the start, waits while another process holds the file's lock."""

CLOSE_SECONDS: Final = 20.0
"""How long closing waits for a disk that does not answer."""

LARGE_LOG: Final = 256 * 1024 * 1024
"""Bytes of SQLite's log that are warned of, and then each doubling: it should have begun anew."""

_JOBS_A_READ: Final = 1000  # few enough that taking them does not stop the reactor for long
_MOST_NOTICES: Final = 20


def check_queue_file(
    path: Path,
    synchronous: str,
    handle_prefix: bytes,
    c_table: str = DEFAULT_TABLE,
    busy_seconds: float = BUSY_SECONDS,
) -> None:
    """Find out whether a server could use a queue file; this blocks, also while it is locked.

    Nothing is changed, so that what opening it changes is told by the store that opens it.

    Args:
        path: the file; there need not be one yet.
        synchronous: as for :class:`SQLiteStore`.
        handle_prefix: likewise.
        c_table: likewise.
        busy_seconds: likewise.

    Raises:
        StoreError: a server could not use it; the text is one line for the operator.
    """
    opening = Opening(time.time, synchronous, busy_seconds, handle_prefix, c_table)
    QueueFile(path, opening).check()


class SQLiteStore:
    """A store in one file; ``--queue-type sqlite``.

    Args:
        reactor: for its threads, and its time.
        path: the file; a lock file is made beside it.
        synchronous: ``FULL`` (a commit survives the loss of power) or ``NORMAL`` (it survives the
            death of the process; a loss of power may take the newest commits).
        busy_seconds: seconds that a batch waits while another process holds the file's lock.
        handle_prefix: the prefix of the handles of jobs that are taken over from the C server.
        c_table: what the C server calls its table in a file that is to be taken over.
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
        opening = Opening(reactor.seconds, synchronous, busy_seconds, handle_prefix, c_table)
        self._reactor = reactor
        self._file = QueueFile(path, opening)
        self._thread = StoreThread(reactor)
        self._is_closed = False
        self._warned = 0  # how large the log was when a warning told of it
        self.state = StoreState("sqlite", str(self._file.path))

    @inlineCallbacks
    def open(self) -> Generator[Deferred[Any], Any, Contents]:
        """Lock, open and check the file."""
        try:
            contents: Contents = yield self._thread.call(self._file.open)
        except BaseException:
            self._is_closed = True
            self._thread.stop()
            raise
        self._look_at_file()
        for notice in contents.notices:
            self._notice(notice)
        return contents

    @inlineCallbacks
    def replay(
        self, take: Callable[[Sequence[JobRecord]], None]
    ) -> Generator[Deferred[Any], Any, int]:
        """Read the jobs in the thread, a thousand at a time."""
        count, after = 0, -1
        while True:
            try:
                records = yield self._thread.call(self._file.read, after, _JOBS_A_READ)
            except StoreLostError as error:
                # What could be read is in a new file now, and the reading goes on there.
                self._notice(str(error))
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
            yield self._thread.call(self._file.write, batch)
        except StoreError as error:
            self._failed(error)
            raise
        state, now = self.state, self._reactor.seconds()
        state.commits += 1
        state.jobs_added += len(batch.added)
        state.last_error = ""
        state.last_commit = now
        state.last_seconds = now - started
        self._look_at_file()
        return Committed()

    @inlineCallbacks
    def reserve(self) -> Generator[Deferred[Any], Any, range]:
        """Set ids aside in the thread."""
        try:
            ids: range = yield self._thread.call(self._file.reserve)
        except StoreError as error:
            self._failed(error)
            raise
        return ids

    @inlineCallbacks
    def tend(self) -> Generator[Deferred[Any], Any, Tended]:
        """Look for the file and give free pages back, in the thread."""
        try:
            has_more: bool = yield self._thread.call(self._file.tend)
        except StoreError as error:
            self._failed(error)
            raise
        self._look_at_file()
        return Tended(has_more, self._warning())

    def _warning(self) -> str:
        """Return a warning that the log has grown large, once for each doubling."""
        size = self._file.log_size
        if size <= LARGE_LOG:
            self._warned = 0
            return ""
        if size <= 2 * self._warned:
            return ""
        self._warned = size
        return (
            f"the log of the queue file has {size // 1_000_000} MB: another process reads the "
            "file, and the log cannot begin anew until it is done"
        )

    def close(self, unused: range = range(0)) -> Deferred[None]:
        """Close the file behind what is under way and end the thread."""
        if self._is_closed:
            return succeed(None)
        self._is_closed = True
        closing = self._thread.call(self._file.close, unused)
        self._thread.stop()
        closing.addTimeout(CLOSE_SECONDS, self._reactor)
        closing.addErrback(self._not_closed)
        return closing

    def _not_closed(self, failure: Failure) -> None:
        failure.trap(defer.TimeoutError)
        text = f"the disk with {self._file.path} did not answer for {CLOSE_SECONDS:g} seconds"
        raise StoreError(text) from failure.value

    def _failed(self, error: StoreError) -> None:
        self.state.errors += 1
        self.state.last_error = str(error)
        if isinstance(error, StoreLostError):
            self._notice(str(error))

    def _notice(self, text: str) -> None:
        notices = self.state.notices
        notices.append(text)
        del notices[:-_MOST_NOTICES]

    def _look_at_file(self) -> None:
        state, file = self.state, self._file
        state.jobs, state.size, state.unmerged = file.jobs, file.size, file.log_size

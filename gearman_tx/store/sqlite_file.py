"""One queue file in SQLite's format: opened for one server, written in batches, read in order.

Everything here blocks; :mod:`gearman_tx.store.sqlite_store` calls it in a thread of its own.

Theory of operation. The file is in WAL mode, so that a commit appends to the log and costs one
fsync however many jobs it holds. Rows are written several at a time, because each statement lets go
of the interpreter once. A lock file beside it, held while the server lives, keeps a second server
out; SQLite's own locks stay free, so that the file can be looked at and backed up meanwhile.

What never happens: an id is given twice. The file holds an id up to which all may have been given,
well ahead of those that were, and a restart begins there.

When the file is gone or its pages are damaged, it is set aside (if there is anything to set aside),
what can be read of it is kept, and a new file is begun: :class:`StoreLostError`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import sqlite3
from itertools import chain, starmap
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gearman_tx.core import Batch, JobRecord
from gearman_tx.store.port import Contents, StoreError, StoreLostError
from gearman_tx.store.schema import upgrade

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

ID_BLOCK: Final = 1_000_000
"""How many ids are set aside at a time; a crash loses what is left of a block."""

_ROWS_A_STATEMENT: Final = (
    256,
    16,
    1,
)  # few different statements, so that SQLite keeps them parsed
_COLUMNS: Final = (
    "id, handle, function, unique_id, priority, workload, reducer, due, retries, submitted"
)
_SELECT: Final = f"SELECT {_COLUMNS} FROM job WHERE id > ? ORDER BY id"  # noqa: S608  # a constant
_CORRUPT: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_WAL_PAGES: Final = 4000  # checkpoint when the log has grown to 16 MB
_WAL_KEPT: Final = 64 * 1024 * 1024  # bytes of log file kept after a burst
_TIDY_EVERY: Final = 64  # commits between two looks at free pages
_TIDY_PAGES: Final = 2048  # pages given back to the file system at a time


def is_corrupt(error: sqlite3.Error) -> bool:
    """Return whether ``error`` says that the file's pages are damaged."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _CORRUPT


class SQLiteFile:
    """A queue file.

    Args:
        path: where it is, or shall be made.
        synchronous: ``FULL`` (a commit survives power loss) or ``NORMAL`` (it survives the death
            of the process; power loss may take the newest commits).
        busy_seconds: how long to wait while another process holds SQLite's lock.
    """

    def __init__(self, path: Path, synchronous: str = "FULL", busy_seconds: float = 5.0) -> None:
        self.path = path
        self._synchronous = synchronous
        self._busy_seconds = busy_seconds
        self._lock: int | None = None
        self._connection: sqlite3.Connection | None = None
        self._identity = (0, 0)
        self._reserved = 0
        self._commits = 0

    @property
    def _open_connection(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connect()
        assert self._connection is not None, "_connect() makes it or raises"
        return self._connection

    def open(self) -> Contents:
        """Lock and open the file, make it if there is none, bring an old one up to date.

        Raises:
            StoreError: another server has it, or it cannot be read and written.
        """
        self._take_lock()
        notices: list[str] = []
        try:
            self._connect()
        except StoreLostError as error:
            notices.append(str(error))
        except StoreError:
            self._release_lock()
            raise
        connection = self._open_connection
        (next_id,) = connection.execute(
            "SELECT max(value, (SELECT coalesce(max(id), 0) + 1 FROM job))"
            " FROM setting WHERE name = 'next_id'"
        ).fetchone()
        (jobs,) = connection.execute("SELECT count(*) FROM job").fetchone()
        limits = connection.execute("SELECT function, high, normal, low FROM max_queue")
        max_queue = {function: (high, normal, low) for function, high, normal, low in limits}
        self._reserve(next_id)
        return Contents(next_id, jobs, max_queue, notices)

    def _take_lock(self) -> None:
        lock_path = f"{self.path}.lock"
        try:
            lock = os.open(lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StoreError(f"cannot write {lock_path}: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            text = f"another job server uses the queue file {self.path} ({lock_path} is locked)"
            raise StoreError(text) from error
        self._lock = lock

    def _release_lock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _connect(self) -> None:
        """Open the file; begin a new one if it is damaged beyond opening."""
        try:
            self._connect_once()
        except sqlite3.Error as error:
            self._drop_connection()
            if not is_corrupt(error):
                raise StoreError(f"cannot use the queue file {self.path}: {error}") from error
            aside = self._set_aside()
            self._connect_once()
            text = f"{self.path} is not a queue file ({error}): it was moved to {aside}"
            raise StoreLostError(f"{text} and a new one begun") from error

    def _connect_once(self) -> None:
        connection = sqlite3.connect(
            self.path, timeout=self._busy_seconds, isolation_level=None, check_same_thread=False
        )
        self._connection = connection
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # works only before the first table
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {self._synchronous}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_WAL_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {_WAL_KEPT}")
        upgrade(connection, self.path)
        found = self.path.stat()
        self._identity = (found.st_dev, found.st_ino)

    def _drop_connection(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    def _set_aside(self) -> Path:
        """Move the damaged file and its log out of the way; return where it is now."""
        number = 1
        while (aside := self.path.with_name(f"{self.path.name}.damaged-{number}")).exists():
            number += 1
        for suffix in ("", "-wal", "-shm"):
            with contextlib.suppress(FileNotFoundError):
                Path(f"{self.path}{suffix}").rename(f"{aside}{suffix}")
        return aside

    def read(self, after: int, most: int) -> Sequence[JobRecord]:
        """Return up to ``most`` jobs with ids above ``after``, in the order of their ids.

        Raises:
            StoreLostError: pages are damaged; what could be read is in a new file now, so
                reading may begin again.
            StoreError: the file cannot be read.
        """
        try:
            rows = self._open_connection.execute(f"{_SELECT} LIMIT ?", (after, most)).fetchall()
        except sqlite3.Error as error:
            if not is_corrupt(error):
                raise StoreError(f"cannot read {self.path}: {error}") from error
            raise self._salvage(error) from error
        return list(starmap(JobRecord, rows))

    def _salvage(self, cause: sqlite3.Error) -> StoreLostError:
        """Move the damaged file aside and begin a new one with what can be read of the old."""
        self._drop_connection()
        aside = self._set_aside()
        rows = list(_readable_rows(aside))
        self._connect_once()
        connection = self._open_connection
        connection.execute("BEGIN IMMEDIATE")
        _insert(connection, rows)
        connection.execute("UPDATE setting SET value = ? WHERE name = 'next_id'", (self._reserved,))
        connection.execute("COMMIT")
        text = f"{self.path} is damaged ({cause}): {len(rows)} jobs could be read and were kept,"
        return StoreLostError(f"{text} the damaged file is {aside}")

    def write(self, batch: Batch) -> None:
        """Make ``batch`` durable in one transaction.

        Raises:
            StoreLostError: the file was deleted or is damaged; a new, empty one was begun.
            StoreError: nothing of the batch was stored, for the reason it says.
        """
        self._check_identity()
        connection = self._open_connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                self._write_rows(connection, batch)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            if not is_corrupt(error):
                raise StoreError(f"cannot write {self.path}: {error}") from error
            self._drop_connection()
            aside = self._set_aside()
            text = f"{self.path} is damaged ({error}): it was moved to {aside}"
            raise StoreLostError(f"{text} and a new one begun") from error
        self._commits += 1
        if not self._commits % _TIDY_EVERY:
            self._tidy(connection)

    def _check_identity(self) -> None:
        """Find out that the file was deleted or replaced underneath."""
        try:
            found = self.path.stat()
        except OSError as error:
            self._drop_connection()
            text = f"the queue file {self.path} is gone ({error.strerror})"
            raise StoreLostError(f"{text}: a new one is begun") from error
        if self._connection is not None and self._identity != (found.st_dev, found.st_ino):
            self._drop_connection()
            raise StoreLostError(f"the queue file {self.path} was replaced by another one")

    def _write_rows(self, connection: sqlite3.Connection, batch: Batch) -> None:
        _insert(connection, batch.added)
        finished = batch.finished
        for size, start in _slices(len(finished)):
            marks = ",".join("?" * size)
            connection.execute(
                f"DELETE FROM job WHERE id IN ({marks})",  # noqa: S608  # only question marks
                finished[start : start + size],
            )
        connection.executemany(
            "UPDATE job SET retries = ? WHERE id = ?",
            [(retries, number) for number, retries in batch.retries.items()],
        )
        for name, limits in batch.max_queue.items():
            if limits is None:
                connection.execute("DELETE FROM max_queue WHERE function = ?", (name,))
            else:
                connection.execute("REPLACE INTO max_queue VALUES (?, ?, ?, ?)", (name, *limits))
        if batch.next_id > self._reserved - ID_BLOCK // 2:
            connection.execute(
                "UPDATE setting SET value = ? WHERE name = 'next_id'", (batch.next_id + ID_BLOCK,)
            )
            self._reserved = batch.next_id + ID_BLOCK

    def _reserve(self, next_id: int) -> None:
        try:
            self.write(Batch(next_id))
        except StoreError:
            self._release_lock()
            self._drop_connection()
            raise

    def _tidy(self, connection: sqlite3.Connection) -> None:
        """Give free pages back to the file system when they are more than the used ones."""
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
        if free > _TIDY_PAGES and free * 2 > pages:
            with contextlib.suppress(sqlite3.Error):  # the next time will do
                connection.execute(f"PRAGMA incremental_vacuum({_TIDY_PAGES})").fetchall()

    def close(self) -> None:
        """Bring the log into the file, close it and let other servers have it."""
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.execute("PRAGMA incremental_vacuum").fetchall()
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._drop_connection()
        self._release_lock()


def _slices(count: int) -> Iterable[tuple[int, int]]:
    """Yield sizes and starts of runs that cover ``count`` rows, of few different sizes."""
    start = 0
    for size in _ROWS_A_STATEMENT:
        while count - start >= size:
            yield size, start
            start += size


def _insert(connection: sqlite3.Connection, rows: Sequence[tuple[object, ...]]) -> None:
    for size, start in _slices(len(rows)):
        marks = ",".join(["(?,?,?,?,?,?,?,?,?,?)"] * size)
        values = list(chain.from_iterable(rows[start : start + size]))
        connection.execute(
            f"REPLACE INTO job ({_COLUMNS}) VALUES {marks}",  # noqa: S608  # only question marks
            values,
        )


def _readable_rows(path: Path) -> Iterable[tuple[object, ...]]:
    """Yield the job rows of a damaged file that can be read, in the order of their ids."""
    connection = sqlite3.connect(path)
    with contextlib.closing(connection):
        after = -1
        while True:
            try:
                for row in connection.execute(_SELECT, (after,)):
                    after = row[0]
                    yield row
            except sqlite3.Error as error:
                if not is_corrupt(error):
                    return
            else:
                return
            skipped = _next_readable(connection, after)
            if skipped is None:
                return
            after = skipped


def _next_readable(connection: sqlite3.Connection, after: int) -> int | None:
    """Return the smallest id above ``after`` behind which rows can be read again, or None."""

    def can_read(start: int) -> bool:
        try:
            row = connection.execute(
                "SELECT id, workload FROM job WHERE id > ? ORDER BY id LIMIT 1", (start,)
            ).fetchone()
        except sqlite3.Error:
            return False
        return row is not None

    step = 1
    while not can_read(after + step):
        step *= 2
        if after + step > 2**62:
            return None
    low, high = after + step // 2, after + step
    while high - low > 1:
        middle = (low + high) // 2
        if can_read(middle):
            high = middle
        else:
            low = middle
    return high

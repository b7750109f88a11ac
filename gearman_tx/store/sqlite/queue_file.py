"""One queue file in SQLite's format: opened for one server, written in batches, read in order.

Everything here blocks; :mod:`gearman_tx.store.sqlite.store` calls it in a thread of its own.

Theory of operation. The file is in WAL mode, so that a commit appends to the log and costs one
fsync however many jobs it holds. Before each commit the file and its log are looked for under their
names: what was deleted or replaced underneath is noticed, a new file is begun, and everything is
asked for again. A file that is damaged is salvaged: a new one takes its place, with all that can be
read of it, and everything is asked for again as well. :class:`StoreLostError` says both.

What never happens: an id is given twice. The file holds an id up to which all may have been given,
well ahead of those that were, and a restart begins there. When the file is lost and with it that
id, the next one is the time in microseconds.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gearman_tx.core import Batch
from gearman_tx.store.port import Contents, StoreError, StoreLostError
from gearman_tx.store.sqlite import rows
from gearman_tx.store.sqlite.errors import code_of, is_damage, reason
from gearman_tx.store.sqlite.file_identity import Change, FileIdentity
from gearman_tx.store.sqlite.ids import ID_BLOCK, unseen_id
from gearman_tx.store.sqlite.opening import is_marked
from gearman_tx.store.sqlite.queue_lock import QueueLock
from gearman_tx.store.sqlite.replacement import finish_replacement, set_aside
from gearman_tx.store.sqlite.salvage import salvage
from gearman_tx.store.sqlite.vacuum import tidy

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gearman_tx.core import JobRecord
    from gearman_tx.store.sqlite.opening import Opened, Opening

_READ_SIZE: Final = 16 * 1024 * 1024  # bytes of workloads after which a read ends
_IMPATIENCE: Final = 0.1  # seconds to wait for a lock that was waited for in vain before
_CLOSING_ROUNDS: Final = 64  # how often as many pages are given back when the file is closed


class _DamagedError(StoreError):
    """The file's pages are damaged; somebody has to do something about it."""


class QueueFile:
    """A queue file.

    Args:
        path: where it is, or shall be made.
        opening: how it is opened.

    Attributes:
        path: where it is, without symbolic links.
        jobs: how many jobs it holds.
        size: its bytes on disk, with its log.
        log_size: those of its log alone.
    """

    def __init__(self, path: Path, opening: Opening) -> None:
        self.path = path.resolve()
        self.jobs = 0
        self.size = 0
        self.log_size = 0
        self._opening = opening
        self._lock = QueueLock(self.path)
        self._connection: sqlite3.Connection | None = None
        self._identity = FileIdentity(self.path)
        self._newest = 0  # the largest id in the file
        self._reserved = 0  # the next_id that was written to this file; 0 if none was
        self._most_reserved = 0  # the end of the newest block of ids, in whatever file
        self._is_impatient = False
        self._patience = -1.0  # what SQLite was told

    def check(self) -> None:
        """Find out whether the file could be opened, and change nothing.

        Raises:
            StoreError: another server has it, it is not ours, or cannot be read and written.
        """
        self._lock.take()
        try:
            with self._errors("open"):
                self._opening.check(self.path)
        except _DamagedError as error:
            self._must_be_ours(error)
        finally:
            self._lock.release(undo=True)

    def open(self) -> Contents:
        """Lock and open the file, make it if there is none, bring an old one up to date.

        Raises:
            StoreError: another server has it, it is not ours, or cannot be read and written.
        """
        self._lock.take()
        try:
            return self._open()
        except BaseException:
            self._disconnect()
            self._lock.release(undo=True)
            raise

    def _open(self) -> Contents:
        with self._errors("open"):
            finish_replacement(self.path)
        try:
            self._look_for_lone_log()
            opened = self._connect()
            notices = opened.notices
        except _DamagedError as error:
            self._must_be_ours(error)
            notice = self._salvage(error)
            opened = self._connect()
            notices = [notice]
        connection = opened.connection
        with self._errors("read"):
            next_id = rows.read_next_id(connection)
            settings = rows.read_settings(connection)
        if opened.is_new and self._lock.was_there:
            next_id = unseen_id(self._opening.seconds())
            notices.append(f"the queue file {self.path} was gone or empty, a new one was begun")
        self._most_reserved = next_id + ID_BLOCK
        self.write(Batch())
        return Contents(range(next_id, self._most_reserved), self.jobs, settings, notices)

    def _look_for_lone_log(self) -> None:
        """Find a log whose file is gone or empty, before SQLite sees it and takes it away."""
        with self._errors("open"):
            log = self._identity.log
            if not log.exists() or not log.stat().st_size:
                return
            self.path.touch(0o600)
            if not self.path.stat().st_size:
                raise _DamagedError("it is empty, but its log is not")

    def _must_be_ours(self, cause: _DamagedError) -> None:
        """Refuse a file that SQLite cannot read unless it was a queue file."""
        if not self._lock.was_there and not is_marked(self.path):
            text = f"{self.path} is not a queue file ({cause})"
            raise StoreError(f"{text}: move it away, or choose another file") from cause

    def _connect(self) -> Opened:
        """Open the file and learn what it holds."""
        with self._errors("open"):
            opened = self._opening.connect(self.path)
            self._connection = opened.connection
            self._patience = -1.0
            trouble = rows.check(self._connection)
            if trouble:
                raise _DamagedError(trouble)
            self.jobs = rows.count_all_jobs(self._connection)
            self._newest = rows.read_newest_id(self._connection)
            self._reserved = 0
            self._identity.remember()
            self._look_at_sizes()
        return opened

    def _look_at_sizes(self) -> None:
        file, self.log_size = self._identity.sizes()
        self.size = file + self.log_size

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connect()
        assert self._connection is not None, "_connect() makes it or raises"
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            with contextlib.suppress(sqlite3.Error):
                self._connection.close()
            self._connection = None

    @contextlib.contextmanager
    def _errors(self, verb: str) -> Iterator[None]:
        """Turn what may happen on the way to the disk into errors of the store."""
        text = f"cannot {verb} the queue file {self.path}"
        try:
            yield
        except sqlite3.Error as error:
            self._is_impatient = code_of(error) == sqlite3.SQLITE_BUSY
            if is_damage(error):
                self._disconnect()
                raise _DamagedError(reason(error)) from error
            raise StoreError(f"{text}: {reason(error)}") from error
        except OSError as error:
            raise StoreError(f"{text}: {error.strerror}") from error
        except OverflowError as error:
            raise StoreError(f"{text}: {error}") from error

    def read(self, after: int, most: int) -> Sequence[JobRecord]:
        """Return up to ``most`` jobs with ids above ``after``, in the order of their ids.

        Raises:
            StoreLostError: pages are damaged; what could be read is in a new file now, so
                reading may go on.
            StoreError: the file cannot be read.
        """
        try:
            connection = self._connected()
            with self._errors("read"):
                return rows.read_jobs(connection, after, most, _READ_SIZE)
        except _DamagedError as error:
            raise StoreLostError(self._salvage(error)) from error

    def write(self, batch: Batch) -> None:
        """Make ``batch`` durable in one transaction; an empty one writes something all the same.

        Raises:
            StoreLostError: the file was deleted, replaced or is damaged; another one is begun.
            StoreError: nothing of the batch was stored, for the reason it says.
        """
        self._write(batch, self._most_reserved)

    def reserve(self) -> range:
        """Set the next block of ids aside.

        Raises:
            StoreLostError: as :meth:`write`.
            StoreError: nothing was set aside, for the reason it says.
        """
        ids = range(self._most_reserved, self._most_reserved + ID_BLOCK)
        self._write(Batch(), ids.stop)
        return ids

    def _write(self, batch: Batch, reserved: int) -> None:
        """Write ``batch``, and that ids below ``reserved`` may have been given."""
        try:
            self._look_for_names()
            connection = self._connected()
            with self._errors("write"):
                try:
                    self._commit(connection, batch, reserved)
                except sqlite3.Error as error:
                    if code_of(error) != sqlite3.SQLITE_FULL:
                        raise
                    # What the log holds may fit into the file, and then leaves its room to us.
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                    self._commit(connection, batch, reserved)
        except _DamagedError as error:
            raise StoreLostError(self._salvage(error)) from error

    def _commit(self, connection: sqlite3.Connection, batch: Batch, reserved: int) -> None:
        self._set_patience(connection)
        added = batch.added
        connection.execute("BEGIN IMMEDIATE")
        try:
            old = [record.id for record in added if record.id <= self._newest]
            jobs = self.jobs + len(added) - rows.count_jobs(connection, old)
            rows.insert_jobs(connection, added)
            jobs -= rows.delete_jobs(connection, batch.finished)
            rows.change_jobs(connection, batch.changed)
            rows.set_settings(connection, batch.settings)
            if batch.is_empty or reserved != self._reserved:
                rows.set_next_id(connection, reserved)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self.jobs = jobs
        self._newest = max(self._newest, max((record.id for record in added), default=0))
        self._reserved = self._most_reserved = reserved
        self._is_impatient = False

    def _set_patience(self, connection: sqlite3.Connection) -> None:
        """Wait less for a lock that was waited for in vain before."""
        patience = _IMPATIENCE if self._is_impatient else self._opening.busy_seconds
        if patience != self._patience:
            connection.execute(f"PRAGMA busy_timeout = {round(patience * 1000)}")
            self._patience = patience

    def _look_for_names(self) -> None:
        """Find out that a file was deleted or replaced underneath, or that its lock was.

        Raises:
            StoreLostError: it was; the next write begins a new file.
            StoreError: that cannot be found out.
        """
        self._lock.keep()
        if self._connection is None:
            return
        with self._errors("find"):
            path, change = self._identity.change()
        if change is Change.NONE:
            return
        self._disconnect()
        with self._errors("replace"):
            self._identity.remove_log()
            if change is Change.GONE:
                raise StoreLostError(f"{path} is gone: a new queue file is begun")
            aside = set_aside(self.path, "replaced")
        text = f"{path} was replaced by another file, which is {aside} now"
        raise StoreLostError(f"{text}: a new queue file is begun")

    def _salvage(self, cause: _DamagedError) -> str:
        """Make a new file out of the damaged one; return what an operator should know."""
        self._disconnect()
        with self._errors("salvage"):
            salvaged = salvage(
                self.path,
                lambda path: self._opening.connect(path).connection,
                least_id=self._most_reserved,
                lost_id=unseen_id(self._opening.seconds()),
            )
        text = f"{self.path} is damaged ({cause}): {salvaged.jobs} jobs could be read of it and are"
        return f"{text} in a new file, the damaged one is {salvaged.aside} now"

    def tend(self) -> bool:
        """Look for the file, bring the log into it, give free pages back if there are many.

        Returns:
            Whether there are more pages to give back.

        Raises:
            StoreLostError: the file was deleted, replaced or is damaged; another one is begun.
            StoreError: it cannot be looked at.
        """
        try:
            self._look_for_names()
            connection = self._connected()
            with self._errors("tidy"):
                has_more = tidy(connection)
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                self._look_at_sizes()
                return has_more
        except _DamagedError as error:
            raise StoreLostError(self._salvage(error)) from error

    def close(self, unused: range = range(0)) -> None:
        """Bring the log into the file, close it and let other servers have it.

        Args:
            unused: see :meth:`gearman_tx.store.Store.close`.
        """
        with contextlib.suppress(StoreError, sqlite3.Error):
            if self._connection is not None:
                self._look_for_names()
                if unused and unused.stop == self._reserved:
                    rows.set_next_id(self._connection, max(unused.start, self._newest + 1))
                for _ in range(_CLOSING_ROUNDS):
                    if not tidy(self._connection):
                        break
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._disconnect()
        self._lock.release()

"""One queue file in SQLite's format: opened for one server, written in batches, read in order.

Every call blocks; :mod:`gearman_tx.store.sqlite.store` makes them in a thread of its own.

Theory of operation. The file is in WAL mode, so a commit appends to the log and costs one fsync
however many jobs it holds. Each commit first checks that the file and its log still have their
names. If one was deleted or replaced, a new file is created. If the file is damaged, a new file
with all readable jobs takes its place. In both cases :class:`StoreLostError` asks the server to
store everything again.

What never happens: an id is given twice. The file holds the end of the reserved ids, and a restart
begins there. If the file is lost, and that number with it, the next id is the time in microseconds.
"""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gearman_tx.core import Batch
from gearman_tx.store.port import Contents, StoreError, StoreLostError
from gearman_tx.store.sqlite import rows
from gearman_tx.store.sqlite.errors import DamagedError, code_of, is_busy, store_errors
from gearman_tx.store.sqlite.file_identity import LONE_LOG, Change, FileIdentity, has_lone_log
from gearman_tx.store.sqlite.ids import ID_BLOCK, unseen_id
from gearman_tx.store.sqlite.network_disk import network_warning
from gearman_tx.store.sqlite.opening import is_marked
from gearman_tx.store.sqlite.queue_lock import QueueLock
from gearman_tx.store.sqlite.replacement import finish_replacement, set_aside
from gearman_tx.store.sqlite.salvage import salvage
from gearman_tx.store.sqlite.vacuum import vacuum_some

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from gearman_tx.core import JobRecord
    from gearman_tx.store.sqlite.opening import Opened, Opening

_READ_SIZE: Final = 16 * 1024 * 1024  # bytes of workloads after which a read ends
_SHORT_WAIT: Final = 0.1  # seconds to wait for a lock after a wait in vain
_CLOSING_ROUNDS: Final = 64  # how many vacuums closing the file runs at most


class QueueFile:
    """A queue file.

    Args:
        path: the file, which need not exist.
        opening: how it is opened.

    Attributes:
        path: the file, without symbolic links.
        jobs: the number of stored jobs.
        size: the bytes of the file and its log.
        log_size: the bytes of its log.
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
        self._reserved = 0  # the next_id that was written to this file; 0 before that
        self._most_reserved = 0  # the end of the newest block of ids, in any file
        self._waits_briefly = False
        self._wait = -1.0  # the seconds that SQLite was told to wait for a lock

    def check(self) -> None:
        """Check whether the file could be opened, and change nothing.

        Raises:
            StoreError: another server uses it, it is not a queue file, or it cannot be read and
                written.
        """
        self._lock.take()
        try:
            with self._errors("open"):
                self._opening.check(self.path)
        except DamagedError as error:
            self._refuse_other_file(error)
        finally:
            self._lock.release(undo=True)

    def open(self) -> Contents:
        """Lock and open the file; create it, or upgrade its format, if necessary.

        Raises:
            StoreError: another server uses it, it is not a queue file, or it cannot be read and
                written.
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
            self._refuse_lone_log()
            opened = self._connect()
            notices = opened.notices
        except DamagedError as error:
            self._refuse_other_file(error)
            notice = self._salvage(error)
            opened = self._connect()
            notices = [notice]
        if warning := network_warning(self.path):
            notices.append(warning)
        connection = opened.connection
        with self._errors("read"):
            next_id = rows.read_next_id(connection)
            settings = rows.read_settings(connection)
        if opened.is_new and self._lock.was_there:
            next_id = unseen_id(self._opening.seconds())
            notices.append(f"the queue file {self.path} was gone or empty, a new one was created")
        self._most_reserved = next_id + ID_BLOCK
        self.write(Batch())
        return Contents(range(next_id, self._most_reserved), self.jobs, settings, notices)

    def _refuse_lone_log(self) -> None:
        with self._errors("open"):
            if has_lone_log(self.path):
                self.path.touch(0o600)
                raise DamagedError(LONE_LOG)

    def _refuse_other_file(self, cause: DamagedError) -> None:
        """Refuse a file that SQLite cannot read and that was no queue file.

        Raises:
            StoreError: it was none.
        """
        if not self._lock.was_there and not is_marked(self.path):
            text = f"{self.path} is not a queue file ({cause})"
            raise StoreError(f"{text}: move it away, or choose another file") from cause

    def _connect(self) -> Opened:
        """Open and check the file, and count its jobs."""
        with self._errors("open"):
            opened = self._opening.connect(self.path)
            self._connection = opened.connection
            self._wait = -1.0
            damage = rows.check(self._connection)
            if damage:
                raise DamagedError(damage)
            self.jobs = rows.count_all_jobs(self._connection)
            self._newest = rows.read_newest_id(self._connection)
            self._reserved = 0
            self._identity.remember()
            self._update_sizes()
        return opened

    def _update_sizes(self) -> None:
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
        """Raise the errors of the disk and of SQLite as errors of the store."""
        try:
            with store_errors(f"cannot {verb} the queue file {self.path}"):
                yield
        except DamagedError:
            self._disconnect()
            raise
        except StoreError as error:
            self._waits_briefly = is_busy(error.__cause__)
            raise

    def read(self, after: int, most: int) -> Sequence[JobRecord]:
        """Return up to ``most`` jobs with ids above ``after``, in the order of their ids.

        Raises:
            StoreLostError: pages are damaged; a new file has all readable jobs, and reading may
                go on.
            StoreError: the file cannot be read.
        """
        try:
            connection = self._connected()
            with self._errors("read"):
                return rows.read_jobs(connection, after, most, _READ_SIZE)
        except DamagedError as error:
            raise StoreLostError(self._salvage(error)) from error

    def write(self, batch: Batch) -> None:
        """Make ``batch`` durable in one transaction; an empty batch also writes to the disk.

        Raises:
            StoreLostError: the file was deleted or replaced, or is damaged; there is a new one, or
                the next write creates it.
            StoreError: nothing of the batch was stored; the text gives the reason.
        """
        self._write(batch, self._most_reserved)

    def reserve(self) -> range:
        """Reserve the next block of ids.

        Raises:
            StoreLostError: as :meth:`write`.
            StoreError: no ids were reserved; the text gives the reason.
        """
        ids = range(self._most_reserved, self._most_reserved + ID_BLOCK)
        self._write(Batch(), ids.stop)
        return ids

    def _write(self, batch: Batch, reserved: int) -> None:
        """Write ``batch`` and, as ``next_id``, the end of the reserved ids."""
        try:
            self._check_names()
            connection = self._connected()
            with self._errors("write"):
                try:
                    self._commit(connection, batch, reserved)
                except sqlite3.Error as error:
                    if code_of(error) != sqlite3.SQLITE_FULL:
                        raise
                    # If the pages in the log fit into the file, the log has room again.
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                    self._commit(connection, batch, reserved)
        except DamagedError as error:
            raise StoreLostError(self._salvage(error)) from error

    def _commit(self, connection: sqlite3.Connection, batch: Batch, reserved: int) -> None:
        self._set_wait(connection)
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
        self._waits_briefly = False

    def _set_wait(self, connection: sqlite3.Connection) -> None:
        """Set how long SQLite waits for a lock: briefly after a wait in vain."""
        wait = _SHORT_WAIT if self._waits_briefly else self._opening.busy_seconds
        if wait != self._wait:
            connection.execute(f"PRAGMA busy_timeout = {round(wait * 1000)}")
            self._wait = wait

    def _check_names(self) -> None:
        """Check that the file, its log and its lock were not deleted or replaced.

        Raises:
            StoreLostError: the file or its log was; the next write creates a new file.
            StoreError: the files cannot be examined, or another server has the lock.
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
                raise StoreLostError(f"{path} is gone: a new queue file is created")
            aside = set_aside(self.path, "replaced")
        text = f"{path} was replaced by another file, which is now {aside}"
        raise StoreLostError(f"{text}: a new queue file is created")

    def _salvage(self, cause: DamagedError) -> str:
        """Replace the damaged file by a new one; return a notice for the operator."""
        self._disconnect()
        with self._errors("salvage"):
            salvaged = salvage(
                self.path,
                lambda path: self._opening.connect(path).connection,
                least_id=self._most_reserved,
                lost_id=unseen_id(self._opening.seconds()),
            )
        text = (
            f"{self.path} is damaged ({cause}): {salvaged.jobs} jobs could be read and are in a new"
        )
        return f"{text} file, the damaged one is now {salvaged.aside}"

    def tend(self) -> bool:
        """Check the names, copy the log into the file, return free pages to the disk if many.

        Returns:
            Whether there are more pages to return.

        Raises:
            StoreLostError: as :meth:`write`.
            StoreError: the file cannot be examined or written.
        """
        try:
            self._check_names()
            connection = self._connected()
            with self._errors("tidy"):
                has_more = vacuum_some(connection)
                connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                self._update_sizes()
                return has_more
        except DamagedError as error:
            raise StoreLostError(self._salvage(error)) from error

    def close(self, unused: range = range(0)) -> None:
        """Copy the log into the file, close and unlock it.

        Args:
            unused: see :meth:`gearman_tx.store.Store.close`.
        """
        with contextlib.suppress(StoreError, sqlite3.Error):
            if self._connection is not None:
                self._check_names()
                if unused and unused.stop == self._reserved:
                    rows.set_next_id(self._connection, max(unused.start, self._newest + 1))
                for _ in range(_CLOSING_ROUNDS):
                    if not vacuum_some(self._connection):
                        break
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        self._disconnect()
        self._lock.release()

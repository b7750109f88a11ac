"""Add the jobs of another store to a queue file that no server uses, in one transaction.

Theory of operation. The jobs come a few at a time and go into SQLite's log, so memory does not grow
with their number. The table ``imported`` gets a digest of each job and the time of the import. A
job whose digest is there is not added; the time shows whether it came in this import or in an
earlier one. Before :meth:`Importer.commit` no other process sees the jobs. If the import ends
without it, or the process dies, the file is as it was, or there is no file if there was none.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Final, Self

from gearman_tx.store.foreign_job import Fate, ForeignJob
from gearman_tx.store.port import StoreError
from gearman_tx.store.sqlite import rows
from gearman_tx.store.sqlite.disk import sync
from gearman_tx.store.sqlite.errors import DamagedError, store_errors
from gearman_tx.store.sqlite.file_identity import has_lone_log
from gearman_tx.store.sqlite.ids import unseen_id
from gearman_tx.store.sqlite.queue_lock import QueueLock
from gearman_tx.store.sqlite.replacement import finish_replacement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from gearman_tx.core import JobRecord
    from gearman_tx.store.sqlite.opening import Opening

_WHEN: Final = "SELECT taken FROM imported WHERE source = ? AND digest = ?"

_REMEDY: Final = "gearman-tx recover keeps all jobs that can be read"


class Importer:
    """One transaction on a queue file; a context manager.

    Args:
        path: the file; it is created if it does not exist.
        opening: how it is opened.
        source: the 8 bytes by which the file knows the store of the jobs.

    Attributes:
        path: the file, without symbolic links.
        notices: messages for the operator about the opening of the file.
    """

    def __init__(self, path: Path, opening: Opening, source: bytes) -> None:
        self.path = path.resolve()
        self.notices: list[str] = []
        self._opening = opening
        self._source = source
        self._lock = QueueLock(self.path)
        self._is_created = False  # whether this import created the file
        self._is_done = False
        self._next_id = 0
        self._now = opening.seconds()
        self._maybe_connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        """Lock and open the file and begin the transaction.

        Raises:
            StoreError: a server uses it, it is not a queue file, it is damaged, or it cannot be
                read and written.
        """
        self._lock.take()
        try:
            self._open()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file; without a commit, undo everything."""
        self._leave()

    def _open(self) -> None:
        with self._errors("open"):
            finish_replacement(self.path)
            if has_lone_log(self.path):
                raise StoreError(f"{self.path} is gone or empty, its log is not: {_REMEDY}")
            self._is_created = not self.path.exists()
            opened = self._opening.connect(self.path)
            connection = self._maybe_connection = opened.connection
            self.notices += opened.notices
            damage = rows.check(connection)
            if damage:
                raise StoreError(f"{self.path} is damaged ({damage}): {_REMEDY}")
            self._next_id = rows.read_next_id(connection)
            if opened.is_new:  # the ids of the C server and of a lost file are not known
                self._next_id = max(self._next_id, unseen_id(self._now))
            connection.execute("BEGIN IMMEDIATE")

    @property
    def _connection(self) -> sqlite3.Connection:
        assert self._maybe_connection is not None, "used outside of its context"
        return self._maybe_connection

    def forget(self) -> None:
        """Forget which jobs were imported from this source before.

        Raises:
            StoreError: the file cannot be written.
        """
        with self._errors("write"):
            self._connection.execute("DELETE FROM imported WHERE source = ?", (self._source,))

    def add(self, jobs: Sequence[ForeignJob]) -> list[Fate]:
        """Add those of ``jobs`` that were not imported before, in their order.

        Returns:
            What was done with each job.

        Raises:
            StoreError: the file cannot be written.
        """
        with self._errors("write"):
            fates = [self._remember(job.digest) for job in jobs]
            new = [job for job, fate in zip(jobs, fates, strict=True) if fate is Fate.ADDED]
            rows.insert_jobs(self._connection, list(map(self._as_record, new)))
        return fates

    def _remember(self, digest: bytes) -> Fate:
        connection = self._connection
        if rows.remember_import(connection, self._source, digest, self._now):
            return Fate.ADDED
        (taken,) = connection.execute(_WHEN, (self._source, digest)).fetchone()
        return Fate.REPEATED if taken == self._now else Fate.KNOWN

    def _as_record(self, job: ForeignJob) -> JobRecord:
        number = self._next_id
        self._next_id += 1
        return job.to_record(number, self._opening.handle_prefix, self._now)

    def commit(self) -> None:
        """Make the jobs durable, and the name of a new file.

        Raises:
            StoreError: the file cannot be written; nothing was added.
        """
        with self._errors("write"):
            rows.set_next_id(self._connection, self._next_id)
            self._connection.execute("COMMIT")
            self._is_done = True
            sync(self.path.parent)

    def _leave(self) -> None:
        connection = self._maybe_connection
        if connection is not None:
            with contextlib.suppress(sqlite3.Error):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            connection.close()
            self._maybe_connection = None
        if self._is_created and not self._is_done:
            for suffix in ("", "-wal", "-shm"):
                self.path.with_name(f"{self.path.name}{suffix}").unlink(missing_ok=True)
        self._lock.release(undo=not self._is_done)

    @contextlib.contextmanager
    def _errors(self, verb: str) -> Iterator[None]:
        """Raise the errors of the disk and of SQLite as errors of the store."""
        text = f"cannot {verb} the queue file {self.path}"
        try:
            with store_errors(text):
                yield
        except DamagedError as error:
            raise StoreError(f"{text}: {error}: {_REMEDY}") from error

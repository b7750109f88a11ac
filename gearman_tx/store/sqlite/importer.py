"""Add very many jobs of another store to a queue file that no server uses, in one transaction.

Theory of operation. The jobs come a few at a time and go into SQLite's log, so memory does not grow
with their number. Beside each job goes a digest of it into the table ``imported``: what is there
already is not added again, and its time tells whether it came with this load or with an earlier
one. Until :meth:`Importer.commit` nothing of it can be seen; whoever leaves without it, or dies,
leaves the file as it was, or no file if there was none.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Final, Self

from gearman_tx.store.foreign_job import Fate, ForeignJob
from gearman_tx.store.port import StoreError
from gearman_tx.store.sqlite import rows
from gearman_tx.store.sqlite.disk import sync
from gearman_tx.store.sqlite.errors import is_damage, reason
from gearman_tx.store.sqlite.ids import unseen_id
from gearman_tx.store.sqlite.queue_lock import QueueLock
from gearman_tx.store.sqlite.replacement import finish_replacement

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from gearman_tx.core import JobRecord
    from gearman_tx.store.sqlite.opening import Opening

REMEMBER: Final = "INSERT OR IGNORE INTO imported VALUES (?, ?, ?)"
"""Note the digest of a job of a source, and when; no row is changed if it was noted before."""

_WHEN: Final = "SELECT taken FROM imported WHERE source = ? AND digest = ?"

_REMEDY: Final = "start a server on it once, which keeps what can be read"


class Importer:
    """One transaction on a queue file; a context manager.

    Args:
        path: the file; it is made if there is none.
        opening: how it is opened.
        source: 8 bytes that stand for the store from which the jobs come.

    Attributes:
        path: the file, without symbolic links.
        notices: what happened while opening that an operator should read.
    """

    def __init__(self, path: Path, opening: Opening, source: bytes) -> None:
        self.path = path.resolve()
        self.notices: list[str] = []
        self._opening = opening
        self._source = source
        self._lock = QueueLock(self.path)
        self._is_made = False  # the file, by us
        self._is_done = False
        self._next_id = 0
        self._now = opening.seconds()
        self._maybe_connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        """Lock and open the file, and begin.

        Raises:
            StoreError: a server has it, it is not ours, damaged, or cannot be read and written.
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
        """Close the file; without a commit, as if nothing had been."""
        self._leave()

    def _open(self) -> None:
        with self._errors("open"):
            finish_replacement(self.path)
            log = self.path.with_name(f"{self.path.name}-wal")
            size = self.path.stat().st_size if self.path.exists() else 0
            if not size and log.exists() and log.stat().st_size:
                raise StoreError(f"{self.path} is gone or empty, its log is not: {_REMEDY}")
            self._is_made = not self.path.exists()
            opened = self._opening.connect(self.path)
            connection = self._maybe_connection = opened.connection
            self.notices += opened.notices
            trouble = rows.check(connection)
            if trouble:
                raise StoreError(f"{self.path} is damaged ({trouble}): {_REMEDY}")
            self._next_id = rows.read_next_id(connection)
            if opened.is_new and self._lock.was_there:  # it is not known which ids were given
                self._next_id = max(self._next_id, unseen_id(self._now))
            connection.execute("BEGIN IMMEDIATE")

    @property
    def _connection(self) -> sqlite3.Connection:
        assert self._maybe_connection is not None, "it is used inside its context"
        return self._maybe_connection

    def forget(self) -> None:
        """Forget what was taken over from this source before.

        Raises:
            StoreError: the file cannot be written.
        """
        with self._errors("write"):
            self._connection.execute("DELETE FROM imported WHERE source = ?", (self._source,))

    def add(self, jobs: Sequence[ForeignJob]) -> list[Fate]:
        """Add those of ``jobs`` that were not taken over before, in their order.

        Returns:
            What became of each job.

        Raises:
            StoreError: the file cannot be written.
        """
        with self._errors("write"):
            fates = [self._remember(job.digest) for job in jobs]
            new = [job for job, fate in zip(jobs, fates, strict=True) if fate is Fate.ADDED]
            rows.insert_jobs(self._connection, list(map(self._as_record, new)))
        return fates

    def _remember(self, digest: bytes) -> Fate:
        execute = self._connection.execute
        if execute(REMEMBER, (self._source, digest, self._now)).rowcount == 1:
            return Fate.ADDED
        (taken,) = execute(_WHEN, (self._source, digest)).fetchone()
        return Fate.REPEATED if taken == self._now else Fate.KNOWN

    def _as_record(self, job: ForeignJob) -> JobRecord:
        number = self._next_id
        self._next_id += 1
        return job.to_record(number, self._opening.handle_prefix, self._now)

    def commit(self) -> None:
        """Make everything durable, the name of the file as well.

        Raises:
            StoreError: that cannot be done; nothing was added.
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
        if self._is_made and not self._is_done:
            for suffix in ("", "-wal", "-shm"):
                self.path.with_name(f"{self.path.name}{suffix}").unlink(missing_ok=True)
        self._lock.release(undo=not self._is_done)

    @contextlib.contextmanager
    def _errors(self, verb: str) -> Iterator[None]:
        text = f"cannot {verb} the queue file {self.path}"
        try:
            yield
        except sqlite3.Error as error:
            remedy = f": {_REMEDY}" if is_damage(error) else ""
            raise StoreError(f"{text}: {reason(error)}{remedy}") from error
        except OSError as error:
            raise StoreError(f"{text}: {error.strerror}") from error

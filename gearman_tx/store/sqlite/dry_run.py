"""Find out which jobs an :class:`~gearman_tx.store.Importer` would add, and change nothing."""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Final, Self
from urllib.parse import quote

from gearman_tx.store.foreign_job import Fate, ForeignJob
from gearman_tx.store.port import StoreError
from gearman_tx.store.sqlite import rows
from gearman_tx.store.sqlite.errors import reason
from gearman_tx.store.sqlite.queue_file import QueueFile
from gearman_tx.store.sqlite.schema import find_version

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from gearman_tx.store.sqlite.opening import Opening

_FIRST_FORMAT: Final = 3  # the first format with the table `imported`
_SCRATCH: Final = (
    "CREATE TABLE imported (source BLOB, digest BLOB, taken REAL, PRIMARY KEY (source, digest))"
)


class DryRun:
    """An import that adds nothing; a context manager like :class:`Importer`.

    Args:
        path: the queue file, which need not exist.
        opening: how it would be opened.
        source: the 8 bytes by which the file knows the store of the jobs.

    Attributes:
        path: the file, without symbolic links.
        notices: messages for the operator; there are none.
    """

    def __init__(self, path: Path, opening: Opening, source: bytes) -> None:
        self.path = path.resolve()
        self.notices: list[str] = []
        self._opening = opening
        self._source = source
        self._is_forgotten = False
        self._open = contextlib.ExitStack()
        self._file: sqlite3.Connection | None = None
        self._seen = self._open.enter_context(contextlib.closing(sqlite3.connect("")))

    def __enter__(self) -> Self:
        """Check whether the file could be used.

        Raises:
            StoreError: a server uses it, it is not a queue file, or it cannot be read and written.
        """
        try:
            self._prepare()
        except BaseException:
            self._open.close()
            raise
        return self

    def _prepare(self) -> None:
        QueueFile(self.path, self._opening).check()
        self._seen.execute(_SCRATCH)
        if not self.path.exists():
            return
        address = f"file:{quote(str(self.path))}?mode=rw"
        file = sqlite3.connect(address, timeout=self._opening.busy_seconds, uri=True)
        self._open.enter_context(contextlib.closing(file))
        try:
            if (find_version(file, self.path) or 0) >= _FIRST_FORMAT:
                self._file = file
        except sqlite3.Error as error:
            raise StoreError(f"cannot read the queue file {self.path}: {reason(error)}") from error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._open.close()

    def forget(self) -> None:
        """Treat no job as imported before."""
        self._is_forgotten = True

    def add(self, jobs: Sequence[ForeignJob]) -> list[Fate]:
        """Return what would be done with each of ``jobs``.

        Raises:
            StoreError: the file cannot be read.
        """
        try:
            return [self._fate(job.digest) for job in jobs]
        except sqlite3.Error as error:
            raise StoreError(f"cannot read the queue file {self.path}: {reason(error)}") from error

    def _fate(self, digest: bytes) -> Fate:
        key = (self._source, digest)
        if self._file is not None and not self._is_forgotten:
            known = "SELECT 1 FROM imported WHERE source = ? AND digest = ?"
            if self._file.execute(known, key).fetchone():
                return Fate.KNOWN
        is_new = rows.remember_import(self._seen, *key, 0.0)
        return Fate.ADDED if is_new else Fate.REPEATED

    def commit(self) -> None:
        """Do nothing."""

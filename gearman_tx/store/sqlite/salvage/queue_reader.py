"""Find the jobs, settings and imports in a damaged queue file, without SQLite.

Theory of operation. Rows are in leaf pages, and each leaf page can be read by itself: the header
and the inner pages of a tree may be damaged. So every page that is not free is read, and each row
that has the shape of one of ours is taken for one. If the list of free pages is damaged but the
tree of the jobs is complete, the leaves of that tree are read. If both are damaged, all pages are
read, and jobs that ended may come back. A row whose chain of overflow pages is broken is lost.

What never happens: an error. What cannot be read is left out.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from gearman_tx.core import JobRecord
from gearman_tx.store.sqlite.salvage.btree import (
    INNER_OF_INDEX,
    LEAF_OF_INDEX,
    LEAF_OF_TABLE,
    find_leaves,
    page_type,
    read_rows,
)
from gearman_tx.store.sqlite.salvage.pages import DamagedPages
from gearman_tx.store.sqlite.schema import APPLICATION_ID, ROOT_OF_JOBS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from gearman_tx.store.sqlite.salvage.record import Value

    ImportedRow = tuple[bytes, bytes, float]
    """A row of the table ``imported``: source, digest and time."""

_VERSION: Final = slice(60, 64)
_MARK: Final = slice(68, 72)
_PAGES_A_REPORT: Final = 1000
_SCHEMA_COLUMNS: Final = 5
_SETTING_COLUMNS: Final = 2
_POLICY_COLUMNS: Final = 3
_IMPORTED_COLUMNS: Final = 3
_LIMIT_COLUMNS: Final = 4  # of the table `max_queue` in formats 2 and 3
_SOURCE_SIZE: Final = 8
_DIGEST_SIZE: Final = 16


class QueueReader:
    """Reads a queue file that SQLite cannot read and no process writes.

    Args:
        path: the file; its log is beside it.
        progress: called now and then with the numbers of pages that were read, and of all pages.

    Attributes:
        version: the number of the format, 0 if the header is damaged or has no mark.
        next_id: the setting of that name after all jobs were read; 0 if it is lost.
        settings: the rows of the table ``policy`` after all jobs were read.
    """

    def __init__(self, path: Path, progress: Callable[[int, int], None] | None = None) -> None:
        self.next_id = 0
        self.settings: list[tuple[bytes, str, str]] = []
        self._pages = DamagedPages(path)
        self._progress = progress
        header = self._pages.page(1)
        is_marked = header[_MARK] == APPLICATION_ID.to_bytes(4, "big")
        self.version = int.from_bytes(header[_VERSION], "big") if is_marked else 0

    def close(self) -> None:
        """Close the file."""
        self._pages.close()

    def jobs(self, imported: Callable[[ImportedRow], object]) -> Iterator[JobRecord]:
        """Yield every readable job, in no order and perhaps twice.

        Args:
            imported: called with each readable row of the table ``imported``, perhaps twice.
        """
        free = self._pages.free()
        leaves = None if free is not None else self._leaves_of_jobs()
        for number in range(1, self._pages.count + 1):
            if self._progress is not None and number % _PAGES_A_REPORT == 0:
                self._progress(number, self._pages.count)
            if free is not None and number in free:
                continue
            kind = page_type(number, self._pages.page(number))
            if kind == LEAF_OF_TABLE and (leaves is None or number in leaves):
                for rowid, values in read_rows(self._pages, number):
                    job = _as_job(rowid, values)
                    if job is not None:
                        yield job
            elif kind in {LEAF_OF_INDEX, INNER_OF_INDEX}:
                for _, values in read_rows(self._pages, number):
                    row = _as_imported(values)
                    if row is not None:
                        imported(row)
                    else:
                        self._keep(values)

    def _keep(self, values: list[Value]) -> None:
        """Keep a row of one of the small tables."""
        if len(values) == _SETTING_COLUMNS:
            name, value = values
            if name == "next_id" and isinstance(value, int):
                self.next_id = max(self.next_id, value)
        elif len(values) == _POLICY_COLUMNS:
            function, key, setting = values
            if isinstance(function, bytes) and isinstance(key, str) and isinstance(setting, str):
                self.settings.append((function, key, setting))
        elif len(values) == _LIMIT_COLUMNS:
            function, *limits = values
            if isinstance(function, bytes) and all(isinstance(limit, int) for limit in limits):
                self.settings.append((function, "max_queue", json.dumps(limits)))

    def _leaves_of_jobs(self) -> set[int] | None:
        """Return the leaf pages of the table of the jobs, or None if its tree is damaged."""
        root = ROOT_OF_JOBS
        if page_type(1, self._pages.page(1)) == LEAF_OF_TABLE:
            for _, values in read_rows(self._pages, 1):
                if len(values) == _SCHEMA_COLUMNS and values[:2] == ["table", "job"]:
                    found = values[3]
                    root = found if isinstance(found, int) else root
        return find_leaves(self._pages, root)


def _as_imported(values: list[Value]) -> ImportedRow | None:
    """Return a row as one of the table ``imported``, or None if it is of another table."""
    if len(values) != _IMPORTED_COLUMNS:
        return None
    source, digest, taken = values
    if (
        isinstance(source, bytes)
        and len(source) == _SOURCE_SIZE
        and isinstance(digest, bytes)
        and len(digest) == _DIGEST_SIZE
        # SQLite stores the whole numbers of a real column as integers.
        and isinstance(taken, int | float)
    ):
        return source, digest, float(taken)
    return None


def _as_job(rowid: int, values: list[Value]) -> JobRecord | None:
    """Return a row as a job, or None if it is of another table or damaged."""
    if len(values) != len(JobRecord._fields) or values[0] is not None or rowid <= 0:
        return None  # the column `id` is NULL in the row: it is the rowid
    _, handle, function, unique, priority, workload, reducer, due, losses, submitted = values
    if (
        isinstance(handle, bytes)
        and isinstance(function, bytes)
        and isinstance(unique, bytes)
        and isinstance(priority, int)
        and isinstance(workload, bytes)
        and isinstance(reducer, bytes | None)
        # SQLite stores the whole numbers of a real column as integers.
        and isinstance(due, int | float)
        and isinstance(losses, int)
        and isinstance(submitted, int | float)
        and priority in {0, 1, 2}
        and losses >= 0
    ):
        return JobRecord(
            rowid,
            handle,
            function,
            unique,
            priority,
            workload,
            reducer,
            float(due),
            losses,
            float(submitted),
        )
    return None

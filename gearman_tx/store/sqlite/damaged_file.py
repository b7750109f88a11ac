"""Read what is left of a damaged queue file, without SQLite.

Theory of operation. Rows lie in leaf pages, each of which can be read by itself: what leads to it,
the header and the inner pages of a tree, need not be whole. So every page that is not free is
looked at, and what has the shape of a row of ours is taken for one. When it is not known which
pages are free, but the tree of the jobs is whole, its leaves are read; when neither is known, all
pages are, and jobs that ended may come back. Long rows go on in a chain of overflow pages; a row
whose chain is broken is lost.

What never happens: an error. What cannot be read is not there.

The format is described at https://sqlite.org/fileformat2.html.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Final

from gearman_tx.core import JobRecord
from gearman_tx.store.sqlite.damaged_pages import DamagedPages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Value = bytes | str | int | float | None

FIRST_ROOT: Final = 3
"""The page where the tree of the jobs begins in files that we made: behind 1 and a map of pages."""

_HEADER_SIZE: Final = 100
_INNER_OF_TABLE: Final = 0x05
_LEAF_OF_TABLE: Final = 0x0D
_LEAF_OF_INDEX: Final = 0x0A
_INNER_HEADER: Final = 12
_LEAF_HEADER: Final = 8
_NOT_A_ROW: Final = (IndexError, ValueError, struct.error)
_FIRST_BLOB: Final = 12
_INTEGER_SIZES: Final = (0, 1, 2, 3, 4, 6, 8)
_REAL: Final = 7
_ONE: Final = 9
_SCHEMA_COLUMNS: Final = 5
_SETTING_COLUMNS: Final = 2
_POLICY_COLUMNS: Final = 3
_LIMIT_COLUMNS: Final = 4  # of the table that came before, in format 2 and 3


class DamagedFile:
    """A queue file that SQLite cannot read; nobody may write it meanwhile.

    Args:
        path: the file; its log is beside it.

    Attributes:
        next_id: the setting of that name, once all jobs were read; 0 if it is lost.
        settings: the rows of the table of settings, once all jobs were read.
    """

    def __init__(self, path: Path) -> None:
        self.next_id = 0
        self.settings: list[tuple[bytes, str, str]] = []
        self._pages = DamagedPages(path)

    def close(self) -> None:
        """Let the file go."""
        self._pages.close()

    def jobs(self) -> Iterator[JobRecord]:
        """Yield every job that can be read, in no order; perhaps one of them twice."""
        free = self._pages.free()
        leaves = None if free is not None else self._leaves_of_jobs()
        for number in range(1, self._pages.count + 1):
            if free is not None and number in free:
                continue
            page = self._pages.page(number)
            start = _HEADER_SIZE if number == 1 else 0
            kind = page[start] if page else 0
            if kind == _LEAF_OF_TABLE and (leaves is None or number in leaves):
                for rowid, values in self._rows(page, start):
                    job = _as_job(rowid, values)
                    if job is not None:
                        yield job
            elif kind == _LEAF_OF_INDEX:
                for _, values in self._rows(page, start):
                    self._keep(values)

    def _keep(self, values: list[Value]) -> None:
        """Keep a row of one of the small tables."""
        if len(values) == _SETTING_COLUMNS:
            name, value = values
            if name == "next_id" and isinstance(value, int):
                self.next_id = max(self.next_id, value)
        elif len(values) == _POLICY_COLUMNS:
            function, key, setting = values
            # Rows of imported jobs have as many columns, of other types.
            if isinstance(function, bytes) and isinstance(key, str) and isinstance(setting, str):
                self.settings.append((function, key, setting))
        elif len(values) == _LIMIT_COLUMNS:
            function, *limits = values
            if isinstance(function, bytes) and all(isinstance(limit, int) for limit in limits):
                self.settings.append((function, "max_queue", json.dumps(limits)))

    # ------------------------------------------------------------------------------- trees

    def _leaves_of_jobs(self) -> set[int] | None:
        """Return the leaf pages of the tree of the jobs, or None if some of it is damaged."""
        page = self._pages.page(1)
        roots = [FIRST_ROOT]
        if page and page[_HEADER_SIZE] == _LEAF_OF_TABLE:
            for _, values in self._rows(page, _HEADER_SIZE):
                if len(values) == _SCHEMA_COLUMNS and values[:2] == ["table", "job"]:
                    root = values[3]
                    roots = [root] if isinstance(root, int) else roots
        leaves: set[int] = set()
        inner: set[int] = set()
        while roots:
            number = roots.pop()
            page = self._pages.page(number)
            kind = page[0] if page else 0
            if kind == _LEAF_OF_TABLE:
                leaves.add(number)
            elif kind == _INNER_OF_TABLE and number not in inner:
                inner.add(number)
                roots += self._children(page)
            else:
                return None
        return leaves

    def _children(self, page: bytes) -> list[int]:
        """Return the pages below an inner page."""
        (last,) = struct.unpack_from(">I", page, 8)
        cells = self._cells(page, 0, _INNER_HEADER)
        return [*(int.from_bytes(page[cell : cell + 4], "big") for cell in cells), last]

    def _cells(self, page: bytes, start: int, header: int) -> list[int]:
        """Return where the cells of a page begin."""
        (count,) = struct.unpack_from(">H", page, start + 3)
        first = start + header
        places = page[first : min(first + 2 * count, len(page) - 1)]
        return [place for (place,) in struct.iter_unpack(">H", places[: len(places) & ~1])]

    # -------------------------------------------------------------------------------- rows

    def _rows(self, page: bytes, start: int) -> Iterator[tuple[int, list[Value]]]:
        """Yield the rowid, 0 in an index, and the values of each row of a leaf page."""
        has_rowid = page[start] == _LEAF_OF_TABLE
        for cell in self._cells(page, start, _LEAF_HEADER):
            try:
                size, place = _varint(page, cell)
                rowid = 0
                if has_rowid:
                    rowid, place = _varint(page, place)
                yield rowid, _values(self._payload(page, place, size, has_rowid=has_rowid))
            except _NOT_A_ROW:
                continue

    def _payload(self, page: bytes, place: int, size: int, *, has_rowid: bool) -> bytes:
        """Return the bytes of a row, from its page and the overflow pages behind it.

        Raises:
            ValueError: some of them are missing.
        """
        usable = self._pages.usable
        most = usable - 35 if has_rowid else (usable - 12) * 64 // 255 - 23
        here = size
        if size > most:
            least = (usable - 12) * 32 // 255 - 23
            here = least + (size - least) % (usable - 4)
            if here > most:
                here = least
        parts = [page[place : place + here]]
        left = size - len(parts[0])
        following = page[place + here : place + here + 4]
        while left > 0:
            overflow = self._pages.page(int.from_bytes(following, "big"))
            if not overflow:
                raise ValueError("the chain of overflow pages is broken")
            parts.append(overflow[4 : min(usable, 4 + left)])
            left -= len(parts[-1])
            following = overflow[:4]
        return b"".join(parts)


def _as_job(rowid: int, values: list[Value]) -> JobRecord | None:
    """Return a row as a job, or None if it is a row of another table, or was damaged."""
    if len(values) != len(JobRecord._fields) or values[0] is not None or rowid <= 0:
        return None  # the id is not among the values: it is the rowid
    _, handle, function, unique, priority, workload, reducer, due, retries, submitted = values
    if (
        isinstance(handle, bytes)
        and isinstance(function, bytes)
        and isinstance(unique, bytes)
        and isinstance(priority, int)
        and isinstance(workload, bytes)
        and isinstance(reducer, bytes | None)
        # A real column holds whole numbers as integers, to save room.
        and isinstance(due, int | float)
        and isinstance(retries, int)
        and isinstance(submitted, int | float)
        and priority in {0, 1, 2}
        and retries >= 0
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
            retries,
            float(submitted),
        )
    return None


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """Return the number at ``place`` and the place behind it."""
    number = 0
    for behind in range(place, place + 8):
        byte = data[behind]
        number = number << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004  # the bit that says that it goes on
            return number, behind + 1
    number = number << 8 | data[place + 8]
    return number - (1 << 64) if number >> 63 else number, place + 9


def _values(record: bytes) -> list[Value]:
    """Return the values of a record.

    Raises:
        ValueError: it is none.
        IndexError: likewise.
        struct.error: likewise.
    """
    end, place = _varint(record, 0)
    data = end
    values: list[Value] = []
    while place < end:
        kind, place = _varint(record, place)
        size, value = _value(record, data, kind)
        values.append(value)
        data += size
    if place != end or data != len(record):
        raise ValueError("the record has another size than its values")
    return values


def _value(record: bytes, place: int, kind: int) -> tuple[int, Value]:
    """Return the size and the value of a kind at a place."""
    if kind >= _FIRST_BLOB:
        size = (kind - _FIRST_BLOB) // 2
        blob = record[place : place + size]
        return size, blob.decode("utf-8", "replace") if kind & 1 else blob
    if kind == 0:
        return 0, None
    if kind in {_ONE - 1, _ONE}:
        return 0, kind - _ONE + 1
    if kind == _REAL:
        return 8, float(struct.unpack_from(">d", record, place)[0])
    size = _INTEGER_SIZES[kind]
    return size, int.from_bytes(record[place : place + size], "big", signed=True)

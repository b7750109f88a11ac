"""Read what is left of a damaged queue file, page by page, without SQLite.

Theory of operation. A SQLite file is an array of pages of one size. Rows lie in leaf pages, each of
which can be read by itself: what leads to it, the header and the inner pages, need not be whole. So
every page is looked at, and what has the shape of a row of ours is taken for one. A page that the
write-ahead log holds is read from there, because the log is newer; the frames of the log have
checksums, those that do not match end it. Long rows go on in a chain of overflow pages; a row
whose chain is broken is lost. Free pages hold nothing: queue files are written with
``secure_delete``, which fills them with zeros.

What never happens: an error. What cannot be read is not there.

The format is described at https://sqlite.org/fileformat2.html.
"""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING, Final

from gearman_tx.core import JobRecord

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Value = bytes | str | int | float | None

PAGE_SIZE: Final = 4096
"""The page size of queue files, for those whose header does not tell any more."""

_MAGIC: Final = b"SQLite format 3\0"
_HEADER_SIZE: Final = 100
_LEAF_OF_TABLE: Final = 0x0D
_LEAF_OF_INDEX: Final = 0x0A
_LOG_HEADER: Final = struct.Struct(">8I")
_LOG_MAGIC: Final = 0x377F0682  # the lowest bit says that its checksums are big-endian
_FRAME_HEADER: Final = struct.Struct(">6I")
_WORD: Final = 0xFFFFFFFF
_FIRST_BLOB: Final = 12
_INTEGER_SIZES: Final = (0, 1, 2, 3, 4, 6, 8)
_REAL: Final = 7
_ONE: Final = 9
_SETTING_COLUMNS: Final = 2
_LIMIT_COLUMNS: Final = 4


class DamagedFile:
    """A queue file that SQLite cannot read; nobody may write it meanwhile.

    Args:
        path: the file; its log is beside it.

    Attributes:
        next_id: the setting of that name, once all jobs were read; 0 if it is lost.
        max_queue: the limits by function name, once all jobs were read.
    """

    def __init__(self, path: Path) -> None:
        self.next_id = 0
        self.max_queue: dict[bytes, tuple[int, int, int]] = {}
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self._size = PAGE_SIZE
        self._reserved = 0
        header = self._read(0, _HEADER_SIZE)
        if header.startswith(_MAGIC):
            size = int.from_bytes(header[16:18], "big")
            size = 65536 if size == 1 else size
            if size >= 512 and size & (size - 1) == 0:  # noqa: PLR2004  # the format's smallest
                self._size = size
                self._reserved = header[20]
        self._usable = self._size - self._reserved
        self._log, pages = _read_log(path.with_name(f"{path.name}-wal"), self._size)
        self._pages = pages or os.fstat(self._file).st_size // self._size

    def close(self) -> None:
        """Let the file go."""
        os.close(self._file)

    def jobs(self) -> Iterator[JobRecord]:
        """Yield every job that can be read, in no order."""
        for number in range(1, self._pages + 1):
            page = self._page(number)
            start = _HEADER_SIZE if number == 1 else 0
            kind = page[start] if len(page) == self._size else 0
            if kind == _LEAF_OF_TABLE:
                for rowid, values in self._rows(page, start, has_rowid=True):
                    job = _as_job(rowid, values)
                    if job is not None:
                        yield job
            elif kind == _LEAF_OF_INDEX:
                for _, values in self._rows(page, start, has_rowid=False):
                    self._keep(values)

    def _keep(self, values: list[Value]) -> None:
        """Keep a row of one of the small tables."""
        if len(values) == _SETTING_COLUMNS and values[0] == "next_id":
            self.next_id = values[1] if isinstance(values[1], int) else 0
        elif len(values) == _LIMIT_COLUMNS:
            name, high, normal, low = values
            limits = (high, normal, low)
            if isinstance(name, bytes) and all(isinstance(limit, int) for limit in limits):
                self.max_queue[name] = limits  # type: ignore[assignment]  # three int, just asked

    def _read(self, start: int, size: int) -> bytes:
        try:
            return os.pread(self._file, size, start)
        except OSError:
            return b""  # a sector that the disk cannot read

    def _page(self, number: int) -> bytes:
        page = self._log.get(number)
        return self._read((number - 1) * self._size, self._size) if page is None else page

    def _rows(
        self, page: bytes, start: int, *, has_rowid: bool
    ) -> Iterator[tuple[int, list[Value]]]:
        """Yield the rowid and the values of each row of a leaf page."""
        (count,) = struct.unpack_from(">H", page, start + 3)
        first = start + 8
        for at in range(first, min(first + 2 * count, self._size - 1), 2):
            (cell,) = struct.unpack_from(">H", page, at)
            try:
                size, place = _varint(page, cell)
                rowid = 0
                if has_rowid:
                    rowid, place = _varint(page, place)
                yield rowid, _values(self._payload(page, place, size, has_rowid=has_rowid))
            except (IndexError, ValueError, struct.error):
                continue  # this is no row, or not a whole one

    def _payload(self, page: bytes, place: int, size: int, *, has_rowid: bool) -> bytes:
        """Return the bytes of a row, from its page and the overflow pages behind it.

        Raises:
            ValueError: some of them are missing.
        """
        usable = self._usable
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
            number = int.from_bytes(following, "big")
            overflow = self._page(number) if 1 <= number <= self._pages else b""
            part = overflow[4 : min(usable, 4 + left)]
            if not part:
                raise ValueError("the chain of overflow pages is broken")
            parts.append(part)
            left -= len(part)
            following = overflow[:4]
        return b"".join(parts)


def _as_job(rowid: int, values: list[Value]) -> JobRecord | None:
    """Return a row as a job, or None if it is a row of another table, or was damaged."""
    if len(values) != len(JobRecord._fields) or values[0] is not None or rowid <= 0:
        return None  # the id is not among the values: it is the rowid
    _, handle, function, unique, priority, workload, reducer, due, retries, submitted = values
    for value in (handle, function, unique, workload):
        if not isinstance(value, bytes):
            return None
    for value in (due, submitted):
        if not isinstance(value, (int, float)):
            return None
    if not isinstance(priority, int) or not isinstance(retries, int):
        return None
    if not isinstance(reducer, bytes | None) or priority not in {0, 1, 2} or retries < 0:
        return None
    # A real column holds whole numbers as integers, to save room.
    values[7], values[9] = float(due), float(submitted)  # type: ignore[arg-type]  # just looked at
    return JobRecord(rowid, *values[1:])  # type: ignore[arg-type]  # likewise


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
    """
    end, place = _varint(record, 0)
    data = end
    values: list[Value] = []
    while place < end:
        kind, place = _varint(record, place)
        value: Value
        if kind >= _FIRST_BLOB:
            size = (kind - _FIRST_BLOB) // 2
            blob = record[data : data + size]
            if len(blob) != size:
                raise ValueError("a value is cut off")
            value = blob.decode("utf-8", "replace") if kind & 1 else blob
        elif kind == 0:
            size, value = 0, None
        elif kind in {_ONE - 1, _ONE}:
            size, value = 0, kind - _ONE + 1
        elif kind == _REAL:
            size = 8
            (value,) = struct.unpack_from(">d", record, data)
        else:
            size = _INTEGER_SIZES[kind]
            value = int.from_bytes(record[data : data + size], "big", signed=True)
        values.append(value)
        data += size
    if place != end or data != len(record):
        raise ValueError("the record has another size than its values")
    return values


def _read_log(path: Path, page_size: int) -> tuple[dict[int, bytes], int]:
    """Return the pages that the write-ahead log holds, and how many the whole file has then.

    Both are as of the log's last whole transaction; without one there are none.
    """
    try:
        log = path.read_bytes()
    except OSError:
        log = b""
    if len(log) < _LOG_HEADER.size:
        return {}, 0
    magic, _, size, _, *salts, sum_1, sum_2 = _LOG_HEADER.unpack_from(log)
    order = ">" if magic & 1 else "<"
    if magic & ~1 != _LOG_MAGIC or size != page_size:
        return {}, 0
    if _checksum(order, log[:24], 0, 0) != (sum_1, sum_2):
        return {}, 0
    pages: dict[int, bytes] = {}
    pending: dict[int, bytes] = {}
    total = 0
    frame = _FRAME_HEADER.size + size
    for start in range(_LOG_HEADER.size, len(log) - frame + 1, frame):
        number, committed, *rest = _FRAME_HEADER.unpack_from(log, start)
        data = log[start + _FRAME_HEADER.size : start + frame]
        sum_1, sum_2 = _checksum(order, log[start : start + 8], sum_1, sum_2)
        sum_1, sum_2 = _checksum(order, data, sum_1, sum_2)
        if rest != [*salts, sum_1, sum_2]:
            break
        pending[number] = data
        if committed:
            total = committed
            pages |= pending
            pending.clear()
    return {number: data for number, data in pages.items() if number <= total}, total


def _checksum(order: str, data: bytes, sum_1: int, sum_2: int) -> tuple[int, int]:
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for word in words:
        sum_1 = (sum_1 + word + sum_2) & _WORD
        sum_2 = (sum_2 + next(words) + sum_1) & _WORD
    return sum_1, sum_2

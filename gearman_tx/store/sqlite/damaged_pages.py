"""The pages of a SQLite file that may be damaged, read without SQLite.

A page that the write-ahead log holds is read from there, because the log is newer; the frames of
the log have checksums, and the first one that does not match ends it. What cannot be read is empty.

The format is described at https://sqlite.org/fileformat2.html.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Final

PAGE_SIZE: Final = 4096
"""The page size of queue files, for those whose header does not tell any more."""

_MAGIC: Final = b"SQLite format 3\0"
_HEADER_SIZE: Final = 100
_SMALLEST_PAGE: Final = 512
_LARGEST_PAGE: Final = 65536
_FIRST_FREE: Final = struct.Struct(">II")  # at byte 32: the first free page, and how many there are
_NUMBER: Final = struct.Struct(">I")
_LOG_HEADER: Final = struct.Struct(">8I")
_LOG_MAGIC: Final = 0x377F0682  # the lowest bit says that its checksums are big-endian
_FRAME_HEADER: Final = struct.Struct(">6I")
_WORD: Final = 0xFFFFFFFF


class DamagedPages:
    """The pages of the file at ``path``, numbered from 1.

    Attributes:
        count: how many there are.
        size: how many bytes each has.
        usable: how many of these hold data.
    """

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = PAGE_SIZE
        reserved = 0
        header = self._read(0, _HEADER_SIZE)
        if header.startswith(_MAGIC):
            size = int.from_bytes(header[16:18], "big")
            size = _LARGEST_PAGE if size == 1 else size
            if size >= _SMALLEST_PAGE and size & (size - 1) == 0:
                self.size = size
                reserved = header[20]
        self.usable = self.size - reserved
        self._log, count = _read_log(Path(f"{path}-wal"), self.size)
        self.count = count or os.fstat(self._file).st_size // self.size

    def close(self) -> None:
        """Let the file go."""
        os.close(self._file)

    def _read(self, start: int, size: int) -> bytes:
        try:
            return os.pread(self._file, size, start)
        except OSError:
            return b""  # a sector that the disk cannot read

    def page(self, number: int) -> bytes:
        """Return a page; nothing if there is no such page, or it cannot be read whole."""
        if not 1 <= number <= self.count:
            return b""
        page = self._log.get(number)
        if page is None:
            page = self._read((number - 1) * self.size, self.size)
        return page if len(page) == self.size else b""

    def free(self) -> set[int] | None:
        """Return the numbers of the free pages, or None if that is not known any more."""
        first = self.page(1)
        if not first.startswith(_MAGIC):
            return None
        trunk, total = _FIRST_FREE.unpack_from(first, 32)
        found: set[int] = set()
        while trunk:
            page = self.page(trunk)
            if not page or trunk in found:
                return None
            found.add(trunk)
            trunk, leaves = _FIRST_FREE.unpack_from(page)
            if leaves > self.usable // 4 - 2:
                return None
            for (leaf,) in _NUMBER.iter_unpack(page[8 : 8 + 4 * leaves]):
                if not 1 < leaf <= self.count or leaf in found:
                    return None
                found.add(leaf)
        return found if len(found) == total else None


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

"""The pages of a SQLite file that may be damaged, read without SQLite.

A page that is in the write-ahead log is read from there, because the log is newer. A page that
cannot be read is empty.

The format is described at https://sqlite.org/fileformat2.html.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Final

from gearman_tx.store.sqlite.salvage.wal import read_wal
from gearman_tx.store.sqlite.schema import PAGE_SIZE

FILE_HEADER: Final = 100
"""Bytes before the contents of page 1."""

_MAGIC: Final = b"SQLite format 3\0"
_SMALLEST_PAGE: Final = 512
_LARGEST_PAGE: Final = 65536
_FREE_LIST: Final = struct.Struct(">II")  # at byte 32: the first free page, the number of them
_NUMBER: Final = struct.Struct(">I")


class DamagedPages:
    """The pages of the file at ``path`` and of its log, numbered from 1.

    Attributes:
        count: the number of pages.
        size: bytes in a page.
        usable: bytes in a page that hold data.
    """

    def __init__(self, path: Path) -> None:
        log = Path(f"{path}-wal")
        # Of a file that is gone, the log may be left, and has the newest pages.
        is_alone = log.exists() and not path.exists()
        self._file = os.open(os.devnull if is_alone else path, os.O_RDONLY | os.O_CLOEXEC)
        self.size = PAGE_SIZE
        reserved = 0
        header = self._read(0, FILE_HEADER)
        if header.startswith(_MAGIC):
            size = int.from_bytes(header[16:18], "big")
            size = _LARGEST_PAGE if size == 1 else size
            if size >= _SMALLEST_PAGE and size & (size - 1) == 0:
                self.size = size
                reserved = header[20]
        self.usable = self.size - reserved
        self._log, count = read_wal(log, self.size)
        self.count = count or os.fstat(self._file).st_size // self.size

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def _read(self, start: int, size: int) -> bytes:
        try:
            return os.pread(self._file, size, start)
        except OSError:
            return b""  # a sector that the disk cannot read

    def page(self, number: int) -> bytes:
        """Return a page, or no bytes if it does not exist or cannot be read completely."""
        if not 1 <= number <= self.count:
            return b""
        page = self._log.get(number)
        if page is None:
            page = self._read((number - 1) * self.size, self.size)
        return page if len(page) == self.size else b""

    def free(self) -> set[int] | None:
        """Return the numbers of the free pages, or None if the list of them is damaged."""
        first = self.page(1)
        if not first.startswith(_MAGIC):
            return None
        trunk, total = _FREE_LIST.unpack_from(first, 32)
        found: set[int] = set()
        while trunk:
            page = self.page(trunk)
            if not page or trunk in found:
                return None
            found.add(trunk)
            trunk, leaves = _FREE_LIST.unpack_from(page)
            if leaves > self.usable // 4 - 2:
                return None
            for (leaf,) in _NUMBER.iter_unpack(page[8 : 8 + 4 * leaves]):
                if not 1 < leaf <= self.count or leaf in found:
                    return None
                found.add(leaf)
        return found if len(found) == total else None

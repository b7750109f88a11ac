"""Read the write-ahead log of a SQLite file without SQLite.

The log is a header and frames, each of which is a page and its checksum. The checksums are
cumulative: the first one that does not match ends the log. A frame that says the size of the file
ends a transaction.

The format is described at https://sqlite.org/fileformat2.html#walformat.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_HEADER: Final = struct.Struct(">8I")
_MAGIC: Final = 0x377F0682  # the lowest bit says that the checksums are big-endian
_FRAME_HEADER: Final = struct.Struct(">6I")
_WORD: Final = 0xFFFFFFFF


def read_wal(path: Path, page_size: int) -> tuple[dict[int, bytes], int]:
    """Return the state after the last complete transaction of a log.

    Args:
        path: the log; there need be none.
        page_size: bytes in a page of the file.

    Returns:
        The pages in the log by their numbers, and the number of pages in the file. Without a
        complete transaction no pages and 0.
    """
    try:
        log = path.read_bytes()
    except OSError:
        log = b""
    if len(log) < _HEADER.size:
        return {}, 0
    magic, _, size, _, *salts, sum_1, sum_2 = _HEADER.unpack_from(log)
    order = ">" if magic & 1 else "<"
    if magic & ~1 != _MAGIC or size != page_size:
        return {}, 0
    if _checksum(order, log[:24], 0, 0) != (sum_1, sum_2):
        return {}, 0
    pages: dict[int, bytes] = {}
    pending: dict[int, bytes] = {}
    total = 0
    frame = _FRAME_HEADER.size + size
    for start in range(_HEADER.size, len(log) - frame + 1, frame):
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
    """Return the two sums after ``data``, whose 32-bit words have the byte order ``order``."""
    words = iter(struct.unpack(f"{order}{len(data) // 4}I", data))
    for word in words:
        sum_1 = (sum_1 + word + sum_2) & _WORD
        sum_2 = (sum_2 + next(words) + sum_1) & _WORD
    return sum_1, sum_2

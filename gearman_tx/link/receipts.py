"""Answers to submissions that a peer has not read, kept small.

Some clients submit background jobs for days and never read one answer. mod_gearman's broker is one
of them. To stop reading from such a client would not help, because it waits for nothing. So its
answers cost as little as possible: they are compressed in blocks, in which a JOB_CREATED of 42
bytes takes about three.
"""

from __future__ import annotations

import zlib
from typing import Final

BLOCK: Final = 32 * 1024
"""A block with so many bytes of receipts is full."""

_LEVEL: Final = 1  # the fastest; the others save a twentieth more


class Receipt(bytes):
    """The answer to one submission: a whole JOB_CREATED or ERROR packet.

    An output keeps it in a block while older bytes are unread. A sender makes one only then,
    because plain bytes are faster.
    """

    __slots__ = ()


class ReceiptBlock:
    """Receipts that follow one another; compressed once the block is full.

    Attributes:
        is_full: whether no more may be added.
        memory: how many bytes of memory they take.
    """

    __slots__ = ("_data", "is_full", "memory")

    def __init__(self) -> None:
        self._data: bytes | bytearray = bytearray()
        self.is_full = False
        self.memory = 0

    def add(self, receipt: Receipt) -> None:
        """Put ``receipt`` at the end of a block that is not full."""
        self._data += receipt
        self.memory = len(self._data)
        if self.memory >= BLOCK:
            self._data = zlib.compress(self._data, _LEVEL)
            self.memory = len(self._data)
            self.is_full = True

    def unpacked(self) -> bytes:
        """Return the bytes of all receipts."""
        return zlib.decompress(self._data) if self.is_full else bytes(self._data)

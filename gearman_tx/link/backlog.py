"""Bytes that wait for a peer to read, oldest first, and how they are cut for writing.

What never happens: a large piece is copied to be joined to another. Small ones are joined, because
a call of the kernel costs more than the copy; a byte is copied twice at most.
"""

from __future__ import annotations

from collections import deque
from typing import Final

JOIN_BELOW: Final = 64 * 1024
"""Pieces that are smaller together become one."""

SLICE: Final = 128 * 1024
"""What is written at a time."""


class Backlog:
    """A queue of bytes.

    Attributes:
        size: how many bytes wait.
        taken: how many bytes were ever taken.
    """

    __slots__ = ("_pieces", "size", "taken")

    def __init__(self) -> None:
        self._pieces: deque[bytes | memoryview] = deque()
        self.size = 0
        self.taken = 0

    def add(self, data: bytes) -> None:
        """Put ``data`` at the end."""
        if data:
            self._pieces.append(data)
            self.size += len(data)

    def next_slice(self) -> bytes | memoryview:
        """Return what is to be written next; there must be something."""
        pieces = self._pieces
        first = pieces[0]
        size = len(first)
        if size > SLICE:
            return memoryview(first)[:SLICE]
        if size < JOIN_BELOW and len(pieces) > 1 and size + len(pieces[1]) <= SLICE:
            joined = [pieces.popleft()]
            while pieces and size + len(pieces[0]) <= SLICE:
                size += len(pieces[0])
                joined.append(pieces.popleft())
            first = b"".join(joined)
            pieces.appendleft(first)
        return first

    def take(self, size: int) -> None:
        """Forget the first ``size`` bytes of what :meth:`next_slice` returned."""
        piece = self._pieces[0]
        if size == len(piece):
            self._pieces.popleft()
        else:
            self._pieces[0] = memoryview(piece)[size:]
        self.size -= size
        self.taken += size

    def clear(self) -> None:
        """Forget everything that waits."""
        self._pieces.clear()
        self.size = 0

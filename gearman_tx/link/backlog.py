"""Bytes that wait for a peer to read, oldest first, cut into pieces for writing.

What never happens: a large piece is copied to be joined to another. Small pieces are joined,
because a piece costs more than the copy.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

JOIN_BELOW: Final = 16 * 1024
"""Neighbouring pieces that are smaller than this are joined."""

SLICE: Final = 128 * 1024
"""How many bytes a transport that buffers is given at a time."""

MOST_AT_ONCE: Final = 512 * 1024
"""How many bytes a socket is given at a time."""

_PIECES: Final = 64  # written in one call; the kernel takes 1024


Piece = bytes | memoryview
"""Bytes that wait, or the rest of a piece that was written in part."""


def gathered(pieces: Sequence[Piece]) -> list[Piece]:
    """Return the bytes of ``pieces`` with small neighbours joined."""
    made: list[Piece] = []
    small: list[Piece] = []
    for piece in pieces:
        if len(piece) < JOIN_BELOW:
            small.append(piece)
            continue
        if small:
            made.append(b"".join(small))
            small = []
        made.append(piece)
    if small:
        made.append(b"".join(small))
    return made


class Backlog:
    """A queue of bytes.

    Attributes:
        size: how many bytes wait.
        taken: how many bytes were taken since the beginning.
    """

    __slots__ = ("_pieces", "size", "taken")

    def __init__(self) -> None:
        self._pieces: deque[Piece] = deque()
        self.size = 0
        self.taken = 0

    def add(self, pieces: Sequence[Piece]) -> None:
        """Put ``pieces`` at the end."""
        for piece in pieces:
            if piece:
                self._pieces.append(piece)
                self.size += len(piece)

    def next_slice(self) -> Piece:
        """Return the next bytes for a transport that buffers; the backlog must not be empty."""
        if len(self._pieces) > 1:
            self._gather()
        first = self._pieces[0]
        return memoryview(first)[:SLICE] if len(first) > SLICE else first

    def next_pieces(self) -> list[Piece]:
        """Return the next pieces for a socket."""
        if len(self._pieces) > _PIECES:
            self._gather()
        size = 0
        first: list[Piece] = []
        for piece in self._pieces:
            if size + len(piece) > MOST_AT_ONCE:
                first.append(memoryview(piece)[: MOST_AT_ONCE - size])
                break
            size += len(piece)
            first.append(piece)
            if len(first) == _PIECES:
                break
        return first

    def _gather(self) -> None:
        """Join the small pieces at the beginning."""
        pieces = self._pieces
        size = 0
        first: list[Piece] = []
        while pieces and size < SLICE:
            piece = pieces.popleft()
            size += len(piece)
            first.append(piece)
        pieces.extendleft(reversed(gathered(first)))

    def take(self, size: int) -> None:
        """Remove the first ``size`` bytes."""
        self.size -= size
        self.taken += size
        pieces = self._pieces
        while size:
            first = pieces[0]
            length = len(first)
            if size < length:
                pieces[0] = memoryview(first)[size:]
                return
            pieces.popleft()
            size -= length

    def clear(self) -> None:
        """Remove all bytes."""
        self._pieces.clear()
        self.size = 0

"""Bytes that wait for a peer to read, oldest first, cut into pieces for writing.

Theory of operation. The front is a queue of pieces, from which the next bytes to write are taken.
A receipt (the answer to a submission) and everything that is added behind it are the rear, where
receipts are kept in blocks (:mod:`gearman_tx.link.receipts`). When the front is empty, it gets the
first block of the rear, or the pieces up to the next block.

What never happens: a large piece is copied to be joined to another. Small pieces are joined,
because a piece costs more than the copy.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from gearman_tx.link.receipts import Receipt, ReceiptBlock

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
        memory: how many bytes of memory they take; fewer, because receipts are compressed.
        receipts: how many of the bytes that wait are receipts in the rear.
        taken: how many bytes were taken since the beginning.
    """

    __slots__ = ("_front", "_rear", "memory", "receipts", "size", "taken")

    def __init__(self) -> None:
        self._front: deque[Piece] = deque()
        self._rear: deque[Piece | ReceiptBlock] = deque()
        self.size = 0
        self.memory = 0
        self.receipts = 0
        self.taken = 0

    def add(self, pieces: Sequence[Piece]) -> None:
        """Put ``pieces`` at the end."""
        for piece in pieces:
            size = len(piece)
            if not size:
                continue
            self.size += size
            if isinstance(piece, Receipt):
                self._add_receipt(piece)
                continue
            self.memory += size
            if self._rear:
                self._rear.append(piece)
            else:
                self._front.append(piece)

    def _add_receipt(self, receipt: Receipt) -> None:
        """Put ``receipt`` into the block at the end of the rear."""
        rear = self._rear
        block = rear[-1] if rear else None
        if not isinstance(block, ReceiptBlock) or block.is_full:
            block = ReceiptBlock()
            rear.append(block)
        before: int = block.memory
        block.add(receipt)
        self.memory += block.memory - before
        self.receipts += len(receipt)

    def _advance(self) -> None:
        """Fill the front, if it is empty, from the rear."""
        front, rear = self._front, self._rear
        if front or not rear:
            return
        first = rear.popleft()
        if isinstance(first, ReceiptBlock):
            data: bytes = first.unpacked()
            self.receipts -= len(data)
            self.memory += len(data) - first.memory
            front.append(data)
            return
        front.append(first)
        while rear:
            following = rear[0]
            if isinstance(following, ReceiptBlock):
                return
            front.append(following)
            rear.popleft()

    def next_slice(self) -> Piece:
        """Return the next bytes for a transport that buffers; the backlog must not be empty."""
        self._advance()
        if len(self._front) > 1:
            self._gather()
        first = self._front[0]
        return memoryview(first)[:SLICE] if len(first) > SLICE else first

    def next_pieces(self) -> list[Piece]:
        """Return the next pieces for a socket."""
        self._advance()
        if len(self._front) > _PIECES:
            self._gather()
        size = 0
        first: list[Piece] = []
        for piece in self._front:
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
        pieces = self._front
        size = 0
        first: list[Piece] = []
        while pieces and size < SLICE:
            piece = pieces.popleft()
            size += len(piece)
            first.append(piece)
        pieces.extendleft(reversed(gathered(first)))

    def take(self, size: int) -> None:
        """Remove the first ``size`` bytes, which were returned as the next ones."""
        self.size -= size
        self.memory -= size
        self.taken += size
        pieces = self._front
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
        self._front.clear()
        self._rear.clear()
        self.size = self.memory = self.receipts = 0

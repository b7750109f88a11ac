"""A large body in the pieces that it arrived in, so that it is passed on without a copy."""

from __future__ import annotations

from typing import Final

LARGE_BODY: Final = 64 * 1024
"""The least size of a body that is kept in pieces, in bytes."""


class LargeBody:
    """The bytes of ``pieces``, one after the other; ``bytes()`` of it joins them.

    Args:
        pieces: at least one, none of them empty.

    Attributes:
        pieces: the pieces.
    """

    __slots__ = ("_size", "pieces")

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces
        size = 0
        for piece in pieces:
            size += len(piece)
        self._size = size

    def __len__(self) -> int:
        """Return the number of bytes in all pieces."""
        return self._size

    def __bytes__(self) -> bytes:
        """Return all bytes in one object."""
        return b"".join(self.pieces)

    def split(self, count: int) -> tuple[list[bytes], LargeBody]:
        """Return the first arguments and the rest of the body.

        Args:
            count: how many arguments, each with a NUL byte behind it.

        Returns:
            The arguments and the rest. If the body has fewer arguments, those that there are, and
            a rest without meaning.
        """
        first = self.pieces[0]
        parts = first.split(b"\0", count)
        if len(parts) <= count and len(self.pieces) > 1:  # they do not end in the first piece
            first = bytes(self)
            parts = first.split(b"\0", count)
            return parts[:count], LargeBody(parts[count:] or [b""])
        rest = [parts[count]] if len(parts) > count and parts[count] else []
        return parts[:count], LargeBody([*rest, *self.pieces[1:]] or [b""])


Body = bytes | LargeBody
"""The body of a packet in a server; most are bytes."""

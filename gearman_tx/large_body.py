"""A large body in the pieces in which it arrived, so that it can be passed on without a copy."""

from __future__ import annotations

from typing import Final

LARGE_BODY: Final = 64 * 1024
"""How many bytes a body must have to be kept in pieces."""


class LargeBody:
    """The bytes of ``pieces``, one after the other; ``bytes()`` of it joins them.

    Args:
        pieces: at least one, none of them empty.

    Attributes:
        pieces: the same.
    """

    __slots__ = ("_size", "pieces")

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces
        size = 0
        for piece in pieces:
            size += len(piece)
        self._size = size

    def __len__(self) -> int:
        """Return how many bytes there are in all pieces together."""
        return self._size

    def __bytes__(self) -> bytes:
        """Return all of them in one object."""
        return b"".join(self.pieces)

    def split(self, count: int) -> tuple[list[bytes], LargeBody]:
        """Return the arguments in front, and what is behind them.

        Args:
            count: how many arguments, each with a NUL byte behind it.

        Returns:
            The arguments, fewer if there are not so many, and the rest, which is of no use then.
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
"""A body as a server takes it; most are bytes."""

"""A packet that is too large: what the decoder tells of it while it skips the body."""

from __future__ import annotations

from typing import NamedTuple


class OversizedPacket(NamedTuple):
    """A packet whose body is over the limit.

    Attributes:
        type: the number of the packet.
        size: the size of its body, in bytes.
        limit: the largest body that is accepted, in bytes.
        beginning: the first bytes of the body if it begins with a handle, else empty.
    """

    type: int
    size: int
    limit: int
    beginning: bytes

    @property
    def handle(self) -> bytes:
        """The handle that the body begins with; empty if it begins with none."""
        return self.beginning.partition(b"\0")[0]

    def __repr__(self) -> str:
        """Return the fields but for the body."""
        return f"OversizedPacket({self.type}, {self.size}, {self.limit})"

    def __str__(self) -> str:
        """Return the size and the limit."""
        return f"a packet of {self.size} bytes is over the limit of {self.limit}"

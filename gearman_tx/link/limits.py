"""How much one connection may leave unread, in bytes and seconds."""

from __future__ import annotations

from typing import Final

from attrs import field, frozen, validators

DEFAULT_PAUSE_OUTPUT: Final = 8 * 1024 * 1024
"""Bytes of unread output above which the connection is not read from."""

DEFAULT_MAX_OUTPUT: Final = 512 * 1024 * 1024
"""Bytes of unread output above which the connection is dropped."""

DEFAULT_OUTPUT_TIMEOUT: Final = 60.0
"""Seconds after which a paused connection is dropped if its peer took no byte."""

_ROOM: Final = 1024 * 1024  # what a crowded peer must take before it is sent more


@frozen
class OutputLimits:
    """The limits for a peer that does not read.

    Attributes:
        pause: unread bytes above which the peer's own requests wait. The answers to submissions do
            not count.
        most: unread bytes above which the peer is dropped. The answers to submissions count as the
            memory that they take.
        timeout: seconds that a paused peer may take no byte before it is dropped.
    """

    pause: int = field(default=DEFAULT_PAUSE_OUTPUT, validator=validators.ge(0))
    most: int = field(default=DEFAULT_MAX_OUTPUT, validator=validators.ge(1))
    timeout: float = field(default=DEFAULT_OUTPUT_TIMEOUT, validator=validators.gt(0))

    @property
    def crowded(self) -> int:
        """Unread bytes above which those who send to the peer are slowed down."""
        return max(self.pause, self.most // 2)

    @property
    def has_room(self) -> int:
        """Unread bytes at which they may send again."""
        return self.crowded - min(_ROOM, self.crowded // 2)

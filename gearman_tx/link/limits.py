"""How much one connection may leave unread, in bytes and seconds."""

from __future__ import annotations

from typing import Final

from attrs import field, frozen, validators

DEFAULT_PAUSE_OUTPUT: Final = 8 * 1024 * 1024
"""Unread output above which nothing more is read from the connection."""

DEFAULT_MAX_OUTPUT: Final = 512 * 1024 * 1024
"""Unread output above which the connection is dropped."""

DEFAULT_OUTPUT_TIMEOUT: Final = 60.0
"""Seconds without a byte taken, while it is paused, after which a connection is dropped."""


@frozen
class OutputLimits:
    """What happens to a peer that does not read.

    Attributes:
        pause: unread bytes above which the peer's own requests wait.
        most: unread bytes above which the peer is dropped.
        timeout: seconds that a paused peer may take no byte before it is dropped.
    """

    pause: int = field(default=DEFAULT_PAUSE_OUTPUT, validator=validators.ge(0))
    most: int = field(default=DEFAULT_MAX_OUTPUT, validator=validators.ge(1))
    timeout: float = field(default=DEFAULT_OUTPUT_TIMEOUT, validator=validators.gt(0))

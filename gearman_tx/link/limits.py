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


@frozen
class OutputLimits:
    """The limits for a peer that does not read.

    Attributes:
        pause: unread bytes above which the peer's own requests wait.
        most: unread bytes above which the peer is dropped.
        timeout: seconds that a paused peer may take no byte before it is dropped.
    """

    pause: int = field(default=DEFAULT_PAUSE_OUTPUT, validator=validators.ge(0))
    most: int = field(default=DEFAULT_MAX_OUTPUT, validator=validators.ge(1))
    timeout: float = field(default=DEFAULT_OUTPUT_TIMEOUT, validator=validators.gt(0))

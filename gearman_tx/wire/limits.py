"""The sizes in bytes that the decoder accepts, enforced while reading."""

from __future__ import annotations

from typing import Final

DEFAULT_MAX_PACKET: Final = 128 * 1024 * 1024
"""Largest body of one packet; the protocol itself allows 4 GiB."""

DEFAULT_MAX_TEXT_LINE: Final = 8192
"""Longest text line, its end included, as in the C server."""

LARGEST_SIZE: Final = 2**32 - 1
"""The largest size that the header's size field can hold."""

"""Cut a packet's body into its arguments, strictly inside the body."""

from __future__ import annotations

from gearman_tx.errors import Refused
from gearman_tx.wire import BY_TYPE


def split(body: bytes, packet_type: int) -> list[bytes]:
    """Return the arguments of ``body``; the last one is the rest, NUL bytes included.

    Raises:
        Refused: there are fewer arguments than the packet needs.
    """
    expected = len(BY_TYPE[packet_type].arguments)
    arguments = body.split(b"\0", expected - 1)
    if len(arguments) != expected:
        name = BY_TYPE[packet_type].type.name.encode()
        text = b"%b takes %d arguments separated by NUL, not %d"
        raise Refused(b"INVALID_ARGUMENT", text % (name, expected, len(arguments)))
    return arguments


def until_nul(body: bytes) -> bytes:
    """Return ``body`` up to its first NUL byte, as the C server reads a single argument."""
    end = body.find(b"\0")
    return body if end < 0 else body[:end]

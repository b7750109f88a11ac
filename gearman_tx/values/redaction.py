"""Show workloads and results by their sizes: in reprs, errors and logs.

A workload may hold a password, and it may have a hundred megabytes. A repr gets into logs and error
messages, so it shows a workload's size and nothing else. What a worker sends early is shown up to a
length, so that tests that compare it can be read.
"""

from __future__ import annotations

from typing import Final

SHOWN_BYTES: Final = 100
"""How many bytes of a body :func:`beginning` shows."""


def size_of(value: object) -> str:
    """Return the size of a workload or result; for a value that is not encoded, its type."""
    if value is None:
        return "None"
    if isinstance(value, str):
        return f"<{len(value)} characters>"
    if isinstance(value, bytes | bytearray):
        return f"<{len(value)} bytes>"
    return f"<{type(value).__name__}>"


def beginning(data: bytes) -> str:
    """Return the repr of ``data``; of a long one, of its beginning and with its size."""
    if len(data) <= SHOWN_BYTES:
        return repr(data)
    return f"{data[:SHOWN_BYTES]!r}... ({len(data)} bytes)"

"""The ids of jobs in a queue file, which are never given twice."""

from __future__ import annotations

from typing import Final

ID_BLOCK: Final = 100_000_000
"""How many ids are reserved at a time; a crash loses the rest of a block."""

_MICROSECONDS: Final = 1_000_000


def unseen_id(now: float) -> int:
    """Return an id that was never given, for a file that does not say which ids were.

    Args:
        now: the time, in Unix seconds. No server has given as many ids as it has microseconds.
    """
    return int(now * _MICROSECONDS)

"""The C library's memory allocator, in a process through which large packets pass.

By itself it gives the memory of a large buffer back to the system as soon as it is free, and asks
for it anew with the next read; the system clears each page before it hands it out. With workloads
of 256 KiB that was a fifth of the server's time. So what is free is kept to be used again, up to
:data:`KEPT`.
"""

from __future__ import annotations

import ctypes
from typing import Final

KEPT: Final = 64 * 1024 * 1024
"""How many bytes of free memory at the end of its heap the process keeps at most."""

MAPPED: Final = 1024 * 1024
"""From how many bytes on a piece of memory is asked for, and given back, by itself."""

GROWTH: Final = 1024 * 1024
"""By how many bytes the heap grows, at least."""

# Names and numbers of malloc.h; a C library without mallopt() has an allocator with other habits.
_SETTINGS: Final = ((-3, MAPPED), (-1, KEPT), (-2, GROWTH))


def keep_memory() -> bool:
    """Have free memory kept for what comes next; return whether the C library can be told so."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return all(mallopt(name, value) == 1 for name, value in _SETTINGS)

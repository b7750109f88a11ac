"""Give memory that is free again back to the system, in a process that is a job server.

The C library keeps what a program frees: of 240 MiB with 100,000 jobs of 1,500 bytes, 224 MiB were
left when the queue was empty. So some time after the server has worked, and again and again while
it works, the free memory is counted, which takes less than a millisecond. If it has grown, it is
given back. That takes a second for a few gigabytes, so a thread does it, and a busy server does it
once in :data:`PAUSE` seconds at most. An idle server has no timer.

The interpreter manages small objects by itself, and gives their memory back as soon as it is free.
"""

from __future__ import annotations

import ctypes
import os
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IDelayedCall, IReactorTime

PAUSE: Final = 10.0
"""Seconds between the work of the server and the next look."""

KEPT: Final = 64 * 1024 * 1024
"""With no more free memory than this, nothing is given back."""

GROWTH: Final = 16 * 1024 * 1024
"""By how many bytes the free memory, or the whole process, has grown when it is worth a call."""

_STATM: Final = Path("/proc/self/statm")


class _MallInfo(ctypes.Structure):
    """What ``mallinfo2`` of the GNU C library returns."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    )


class Allocator:
    """The allocator of the C library.

    Attributes:
        can_give_back: whether it has the calls for that; only the GNU C library has, since 2.33.
    """

    def __init__(self) -> None:
        library: Any = None
        try:
            library = ctypes.CDLL(None)
            library.mallinfo2.restype = _MallInfo
            self.can_give_back = hasattr(library, "malloc_trim") and _STATM.exists()
        except (AttributeError, OSError):
            self.can_give_back = False
        self._library = library

    def free(self) -> int:
        """Return how many bytes are free, whether or not they were given back."""
        free: int = self._library.mallinfo2().fordblks
        return free

    def resident(self) -> int:
        """Return how many bytes of memory the process has."""
        return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def give_back(self, given: Callable[[], None]) -> None:
        """Give all free memory back.

        Args:
            given: called in another thread when it is done.
        """
        trim = self._library.malloc_trim

        def run() -> None:
            trim(0)
            given()

        threading.Thread(target=run, daemon=True).start()


class FreeMemory:
    """Looks after the free memory of the process.

    Args:
        clock: the reactor.
        allocator: the allocator of the process.

    Attributes:
        is_watched: whether a look is due, or never will be.
    """

    def __init__(self, clock: IReactorTime, allocator: Allocator) -> None:
        self._clock = clock
        self._allocator = allocator
        self._free = 0  # what was free, and what the process had, when memory was given back
        self._resident = 0
        self._call: IDelayedCall | None = None
        self.is_watched = not allocator.can_give_back

    def watch(self) -> None:
        """The server works: look in a while."""
        if not self.is_watched:
            self.is_watched = True
            self._call = self._clock.callLater(PAUSE, self._look)

    def _look(self) -> None:
        self._call = None
        self.is_watched = False
        free, resident = self._allocator.free(), self._allocator.resident()
        # Memory that was given back still counts as free; when it is used, the process grows.
        self._free, self._resident = min(self._free, free), min(self._resident, resident)
        if free > KEPT and max(free - self._free, resident - self._resident) > GROWTH:
            self._free = free
            self._allocator.give_back(self._given)

    def _given(self) -> None:
        """In another thread: note what the process has now."""
        self._resident = self._allocator.resident()

    def stop(self) -> None:
        """Look no more."""
        if self._call is not None:
            self._call.cancel()
            self._call = None
        self.is_watched = True

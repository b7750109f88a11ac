"""Settings of the garbage collector and the memory allocator for a process that is a job server.

They apply to the whole process, so they are not made where the job server is a part of another
program.

The garbage collector of the interpreter. Reference counts free jobs and connections as soon as they
end. The collector looks for cycles, finds none among them, and yet examines all of them again and
again: for a million jobs that are not compiled one round takes half a second, during which nothing
is served. So whenever many jobs have been added, all objects are *frozen*: hidden from the
collector, in a microsecond. They are unfrozen when most jobs are gone, so that no object stays
hidden forever.

The memory allocator of the C library. By default it returns a large buffer to the system as soon as
the buffer is free, and asks for new memory at the next read; the system clears each page before it
hands it out. With workloads of 256 KiB that took a fifth of the server's time. So the process keeps
free memory for reuse: up to :data:`KEPT` bytes for as long as it likes, and more for some seconds
(:mod:`gearman_tx.daemon.free_memory`).
"""

from __future__ import annotations

import ctypes
import gc
from typing import TYPE_CHECKING, Final

from gearman_tx.daemon.free_memory import KEPT

if TYPE_CHECKING:
    from collections.abc import Sized

    from gearman_tx.daemon.free_memory import FreeMemory

FREEZE_EVERY: Final = 50_000
"""After so many additional jobs all objects are frozen again."""

MAPPED: Final = 1024 * 1024
"""Pieces of memory of at least so many bytes are requested and returned one by one."""

GROWTH: Final = 1024 * 1024
"""By how many bytes the heap grows, at least."""

_THRESHOLDS: Final = (10_000, 20, 20)  # fewer and larger rounds of young objects; one takes 0.2 ms

# The parameters are numbers of malloc.h. A C library without mallopt() has another allocator.
_MALLOC_SETTINGS: Final = ((-3, MAPPED), (-1, KEPT), (-2, GROWTH))


class ProcessTuning:
    """Tunes the process while the server runs.

    Args:
        jobs: all live jobs; only their number is read.
        memory: gives free memory back.
    """

    def __init__(self, jobs: Sized, memory: FreeMemory) -> None:
        self._jobs = jobs
        self._memory = memory
        self._frozen = 0  # the number of jobs at the last freeze; 0 if only the program is frozen
        self._thresholds_before = gc.get_threshold()

    def start(self) -> None:
        """Freeze the program itself and set up the allocator."""
        gc.set_threshold(*_THRESHOLDS)
        gc.freeze()
        keep_memory()

    def adjust(self) -> None:
        """Once a turn: freeze after many new jobs, unfreeze when most jobs are gone.

        And have the free memory looked at some time later.
        """
        count = len(self._jobs)
        if count >= self._frozen + FREEZE_EVERY:
            gc.freeze()
            self._frozen = count
        elif self._frozen and count < FREEZE_EVERY // 2:
            gc.unfreeze()
            self._frozen = 0
        if not self._memory.is_watched:
            self._memory.watch()

    def stop(self) -> None:
        """Restore the settings of the collector; those of the allocator stay."""
        self._memory.stop()
        gc.unfreeze()
        gc.set_threshold(*self._thresholds_before)


def keep_memory() -> bool:
    """Let the allocator keep free memory for reuse; return whether the C library supports it."""
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        return False
    return all(mallopt(name, value) == 1 for name, value in _MALLOC_SETTINGS)

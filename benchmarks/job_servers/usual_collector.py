"""Our server with the interpreter's default garbage collector, for comparison.

``python usual_collector.py -n gearmand [options]`` replaces ``twistd -n gearmand [options]``.
"""

from __future__ import annotations

from collections.abc import Sized

from twisted.scripts.twistd import run

from gearman_tx.daemon import service
from gearman_tx.daemon.free_memory import FreeMemory
from gearman_tx.daemon.process_tuning import keep_memory


class AllocatorTuning:
    """Process tuning that leaves the garbage collector unchanged."""

    def __init__(self, jobs: Sized, memory: FreeMemory) -> None:
        del jobs, memory

    def start(self) -> None:
        """Set up the memory allocator alone."""
        keep_memory()

    def adjust(self) -> None:
        """Do nothing."""

    def stop(self) -> None:
        """Do nothing."""


if __name__ == "__main__":
    vars(service)["ProcessTuning"] = AllocatorTuning
    run()

"""The figures of a program, in the form in which load programs print theirs."""

from __future__ import annotations

import sys
import time
from typing import Final

WORKLOAD: Final = b"x" * 64
WINDOW: Final = 1000
"""Jobs at a time in the mode ``many``."""


class Stopwatch:
    """Time and CPU since it was made."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._cpu_began = time.process_time()

    def tell(self, count: int) -> None:
        """Print the time and CPU of ``count`` jobs."""
        seconds = time.monotonic() - self._began
        cpu = time.process_time() - self._cpu_began
        say(f"jobs={count} seconds={seconds:.6f} cpu_s={cpu:.6f}")


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()

"""When a worker should end, so that a supervisor starts a fresh one in its place."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Mapping


@frozen
class LifeLimits:
    """The reasons for a worker to finish what it runs and end; None or False is no limit.

    Attributes:
        jobs: after so many jobs.
        seconds: after so much time.
        memory: when the process holds more than so many bytes of memory.
        code: when the file of an imported module changed on disk.
    """

    jobs: int | None = None
    seconds: float | None = None
    memory: int | None = None
    code: bool = False


@define(eq=False)
class Life:
    """A worker's life so far, held against its limits.

    Args:
        limits: when it should end.
        born: when it began, in seconds of the clock that ``reason_to_end`` is told.
    """

    limits: LifeLimits
    born: float
    jobs_done: int = 0
    _code: Mapping[str, float] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Look at the code as it is now."""
        self._code = code_on_disk() if self.limits.code else {}

    def reason_to_end(self, now: float) -> str | None:
        """Return why the worker should end, or None."""
        limits = self.limits
        if limits.jobs is not None and self.jobs_done >= limits.jobs:
            return f"{self.jobs_done} jobs are done, the limit is {limits.jobs}"
        if limits.seconds is not None and now - self.born >= limits.seconds:
            return f"{now - self.born:.0f} seconds have passed, the limit is {limits.seconds:g}"
        if limits.memory is not None and (held := resident_memory()) > limits.memory:
            return f"{held} bytes of memory are held, the limit is {limits.memory}"
        if limits.code:
            changed = [
                path for path, when in code_on_disk().items() if self._code.get(path, when) != when
            ]
            if changed:
                return f"{changed[0]} changed on disk"
        return None


def resident_memory() -> int:
    """Return how many bytes of memory this process holds (Linux: ``/proc/self/statm``)."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def code_on_disk() -> dict[str, float]:
    """Return when the file of each imported module was last changed; gone files are left out."""
    found = {}
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if path is not None:
            try:
                found[path] = Path(path).stat().st_mtime
            except OSError:
                continue
    return found

"""When a worker should end, so that a supervisor starts a fresh one in its place."""

from __future__ import annotations

import os
import resource
import sys
from pathlib import Path
from typing import Any, Final

from attrs import Attribute, define, field, frozen

_STATM: Final = Path("/proc/self/statm")
_KIBIBYTE: Final = 1024


def _positive(_limits: LifeLimits, attribute: Attribute[Any], value: float | None) -> None:
    if value is not None and value <= 0:
        raise ValueError(f"{attribute.name}: {value} is not above 0")


@frozen
class LifeLimits:
    """The reasons for a worker to finish what it runs and end; None or False is no limit.

    Attributes:
        jobs: after so many jobs, over all functions; it never takes more.
        seconds: after so many seconds since its start.
        memory: when the process holds more than so many bytes of memory.
        code: when the file of an imported module changed on disk.

    Raises:
        ValueError: a limit is not above 0.
    """

    jobs: int | None = field(default=None, validator=_positive)
    seconds: float | None = field(default=None, validator=_positive)
    memory: int | None = field(default=None, validator=_positive)
    code: bool = False


@define(eq=False)
class Life:
    """A worker's life so far, held against its limits; ``Slots`` counts the jobs.

    Args:
        limits: when it should end.
        born: when it began, in seconds of the clock that ``reason_to_end`` is told.
    """

    limits: LifeLimits
    born: float
    _code: dict[str, float] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        """Look at the code as it is now."""
        if self.limits.code:
            self._code = code_on_disk()

    def reason_to_end(self, now: float) -> str | None:
        """Return why the worker should end, or None."""
        limits = self.limits
        if limits.seconds is not None and now - self.born >= limits.seconds:
            return f"{now - self.born:.0f} seconds have passed, the limit is {limits.seconds:g}"
        if limits.memory is not None and (held := resident_memory()) > limits.memory:
            return f"{held} bytes of memory are held, the limit is {limits.memory}"
        changed = self._changed_file() if limits.code else None
        return None if changed is None else f"{changed} changed on disk"

    def _changed_file(self) -> str | None:
        known = self._code
        for path, when in code_on_disk().items():
            if known.setdefault(path, when) != when:  # or it was imported since the last look
                return path
        return None


def resident_memory(statm: Path = _STATM) -> int:
    """Return how many bytes of memory this process holds.

    Where there is no ``/proc/self/statm``, so outside Linux, the most that it ever held.
    """
    try:
        pages = statm.read_text(encoding="ascii").split()[1]
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * _KIBIBYTE
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def code_on_disk() -> dict[str, float]:
    """Return when the file of each imported module was last changed; gone files are left out."""
    found = {}
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str):
            try:
                found[path] = Path(path).stat().st_mtime
            except OSError:
                continue
    return found

"""When a worker should end, so that a supervisor starts a new one in its place."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any, Final

from attrs import Attribute, define, field, frozen

from gearman_tx.errors import ConfigurationError

try:
    import resource
except ImportError:  # Windows
    _CAN_MEASURE = False
else:
    _CAN_MEASURE = True

_STATM: Final = Path("/proc/self/statm")
_KIBIBYTE: Final = 1024


def _positive(_limits: LifeLimits, attribute: Attribute[Any], value: float | None) -> None:
    if value is not None and value <= 0:
        raise ValueError(f"{attribute.name}: {value} is not above 0")


def _measurable(limits: LifeLimits, attribute: Attribute[Any], value: float | None) -> None:
    _positive(limits, attribute, value)
    if value is not None and not _CAN_MEASURE:
        text = "this system does not tell how much memory a process uses"
        raise ConfigurationError(f"{attribute.name}: {text}")


@frozen
class LifeLimits:
    """When a worker ends after finishing its running jobs; None or False for no limit.

    Attributes:
        jobs: after so many jobs, over all functions; it never takes more.
        seconds: after so many seconds since its start.
        memory: when the process uses more than so many bytes of memory.
        code: when the file of an imported module has changed on disk.

    Raises:
        ConfigurationError: memory cannot be measured on this system (Windows).
        ValueError: a limit is not above 0.
    """

    jobs: int | None = field(default=None, validator=_positive)
    seconds: float | None = field(default=None, validator=_positive)
    memory: int | None = field(default=None, validator=_measurable)
    code: bool = False


@define(eq=False)
class Life:
    """Compares a worker's age, memory and code with its limits; ``Slots`` counts the jobs.

    Args:
        limits: when it should end.
        started: when it started, in seconds of the clock that ``reason_to_end`` is given.
    """

    limits: LifeLimits
    started: float
    _code: dict[str, float] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        """Remember the present state of the code."""
        if self.limits.code:
            self._code = code_on_disk()

    def reason_to_end(self, now: float) -> str | None:
        """Return why the worker should end, or None."""
        limits = self.limits
        if limits.seconds is not None and now - self.started >= limits.seconds:
            return f"{now - self.started:.0f} seconds have passed, the limit is {limits.seconds:g}"
        if limits.memory is not None and (used := resident_memory()) > limits.memory:
            return f"{used} bytes of memory are used, the limit is {limits.memory}"
        changed = self._changed_file() if limits.code else None
        return None if changed is None else f"{changed} changed on disk"

    def _changed_file(self) -> str | None:
        known = self._code
        for path, when in code_on_disk().items():
            # A module that was imported since the last check is new here.
            if known.setdefault(path, when) != when:
                return path
        return None


def resident_memory(statm: Path = _STATM) -> int:
    """Return how many bytes of memory this process uses.

    Without ``/proc/self/statm``, outside Linux, it is the most that the process ever used.
    """
    try:
        pages = statm.read_text(encoding="ascii").split()[1]
    except OSError:
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        return most if sys.platform == "darwin" else most * _KIBIBYTE
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def code_on_disk() -> dict[str, float]:
    """Return when the file of each imported module was last changed; without deleted files."""
    found = {}
    for module in list(sys.modules.values()):
        path = getattr(module, "__file__", None)
        if isinstance(path, str):
            try:
                found[path] = Path(path).stat().st_mtime
            except OSError:
                continue
    return found

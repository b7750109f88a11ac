"""How many jobs a worker may hold, and which job server is asked next.

Theory of operation. A worker has as many slots as it may run jobs at a time. Asking a job server
for a job takes a slot, whatever the answer; so no job is ever grabbed that could not be run. Job
servers that may have jobs stand in a line: the first is asked when a slot is free, and goes to the
back of the line when it gave a job, so none is starved. One that has nothing leaves the line and
comes back when it says NOOP.
"""

from __future__ import annotations

from typing import Protocol

from attrs import define, field


class JobSource(Protocol):
    """A connected job server that can be asked for a job."""

    def grab(self) -> None:
        """Ask it for a job; ``Slots.nothing`` or ``Slots.got_job`` follows, or ``Slots.lost``."""


@define(eq=False)
class Slots:
    """The free places for jobs, and the job servers that may fill them.

    Args:
        size: how many jobs may be held at a time.

    Attributes:
        running: how many jobs are held.
        is_open: whether jobs are still wanted.
    """

    size: int
    running: int = 0
    is_open: bool = True
    _asked: dict[JobSource, None] = field(factory=dict)
    _line: dict[JobSource, None] = field(factory=dict)

    def has_work(self, source: JobSource) -> None:
        """``source`` may have jobs: it was connected, or it said NOOP."""
        if source not in self._asked:
            self._line[source] = None
            self._ask()

    def nothing(self, source: JobSource) -> None:
        """``source`` was asked and has no job."""
        self._asked.pop(source, None)
        self._ask()

    def got_job(self, source: JobSource) -> None:
        """``source`` was asked and gave a job; it may have more."""
        self._asked.pop(source, None)
        self.running += 1
        self._line[source] = None
        self._ask()

    def job_ended(self) -> None:
        """A job that was held is over."""
        self.running -= 1
        self._ask()

    def lost(self, source: JobSource) -> None:
        """``source`` is not connected any more; jobs that it gave still take their slots."""
        self._asked.pop(source, None)
        self._line.pop(source, None)
        self._ask()

    def close(self) -> None:
        """Ask for no more jobs."""
        self.is_open = False
        self._line.clear()

    def _ask(self) -> None:
        while self.is_open and self._line and self.running + len(self._asked) < self.size:
            source = next(iter(self._line))
            del self._line[source]
            self._asked[source] = None
            source.grab()

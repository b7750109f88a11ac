"""How many jobs a worker may hold, and which job server is asked next.

Theory of operation. A worker has as many slots as it may run jobs at a time. Asking a job server
for a job takes a slot, whatever the answer; so no job is ever grabbed that could not be run. Job
servers that may have jobs stand in a line: the first is asked when a slot is free, and goes to the
back of the line when it gave a job, so none is starved. One that has nothing leaves the line and
comes back when it says NOOP. One that is held keeps its place in the line and is passed over.
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
        quota: how many more jobs may be taken until the worker ends; None for any number.

    Attributes:
        running: how many jobs are held.
        is_open: whether jobs are still wanted.
    """

    size: int
    quota: int | None = None
    running: int = field(default=0, init=False)
    is_open: bool = field(default=True, init=False)
    _asked: dict[JobSource, None] = field(factory=dict, init=False)
    _line: dict[JobSource, None] = field(factory=dict, init=False)
    _held: set[JobSource] = field(factory=set, init=False)

    def is_asked(self, source: JobSource) -> bool:
        """Return whether ``source`` was asked and has not answered."""
        return source in self._asked

    def has_work(self, source: JobSource) -> None:
        """``source`` may have jobs: it was connected, or it said NOOP."""
        # The answer of one that is asked comes behind its NOOP, and says more.
        if source not in self._asked:
            self._line[source] = None
            self._ask()

    def nothing(self, source: JobSource) -> None:
        """``source`` was asked and has no job."""
        del self._asked[source]
        self._ask()

    def got_job(self, source: JobSource) -> None:
        """``source`` was asked and gave a job; it may have more."""
        del self._asked[source]
        self.running += 1
        if self.quota is not None:
            self.quota -= 1
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
        self._held.discard(source)
        self._ask()

    def hold(self, source: JobSource) -> None:
        """Ask ``source`` for nothing until it is released."""
        self._held.add(source)

    def release(self, source: JobSource) -> None:
        """Ask ``source`` again, if it may have jobs."""
        if source in self._held:
            self._held.remove(source)
            self._ask()

    def close(self) -> None:
        """Ask for no more jobs."""
        self.is_open = False

    def reopen(self) -> None:
        """Ask for jobs again."""
        self.is_open = True
        self._ask()

    def _has_room(self) -> bool:
        asked = len(self._asked)
        return self.running + asked < self.size and (self.quota is None or asked < self.quota)

    def _ask(self) -> None:
        while self.is_open and self._has_room():
            source = next((source for source in self._line if source not in self._held), None)
            if source is None:
                return
            del self._line[source]
            self._asked[source] = None
            source.grab()

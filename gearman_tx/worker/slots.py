"""How many jobs a worker may hold, and which job server is asked next.

Theory of operation. A worker has as many slots as it may run jobs at a time. Asking a job server
for a job takes a slot, whatever the answer; so no job is ever grabbed that could not be run. Job
servers that may have jobs stand in a line: the first is asked when a slot is free, and goes to the
back of the line, so none is starved. One that has nothing leaves the line and comes back when it
says NOOP. One that is held keeps its place in the line and is passed over.

A server is asked one question first. Each job that it gives lets it have one more unanswered
question at a time: a server with a full queue soon fills all free slots with one write, and one
with a single job is not asked in vain for ten.
"""

from __future__ import annotations

from typing import Protocol

from attrs import define, field


class JobSource(Protocol):
    """A connected job server that can be asked for a job."""

    def grab(self) -> None:
        """Ask it for a job; ``Slots.nothing`` or ``Slots.got_job`` answers, or ``Slots.lost``."""


@define(eq=False)
class Slots:
    """The free places for jobs, and the job servers that may fill them.

    Args:
        size: how many jobs may be held at a time.
        quota: how many more jobs may be taken until the worker ends; None for any number.

    Attributes:
        running: how many jobs are held.
        asked: how many questions are not answered.
        is_open: whether jobs are still wanted.
    """

    size: int
    quota: int | None = None
    running: int = field(default=0, init=False)
    is_open: bool = field(default=True, init=False)
    asked: int = field(default=0, init=False)
    _questions: dict[JobSource, int] = field(factory=dict, init=False)  # unanswered ones
    _most: dict[JobSource, int] = field(factory=dict, init=False)  # so many at a time, if not one
    _line: dict[JobSource, None] = field(factory=dict, init=False)
    _held: set[JobSource] = field(factory=set, init=False)

    def questions(self, source: JobSource) -> int:
        """Return how many questions ``source`` has not answered."""
        return self._questions.get(source, 0)

    def is_asked(self, source: JobSource) -> bool:
        """Return whether ``source`` was asked and has not answered all."""
        return source in self._questions

    def has_work(self, source: JobSource) -> None:
        """``source`` may have jobs: it was connected, or it said NOOP."""
        # The answer of one that is asked comes behind its NOOP, and says more.
        if source not in self._questions:
            self._line[source] = None
            self._ask()

    def nothing(self, source: JobSource) -> None:
        """``source`` was asked and has no job."""
        self._answered(source)
        self._line.pop(source, None)
        self._most.pop(source, None)
        self._ask()

    def got_job(self, source: JobSource) -> None:
        """``source`` was asked and gave a job; it may have more."""
        self._answered(source)
        self.running += 1
        if self.quota is not None:
            self.quota -= 1
        if self.size > 1:
            self._most[source] = min(self._most.get(source, 1) + 1, self.size)
        self._line.setdefault(source)
        self._ask()

    def _answered(self, source: JobSource) -> None:
        self.asked -= 1
        left = self._questions[source] - 1
        if left:
            self._questions[source] = left
        else:
            del self._questions[source]

    def job_ended(self) -> None:
        """A job that was held is over."""
        self.running -= 1
        self._ask()

    def lost(self, source: JobSource) -> None:
        """``source`` is not connected any more; jobs that it gave still take their slots."""
        self.asked -= self._questions.pop(source, 0)
        self._line.pop(source, None)
        self._most.pop(source, None)
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

    def _ask(self) -> None:
        while (
            self._line
            and self.running + self.asked < self.size
            and self.is_open
            and (self.quota is None or self.asked < self.quota)
        ):
            source = next((source for source in self._line if source not in self._held), None)
            if source is None:
                return
            del self._line[source]
            self.asked += 1
            questions = self._questions.get(source, 0) + 1
            self._questions[source] = questions
            if questions < self._most.get(source, 1):
                self._line[source] = None
            source.grab()

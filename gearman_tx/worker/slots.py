"""How many jobs a worker may hold, and which job server is asked next.

Theory of operation. A worker has one slot for each job that it may run at a time. A grab request
takes a slot until it is answered, whatever the answer; so no job is ever grabbed that could not be
run. Job servers that may have jobs wait in a queue: the first is asked when a slot is free and goes
to the back of the queue, so no server is starved. A server without a job leaves the queue and comes
back when it sends NOOP. A held server keeps its place in the queue and is passed over.

At first, a server gets one grab request at a time. Each job that it gives allows it one more: a
server with a full queue soon fills all free slots with one write, and a server with a single job is
not asked ten times for it.
"""

from __future__ import annotations

from typing import Protocol

from attrs import define, field


class JobSource(Protocol):
    """A connected job server that can be asked for a job."""

    def grab(self) -> None:
        """Ask for a job; ``Slots.no_job``, ``Slots.got_job`` or ``Slots.lost`` answers."""


@define(eq=False)
class Slots:
    """The slots for jobs, and the job servers that may fill them.

    Args:
        size: how many jobs may be held at a time.
        quota: how many more jobs may be taken until the worker ends; None for any number.

    Attributes:
        running: how many jobs are held.
        asked: how many grab requests are unanswered.
        is_open: whether further jobs are wanted.
    """

    size: int
    quota: int | None = None
    running: int = field(default=0, init=False)
    is_open: bool = field(default=True, init=False)
    asked: int = field(default=0, init=False)
    _grabs: dict[JobSource, int] = field(factory=dict, init=False)  # unanswered grab requests
    _allowed: dict[JobSource, int] = field(factory=dict, init=False)  # most at a time, if not 1
    _queue: dict[JobSource, None] = field(factory=dict, init=False)
    _held: set[JobSource] = field(factory=set, init=False)

    def grabs(self, source: JobSource) -> int:
        """Return how many grab requests ``source`` has not answered."""
        return self._grabs.get(source, 0)

    def is_asked(self, source: JobSource) -> bool:
        """Return whether ``source`` has unanswered grab requests."""
        return source in self._grabs

    def has_work(self, source: JobSource) -> None:
        """Queue ``source``, which may have jobs: it was connected, or it sent NOOP."""
        # A source that is asked already answers after its NOOP, and the answer says more.
        if source not in self._grabs:
            self._queue[source] = None
            self._ask()

    def no_job(self, source: JobSource) -> None:
        """Note that ``source`` was asked and has no job."""
        self._answered(source)
        self._queue.pop(source, None)
        self._allowed.pop(source, None)
        self._ask()

    def got_job(self, source: JobSource) -> None:
        """Note that ``source`` was asked and gave a job; it may have more."""
        self._answered(source)
        self.running += 1
        if self.quota is not None:
            self.quota -= 1
        if self.size > 1:
            self._allowed[source] = min(self._allowed.get(source, 1) + 1, self.size)
        self._queue.setdefault(source)
        self._ask()

    def _answered(self, source: JobSource) -> None:
        self.asked -= 1
        left = self._grabs[source] - 1
        if left:
            self._grabs[source] = left
        else:
            del self._grabs[source]

    def job_ended(self) -> None:
        """Free the slot of a job that is over."""
        self.running -= 1
        self._ask()

    def lost(self, source: JobSource) -> None:
        """Remove ``source``, whose connection is over; its running jobs keep their slots."""
        self.asked -= self._grabs.pop(source, 0)
        self._queue.pop(source, None)
        self._allowed.pop(source, None)
        self._held.discard(source)
        self._ask()

    def hold(self, source: JobSource) -> None:
        """Do not ask ``source`` until it is released."""
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

    def lend(self) -> None:
        """Add a slot, until :meth:`take_back`."""
        self.size += 1
        self._ask()

    def take_back(self) -> None:
        """Remove a slot that was lent; a job that runs or was asked for is not affected."""
        self.size -= 1

    def _ask(self) -> None:
        while (
            self._queue
            and self.running + self.asked < self.size
            and self.is_open
            and (self.quota is None or self.asked < self.quota)
        ):
            source = next((source for source in self._queue if source not in self._held), None)
            if source is None:
                return
            del self._queue[source]
            self.asked += 1
            grabs = self._grabs.get(source, 0) + 1
            self._grabs[source] = grabs
            if grabs < self._allowed.get(source, 1):
                self._queue[source] = None
            source.grab()

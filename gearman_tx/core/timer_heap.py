"""Jobs ordered by a time: when they are due, or when they have run too long.

A heap in which a cancelled entry stays until it surfaces or until cancelled entries outnumber the
live ones; then all of them are swept out at once. So pushing, cancelling and taking cost O(log n)
amortised, and memory follows the live entries.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gearman_tx.core.job import Job

_SWEEP_FLOOR: Final = 64  # fewer cancelled entries than this are not worth a sweep


class Timer:
    """One entry: at ``when`` (Unix seconds), something is to be done with ``job``."""

    __slots__ = ("job", "number", "when")

    def __init__(self, when: float, number: int, job: Job) -> None:
        self.when = when
        self.number = number
        self.job: Job | None = job

    def __lt__(self, other: Timer) -> bool:
        """Return whether this entry comes before ``other``: what the heap orders by."""
        if self.when == other.when:
            return self.number < other.number
        return self.when < other.when


class TimerHeap:
    """Timers, the earliest first; those of the same time in the order of their making."""

    __slots__ = ("_heap", "_live", "_made")

    def __init__(self) -> None:
        self._heap: list[Timer] = []
        self._made = 0
        self._live = 0

    def __len__(self) -> int:
        """Return how many timers are live."""
        return self._live

    @property
    def held(self) -> int:
        """How many entries take memory, the cancelled ones included."""
        return len(self._heap)

    def start(self, when: float, job: Job) -> None:
        """Give ``job`` a timer at ``when``; it must have none."""
        timer = job.timer = Timer(when, self._made, job)
        self._made += 1
        self._live += 1
        heapq.heappush(self._heap, timer)

    def cancel(self, job: Job) -> None:
        """Take ``job``'s timer away; it must have one here."""
        timer = job.timer
        assert timer is not None, "the job has a timer"
        timer.job = job.timer = None
        self._live -= 1
        dead = len(self._heap) - self._live
        if dead > _SWEEP_FLOOR and dead > self._live:
            self._heap = [timer for timer in self._heap if timer.job is not None]
            heapq.heapify(self._heap)

    def next_time(self) -> float | None:
        """Return the time of the earliest live timer, or None."""
        heap = self._heap
        while heap and heap[0].job is None:
            heapq.heappop(heap)
        return heap[0].when if heap else None

    def pop_due(self, now: float) -> Job | None:
        """Take out the earliest timer that is due at ``now``; return its job, or None."""
        when = self.next_time()
        if when is None or when > now:
            return None
        job = heapq.heappop(self._heap).job
        assert job is not None, "next_time() leaves a live timer in front"
        job.timer = None
        self._live -= 1
        return job

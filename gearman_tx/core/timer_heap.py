"""Jobs ordered by a time: their due time or the end of their time limit.

All times of one heap are of one clock; see :meth:`Tables.set_time`.

A cancelled entry stays in the heap until it reaches the top, or until cancelled entries outnumber
the live ones and are all removed at once. So starting, cancelling and taking a timer cost O(log n)
amortised, and memory is proportional to the live entries.
"""

from __future__ import annotations

import heapq
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gearman_tx.core.job import Job

_SWEEP_FLOOR: Final = 64  # fewer cancelled entries than this are not worth a sweep


class Timer:
    """One entry: ``job`` has a deadline at ``when``."""

    __slots__ = ("job", "number", "when")

    def __init__(self, when: float, number: int, job: Job) -> None:
        self.when = when
        self.number = number
        self.job: Job | None = job

    def __lt__(self, other: Timer) -> bool:
        """Return whether this entry comes before ``other`` in the heap."""
        if self.when == other.when:
            return self.number < other.number
        return self.when < other.when


class TimerHeap:
    """Timers, the earliest first; timers of the same time in the order of their start."""

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
        """Cancel ``job``'s timer; it must have one in this heap."""
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
        """Remove the earliest timer if it is due at ``now``; return its job, or None."""
        when = self.next_time()
        if when is None or when > now:
            return None
        job = heapq.heappop(self._heap).job
        assert job is not None, "next_time() leaves a live timer in front"
        job.timer = None
        self._live -= 1
        return job

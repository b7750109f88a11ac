"""A first-in-first-out queue of jobs from which any job can be removed in O(1).

The links are in the jobs themselves (``before`` and ``after``). So every operation is O(1), a
cancelled or abandoned job leaves nothing behind, and the queue needs no memory for each job.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gearman_tx.core.job import Job


class JobQueue:
    """The queued jobs of one function and one priority, oldest first."""

    __slots__ = ("first", "last", "size")

    def __init__(self) -> None:
        self.first: Job | None = None
        self.last: Job | None = None
        self.size = 0

    def __len__(self) -> int:
        """Return how many jobs are queued."""
        return self.size

    def __iter__(self) -> Iterator[Job]:
        """Yield the jobs, oldest first; the queue must not change meanwhile."""
        job = self.first
        while job is not None:
            yield job
            job = job.after

    def append(self, job: Job) -> None:
        """Put ``job`` at the back."""
        last = self.last
        if last is None:
            self.first = job
        else:
            last.after = job
            job.before = last
        self.last = job
        self.size += 1

    def prepend(self, job: Job) -> None:
        """Put ``job`` at the front."""
        first = self.first
        if first is None:
            self.last = job
        else:
            first.before = job
            job.after = first
        self.first = job
        self.size += 1

    def remove(self, job: Job) -> None:
        """Remove ``job`` from any place; it must be in this queue."""
        before, after = job.before, job.after
        if before is None:
            self.first = after
        else:
            before.after = after
        if after is None:
            self.last = before
        else:
            after.before = before
        job.before = job.after = None
        self.size -= 1

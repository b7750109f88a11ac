"""Imported jobs, counted by function."""

from __future__ import annotations

from attrs import define, field

from gearman_tx.store import ForeignJob


@define
class FunctionTally:
    """The jobs of one function.

    Attributes:
        priorities: the number of jobs of high, normal and low priority.
        delayed: the number of jobs that are due later.
        first_due: when the first of those is due, in Unix seconds; 0 if there is none.
        last_due: when the last of those is due.
    """

    priorities: list[int] = field(factory=lambda: [0, 0, 0])
    delayed: int = 0
    first_due: float = 0.0
    last_due: float = 0.0


@define
class Tally:
    """Jobs by function.

    Attributes:
        now: the time, in Unix seconds; jobs that are due later count as delayed.
        functions: the jobs of each function, in the order in which the functions came.
        count: the number of jobs.
    """

    now: float
    functions: dict[bytes, FunctionTally] = field(factory=dict)
    count: int = 0

    def add(self, job: ForeignJob) -> None:
        """Count a job."""
        self.count += 1
        found = self.functions.setdefault(job.function, FunctionTally())
        found.priorities[job.priority] += 1
        if job.due > self.now:
            found.delayed += 1
            found.first_due = min(found.first_due or job.due, job.due)
            found.last_due = max(found.last_due, job.due)

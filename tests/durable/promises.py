"""What a server promised over all its runs, and which promises it broke."""

from __future__ import annotations

import time
from collections import Counter

from attrs import define, field


class BrokenPromise(AssertionError):
    """The server broke a promise."""


@define
class Submission:
    """One submission: its kind, its unique, its number, and when it is due if that is later."""

    kind: int
    unique: bytes
    number: int
    due: float = 0.0


@define(eq=False)
class Promises:
    """What the server promised over all its runs.

    Attributes:
        promised: the handles that clients were told.
        workloads: by handle, the workload that workers were given.
        runs: by handle, how often it was given to a worker.
        completed: handles with a WORK_COMPLETE that was sent.
        settled: handles that have ended for certain.
        submitted: how many submissions were sent.
        kills: how often the server was killed.
        again: how many runs were of jobs that had been completed, their end not being certain.
        settled_again: how many were of jobs that had ended for certain; there are none.
    """

    promised: dict[bytes, Submission] = field(factory=dict)
    workloads: dict[bytes, bytes] = field(factory=dict)
    runs: Counter[bytes] = field(factory=Counter)
    completed: set[bytes] = field(factory=set)
    settled: set[bytes] = field(factory=set)
    submitted: int = 0
    kills: int = 0
    again: int = 0
    settled_again: int = 0

    def promise(self, handle: bytes, submission: Submission) -> None:
        """A submission was acknowledged."""
        if not submission.unique and handle in self.promised:
            raise BrokenPromise(f"{handle!r} was given to two jobs")
        self.promised.setdefault(handle, submission)

    def run(self, handle: bytes, workload: bytes) -> None:
        """A worker was given a job."""
        if self.workloads.setdefault(handle, workload) != workload:
            raise BrokenPromise(f"{handle!r} was given to two jobs")
        if handle in self.settled:
            self.settled_again += 1
            raise BrokenPromise(f"{handle!r} ran again though its end was stored")
        self.again += handle in self.completed
        self.runs[handle] += 1
        due = float(workload.partition(b"@")[2] or 0)
        if time.time() < due:
            raise BrokenPromise(f"{handle!r} ran {due - time.time():.3f} seconds too early")

    @property
    def lost(self) -> list[bytes]:
        """The handles that were promised and never ran."""
        return [handle for handle in self.promised if not self.runs[handle]]

    @property
    def queued(self) -> int:
        """How many promised jobs have not run, about."""
        return len(self.promised) - len(self.runs)

    def table(self) -> str:
        """Return the figures as a table."""
        twice = sum(count > 1 for count in self.runs.values())
        rows = [
            ("kills", self.kills),
            ("submitted", self.submitted),
            ("acknowledged", len(self.promised)),
            ("run", len(self.runs)),
            ("lost", len(self.lost)),
            ("run more than once", twice),
            ("completed, and run again", self.again),
            ("ended for certain", len(self.settled)),
            ("of these run again", self.settled_again),
        ]
        return "\n".join(f"{name:<26}{value:>9}" for name, value in rows)

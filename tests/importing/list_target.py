"""The target of an import in tests that need no queue file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import define, field

from gearman_tx.store import Fate, ForeignJob


@define
class ListTarget:
    """A target that keeps jobs in a list.

    Attributes:
        jobs: the added jobs.
        batches: the size of each batch.
        known: the jobs that were imported before.
        is_committed: whether the import was committed.
        at_commit: called before the commit.
    """

    jobs: list[ForeignJob] = field(factory=list)
    batches: list[int] = field(factory=list)
    known: set[ForeignJob] = field(factory=set)
    is_committed: bool = False
    at_commit: Callable[[], object] = list

    def add(self, jobs: Sequence[ForeignJob]) -> list[Fate]:
        """Add the jobs that are not known."""
        self.batches.append(len(jobs))
        self.jobs += [job for job in jobs if job not in self.known]
        return [Fate.KNOWN if job in self.known else Fate.ADDED for job in jobs]

    def commit(self) -> None:
        """Call ``at_commit``, then count as committed."""
        self.at_commit()
        self.is_committed = True

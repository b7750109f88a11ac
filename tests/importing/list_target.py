"""Where jobs go that are taken over in a test that needs no queue file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from attrs import define, field

from gearman_tx.store import Fate, ForeignJob


@define
class ListTarget:
    """A load that keeps jobs in a list.

    Attributes:
        jobs: what was added.
        batches: how many jobs came at a time.
        known: what was taken over before.
        is_committed: whether it is on the disk, so to say.
        at_commit: what happens elsewhere at that moment.
    """

    jobs: list[ForeignJob] = field(factory=list)
    batches: list[int] = field(factory=list)
    known: set[ForeignJob] = field(factory=set)
    is_committed: bool = False
    at_commit: Callable[[], object] = list

    def add(self, jobs: Sequence[ForeignJob]) -> list[Fate]:
        """Keep those that are not known."""
        self.batches.append(len(jobs))
        self.jobs += [job for job in jobs if job not in self.known]
        return [Fate.KNOWN if job in self.known else Fate.ADDED for job in jobs]

    def commit(self) -> None:
        """Note it."""
        self.at_commit()
        self.is_committed = True

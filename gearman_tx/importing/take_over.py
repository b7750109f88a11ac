"""Take the jobs of a source over into a queue file.

Theory of operation. The source is read once, a few rows at a time, into one transaction on our
side. What is no job is left where it is and told. Rows are deleted from the source, if that is
wanted, when our transaction is on the disk: whatever happens between the two, a job is in one place
or in both.

A job that was taken over from this source before stops everything, unless the caller says that it
is to be left out. It may be the same one, left there by an import that did not delete, or another
that is equal in everything, submitted since: only the user knows, and nothing is lost unasked.
"""

from __future__ import annotations

from contextlib import closing
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Protocol

from attrs import define, field

from gearman_tx.errors import GearmanError
from gearman_tx.importing.as_job import UnreadableError, as_job, label
from gearman_tx.importing.source import SourceError
from gearman_tx.importing.spool import Spool
from gearman_tx.importing.tally import Tally
from gearman_tx.store import Fate, ForeignJob

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gearman_tx.importing.source import Key, Source

MOST_TOLD: Final = 20
"""How many of the rows that are no jobs are told one by one."""

_ROWS_AT_ONCE: Final = 256
_BYTES_AT_ONCE: Final = 4 * 1024 * 1024
_ID_SIZE: Final = 8


class Load(Protocol):
    """Where the jobs go: a bulk load, or the rehearsal of one."""

    def add(self, jobs: Sequence[ForeignJob]) -> list[Fate]:
        """Add those that were not taken over before; return what became of each."""

    def commit(self) -> None:
        """Bring everything to the disk."""


class TakenBeforeError(GearmanError):
    """Some of the jobs were taken over before; nothing was taken over now."""


@define
class Outcome:
    """What became of the rows of a source.

    Attributes:
        added: the jobs that are ours now.
        known: how many were taken over before.
        repeated: how many came twice.
        unreadable: how many are no jobs and were left.
        told: which, and why, one line each; the first :data:`MOST_TOLD` of them.
        deleted: how many rows were deleted from the source.
        not_deleted: why they could not be; empty if they could, or were not to be.
    """

    added: Tally
    known: int = 0
    repeated: int = 0
    unreadable: int = 0
    told: list[str] = field(factory=list)
    deleted: int = 0
    not_deleted: str = ""

    @property
    def rows(self) -> int:
        """How many rows were looked at."""
        return self.added.count + self.known + self.repeated + self.unreadable

    def count(self, job: ForeignJob, fate: Fate) -> None:
        """Count a job."""
        match fate:
            case Fate.ADDED:
                self.added.add(job)
            case Fate.REPEATED:
                self.repeated += 1
            case Fate.KNOWN:
                self.known += 1

    def leave(self, told: str) -> None:
        """Count a row that is no job."""
        self.unreadable += 1
        if len(self.told) < MOST_TOLD:
            self.told.append(told)


def source_id(source: Source) -> bytes:
    """Return 8 bytes that stand for a source in a queue file."""
    return blake2b(source.identity.encode(), digest_size=_ID_SIZE).digest()


def take_over(  # noqa: PLR0913  # the last four are choices of the user
    source: Source,
    load: Load,
    now: float,
    *,
    only_new: bool = False,
    delete: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Outcome:
    """Take the jobs of a source over.

    Args:
        source: where they are.
        load: where they go.
        now: the time, in Unix seconds.
        only_new: whether what was taken over before is left out.
        delete: whether what is ours then is deleted from the source.
        progress: called now and then with how many rows were looked at.

    Returns:
        What became of them.

    Raises:
        TakenBeforeError: there is something that was taken over before, and it is not to be left
            out; nothing was taken over.
        SourceError: the source cannot be read; nothing was taken over.
        StoreError: the queue file cannot be written; nothing was taken over.
    """
    outcome = Outcome(Tally(now))
    with closing(Spool()) as spool:
        for batch in _batches(source, outcome):
            for job, fate in zip(batch.jobs, load.add(batch.jobs), strict=True):
                outcome.count(job, fate)
            if outcome.known and not only_new:
                raise TakenBeforeError(f"jobs of {source.name} were taken over before")
            if delete:
                spool.add(batch.keys)
            if progress is not None:
                progress(outcome.rows)
        load.commit()
        if delete:
            try:
                outcome.deleted = source.delete(spool.batches())
            except SourceError as error:
                outcome.not_deleted = str(error)
    return outcome


@define
class _Batch:
    """Jobs that are added together, and the keys of their rows."""

    jobs: list[ForeignJob] = field(factory=list)
    keys: list[Key] = field(factory=list)
    size: int = 0

    def add(self, job: ForeignJob, key: Key) -> bool:
        """Take a job in; return whether that is enough."""
        self.jobs.append(job)
        self.keys.append(key)
        self.size += len(job.workload)
        return len(self.jobs) == _ROWS_AT_ONCE or self.size >= _BYTES_AT_ONCE


def _batches(source: Source, outcome: Outcome) -> Iterator[_Batch]:
    """Yield the jobs of a source, some at a time; note what is no job."""
    batch = _Batch()
    for row in source.read():
        try:
            job = as_job(row)
        except UnreadableError as error:
            outcome.leave(f"{label(row)}: {error}")
            continue
        if batch.add(job, row.key):
            yield batch
            batch = _Batch()
    yield batch

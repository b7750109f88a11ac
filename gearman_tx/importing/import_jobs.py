"""Import the jobs of a source into a queue file.

Theory of operation. The source is read once, a few rows at a time, into one transaction of the
queue file. Rows that are no jobs stay in the source and are reported. Rows are deleted from the
source only when the transaction is on disk, so a job is always in one of the two places, or in
both.

If a job was imported from this source before, the import stops, unless the caller wants such jobs
left out. The job may be the old one, which an import without deletion left there, or a new one that
is equal in every field: only the user knows, and no job is lost without a question.
"""

from __future__ import annotations

from contextlib import closing
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Protocol

from attrs import define, field

from gearman_tx.errors import GearmanError
from gearman_tx.importing.key_file import KeyFile
from gearman_tx.importing.source import SourceError
from gearman_tx.importing.tally import Tally
from gearman_tx.store import Fate, ForeignJob, NotAJobError, to_job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from gearman_tx.importing.source import Source
    from gearman_tx.store import RowKey

MOST_REPORTED: Final = 20
"""How many rows are reported one by one; the others are only counted."""

_ROWS_AT_ONCE: Final = 256
_BYTES_AT_ONCE: Final = 4 * 1024 * 1024
_ID_SIZE: Final = 8


class Target(Protocol):
    """Where the jobs go: the importer of a queue file, or a dry run."""

    def add(self, jobs: Sequence[ForeignJob]) -> list[Fate]:
        """Add the jobs that were not imported before; return what was done with each."""

    def commit(self) -> None:
        """Make the added jobs durable."""


class ImportedBeforeError(GearmanError):
    """Some of the jobs were imported before, so nothing is imported now."""


@define
class Outcome:
    """The result of an import.

    Attributes:
        added: the jobs that were added.
        known: how many jobs were imported before.
        repeated: how many jobs came twice.
        changed: how many jobs had an unknown priority, and were imported as normal ones.
        left: how many rows are no jobs and stay in the source.
        reports: which rows were left or changed, and why, one line each; the first
            :data:`MOST_REPORTED` of them.
        deleted: how many rows were deleted from the source.
        not_deleted: why the rows could not be deleted; empty if they were, or should stay.
    """

    added: Tally
    known: int = 0
    repeated: int = 0
    changed: int = 0
    left: int = 0
    reports: list[str] = field(factory=list)
    deleted: int = 0
    not_deleted: str = ""

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return self.added.count + self.known + self.repeated + self.left

    def count(self, job: ForeignJob, fate: Fate) -> None:
        """Count a job."""
        match fate:
            case Fate.ADDED:
                self.added.add(job)
            case Fate.REPEATED:
                self.repeated += 1
            case Fate.KNOWN:
                self.known += 1

    def report(self, text: str) -> None:
        """Report one row."""
        if len(self.reports) < MOST_REPORTED:
            self.reports.append(text)


def source_id(source: Source) -> bytes:
    """Return the 8 bytes by which a queue file knows a source."""
    return blake2b(source.identity.encode(), digest_size=_ID_SIZE).digest()


def import_jobs(  # noqa: PLR0913  # the last four are choices of the user
    source: Source,
    target: Target,
    now: float,
    *,
    only_new: bool = False,
    delete: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Outcome:
    """Import the jobs of a source.

    Args:
        source: where the jobs are.
        target: where they go.
        now: the time, in Unix seconds.
        only_new: whether jobs that were imported before are left out.
        delete: whether imported jobs are deleted from the source.
        progress: called now and then with the number of rows that were read.

    Returns:
        What was done.

    Raises:
        ImportedBeforeError: a job was imported before and ``only_new`` is false; nothing was
            imported.
        SourceError: the source cannot be read; nothing was imported.
        StoreError: the queue file cannot be written; nothing was imported.
    """
    outcome = Outcome(Tally(now))
    with closing(KeyFile()) as keys:
        for batch in _batches(source, outcome):
            for job, fate in zip(batch.jobs, target.add(batch.jobs), strict=True):
                outcome.count(job, fate)
            if outcome.known and not only_new:
                raise ImportedBeforeError(f"jobs of {source.name} were imported before")
            if delete:
                keys.add(batch.keys)
            if progress is not None:
                progress(outcome.rows)
        target.commit()
        if delete:
            try:
                outcome.deleted = source.delete(keys.batches())
            except SourceError as error:
                outcome.not_deleted = str(error)
    return outcome


@define
class _Batch:
    """Jobs that are added together, and the keys of their rows."""

    jobs: list[ForeignJob] = field(factory=list)
    keys: list[RowKey] = field(factory=list)
    size: int = 0

    def add(self, job: ForeignJob, key: RowKey) -> bool:
        """Add a job; return whether the batch is full."""
        self.jobs.append(job)
        self.keys.append(key)
        self.size += len(job.workload)
        return len(self.jobs) == _ROWS_AT_ONCE or self.size >= _BYTES_AT_ONCE


def _batches(source: Source, outcome: Outcome) -> Iterator[_Batch]:
    """Yield the jobs of a source in batches; count the rows that are left or changed."""
    batch = _Batch()
    for row in source.read():
        try:
            job, change = to_job(row)
        except NotAJobError as error:
            outcome.left += 1
            outcome.report(f"left: {row.label}: {error}")
            continue
        if change:
            outcome.changed += 1
            outcome.report(f"changed: {row.label}: {change}")
        if batch.add(job, row.key):
            yield batch
            batch = _Batch()
    yield batch

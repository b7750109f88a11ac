"""Take the jobs of a source over into a queue file.

Theory of operation. The source is read once, a few rows at a time, into one transaction on our
side. What is no job is left where it is and told. What was taken over before is counted and not
added again, so whoever is interrupted begins anew. Rows are deleted from the source, if that is
wanted, when our transaction is on the disk: whatever happens between the two, a job is in one place
or in both, and the next try deletes what this one did not.
"""

from __future__ import annotations

from contextlib import closing
from hashlib import blake2b
from typing import TYPE_CHECKING, Final, Protocol

from attrs import define, field

from gearman_tx.takeover.as_job import UnreadableError, as_job, label
from gearman_tx.takeover.source import SourceError
from gearman_tx.takeover.spool import Spool
from gearman_tx.takeover.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gearman_tx.store import ForeignJob
    from gearman_tx.takeover.source import Key, Source

MOST_TOLD: Final = 20
"""How many of the rows that are no jobs are told one by one."""

_ROWS_AT_ONCE: Final = 256
_BYTES_AT_ONCE: Final = 4 * 1024 * 1024
_ID_SIZE: Final = 8


class Load(Protocol):
    """Where the jobs go: a bulk load, or the rehearsal of one."""

    def add(self, jobs: Sequence[ForeignJob]) -> list[bool]:
        """Add those that were not taken over before; return which."""

    def commit(self) -> None:
        """Bring everything to the disk."""


@define
class Outcome:
    """What became of the rows of a source.

    Attributes:
        added: the jobs that are ours now.
        known: how many were taken over before.
        unreadable: how many are no jobs and were left.
        told: which, and why, one line each; the first :data:`MOST_TOLD` of them.
        deleted: how many rows were deleted from the source.
        not_deleted: why they could not be; empty if they could, or were not to be.
    """

    added: Tally
    known: int = 0
    unreadable: int = 0
    told: list[str] = field(factory=list)
    deleted: int = 0
    not_deleted: str = ""

    @property
    def rows(self) -> int:
        """How many rows were looked at."""
        return self.added.count + self.known + self.unreadable


def source_id(source: Source) -> bytes:
    """Return 8 bytes that stand for a source in a queue file."""
    return blake2b(source.identity.encode(), digest_size=_ID_SIZE).digest()


def take_over(
    source: Source,
    load: Load,
    now: float,
    *,
    delete: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Outcome:
    """Take the jobs of a source over.

    Args:
        source: where they are.
        load: where they go.
        now: the time, in Unix seconds.
        delete: whether what is ours then is deleted from the source.
        progress: called now and then with how many rows were looked at.

    Returns:
        What became of them.

    Raises:
        SourceError: the source cannot be read; nothing was taken over.
        StoreError: the queue file cannot be written; nothing was taken over.
    """
    outcome = Outcome(Tally(now))
    with closing(Spool()) as spool:
        _read(source, load, outcome, spool if delete else None, progress)
        load.commit()
        if delete:
            try:
                outcome.deleted = source.delete(spool.batches())
            except SourceError as error:
                outcome.not_deleted = str(error)
    return outcome


def _read(
    source: Source,
    load: Load,
    outcome: Outcome,
    spool: Spool | None,
    progress: Callable[[int], None] | None,
) -> None:
    jobs: list[ForeignJob] = []
    keys: list[Key] = []
    size = 0

    def flush() -> None:
        for job, is_new in zip(jobs, load.add(jobs), strict=True):
            if is_new:
                outcome.added.add(job)
            else:
                outcome.known += 1
        if spool is not None:
            spool.add(keys)
        jobs.clear()
        keys.clear()
        if progress is not None:
            progress(outcome.rows)

    for row in source.read():
        try:
            job = as_job(row)
        except UnreadableError as error:
            outcome.unreadable += 1
            if len(outcome.told) < MOST_TOLD:
                outcome.told.append(f"{label(row)}: {error}")
            continue
        jobs.append(job)
        keys.append(row.key)
        size += len(job.workload)
        if len(jobs) == _ROWS_AT_ONCE or size >= _BYTES_AT_ONCE:
            flush()
            size = 0
    flush()

"""Rows become jobs in batches; other rows are reported and left, and no job is ever lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import pytest
from attrs import define, field

from gearman_tx.importing import ImportedBeforeError, SourceError, import_jobs
from gearman_tx.importing.import_jobs import MOST_REPORTED
from gearman_tx.importing.redis_key import AmbiguousKeyError, split_key
from gearman_tx.store import ForeignRow, RowKey, to_job
from tests.importing.list_target import ListTarget
from tests.store.test_foreign_row import row

NOW = datetime(2030, 1, 1, tzinfo=UTC).timestamp()
UUID = b"0f8fad5b-d9cb-469f-a165-70867728950e"


@define
class ListSource:
    """A source whose rows are a list, and which may fail."""

    rows: list[ForeignRow]
    fails_at: int = -1
    cannot_delete: bool = False
    deleted: list[RowKey] = field(factory=list)
    batches: list[int] = field(factory=list)
    name: str = "a list"
    identity: str = "a list"

    def count(self) -> int:
        """Return how many rows there are."""
        return len(self.rows)

    def read(self) -> Iterator[ForeignRow]:
        """Yield the rows until it fails."""
        for number, found in enumerate(self.rows):
            if number == self.fails_at:
                raise SourceError("cannot read a list: it is gone")
            yield found

    def delete(self, batches: Iterable[Sequence[RowKey]]) -> int:
        """Record the deleted keys."""
        if self.cannot_delete:
            raise SourceError("cannot change a list: it is read-only")
        for keys in batches:
            self.deleted += keys
            self.batches.append(len(keys))
        return len(self.deleted)

    def close(self) -> None:
        """Do nothing."""


def test_batches_of_rows() -> None:
    """A batch is limited in rows and in bytes."""
    source, target = ListSource([row(number) for number in range(600)]), ListTarget()
    seen: list[int] = []
    outcome = import_jobs(source, target, NOW, delete=True, progress=seen.append)
    assert target.batches == [256, 256, 88]
    assert seen == [256, 512, 600]
    assert (outcome.added.count, outcome.deleted, outcome.rows) == (600, 600, 600)
    assert source.deleted == [(number, None) for number in range(600)]
    large = [row(number, workload=bytes(3_000_000)) for number in range(5)]
    target = ListTarget()
    import_jobs(ListSource(large), target, NOW)
    assert target.batches == [2, 2, 1]


def test_batches_of_keys() -> None:
    """A source deletes a thousand rows at a time."""
    source = ListSource([row(number) for number in range(2500)])
    import_jobs(source, ListTarget(), NOW, delete=True)
    assert source.batches == [1000, 1000, 500]


def test_a_source_that_fails() -> None:
    """If the source fails, no job is committed and no row is deleted."""
    source, target = ListSource([row(number) for number in range(600)], fails_at=500), ListTarget()
    with pytest.raises(SourceError, match="it is gone"):
        import_jobs(source, target, NOW, delete=True)
    assert not target.is_committed
    assert source.deleted == []


def test_rows_are_deleted_after_the_commit() -> None:
    """The source keeps all rows while the commit may still fail."""
    source = ListSource([row()])
    target = ListTarget(at_commit=lambda: source.deleted.append(("nothing", None)))
    import_jobs(source, target, NOW, delete=True)
    assert source.deleted == [("nothing", None), (1, None)]

    def fail() -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        import_jobs(source, ListTarget(at_commit=fail), NOW, delete=True)
    assert len(source.deleted) == 2


def test_a_source_that_cannot_delete() -> None:
    """The jobs are imported, and the outcome has the reason."""
    target = ListTarget()
    outcome = import_jobs(ListSource([row()], cannot_delete=True), target, NOW, delete=True)
    assert target.is_committed
    assert (outcome.added.count, outcome.deleted) == (1, 0)
    assert outcome.not_deleted == "cannot change a list: it is read-only"


def test_jobs_imported_before() -> None:
    """They stop the import, or are counted and deleted but not in the tally."""
    source = ListSource([row(1), row(2)])
    target = ListTarget(known={to_job(row(1))[0]})
    with pytest.raises(ImportedBeforeError, match="jobs of a list were imported before"):
        import_jobs(source, target, NOW, delete=True)
    assert not target.is_committed
    assert source.deleted == []
    outcome = import_jobs(source, target, NOW, only_new=True, delete=True)
    assert (outcome.known, outcome.added.count, outcome.deleted) == (1, 1, 2)


def test_only_some_rows_are_reported() -> None:
    """Of many rows that are no jobs all are counted and the first ones reported."""
    rows = [row(number, function=None) for number in range(50)]
    outcome = import_jobs(ListSource(rows), ListTarget(), NOW)
    assert outcome.left == 50
    assert len(outcome.reports) == MOST_REPORTED
    assert outcome.reports[0] == "left: function NULL, unique 'u0': it has no function"


def test_an_unknown_priority() -> None:
    """The job is imported as a normal one, counted, reported and deleted from the source."""
    source, target = ListSource([row(1), row(2, priority=9)]), ListTarget()
    outcome = import_jobs(source, target, NOW, delete=True)
    assert [job.priority for job in target.jobs] == [1, 1]
    assert (outcome.added.count, outcome.changed, outcome.left, outcome.deleted) == (2, 1, 0, 2)
    change = "its priority was 9 and is normal now"
    assert outcome.reports == [f"changed: function 'f', unique 'u2': {change}"]


def test_the_tally() -> None:
    """Jobs are counted by function, priority and time; a job that is due is not delayed."""
    rows = [
        row(1, priority=0, due=NOW + 9),
        row(2, priority=2, due=NOW + 5),
        row(3, due=NOW),
        row(4, function=b"g", due=-7),
    ]
    tally = import_jobs(ListSource(rows), ListTarget(), NOW).added
    f, g = tally.functions[b"f"], tally.functions[b"g"]
    assert (f.priorities, f.delayed, f.first_due, f.last_due) == ([1, 1, 1], 2, NOW + 5, NOW + 9)
    assert (g.priorities, g.delayed, g.first_due, g.last_due) == ([0, 1, 0], 0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("rest", "names"),
    [
        (b"f-u", (b"f", b"u")),
        (b"f-", (b"f", b"")),
        (b"-u", (b"", b"u")),
        (b"f--", (b"f", b"-")),
        (b"f-" + UUID, (b"f", UUID)),
        (b"f\n-" + UUID, (b"f\n", UUID)),
        (b"known-x-y", (b"known", b"x-y")),
        (b"known-too-x-y", (b"known-too", b"x-y")),
        (b"known-too", (b"known", b"too")),
        (b"f- " + b"u" * 63, (b"f", b"u" * 63)),
        (b"f-  " + b"u" * 62, (b"f", b" " + b"u" * 62)),
        (b"f- " + b"u" * 62, (b"f", b" " + b"u" * 62)),
    ],
)
def test_keys_of_redis(rest: bytes, names: tuple[bytes, bytes]) -> None:
    """A key with one reading is split."""
    assert split_key(rest, (b"known", b"known-too")) == names


@pytest.mark.parametrize("rest", [b"f", b"a-b-c", b"a-b-" + UUID, b"a---", b"a-" + UUID[:-1]])
def test_ambiguous_keys(rest: bytes) -> None:
    """A key with several readings is refused."""
    with pytest.raises(AmbiguousKeyError):
        split_key(rest, (b"other",))

"""Rows become jobs, some at a time; what is none is told and left, and nothing is lost between."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

import pytest
from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.importing import SourceError, TakenBeforeError, take_over
from gearman_tx.importing.as_job import LARGEST_WORKLOAD, UnreadableError, as_job, label
from gearman_tx.importing.redis_key import AmbiguousKeyError, split_key
from gearman_tx.importing.source import Key, Row
from gearman_tx.importing.take_over import MOST_TOLD
from gearman_tx.store import ForeignJob
from tests.importing.loads import ListLoad

NOW = datetime(2030, 1, 1, tzinfo=UTC).timestamp()
UUID = b"0f8fad5b-d9cb-469f-a165-70867728950e"


class Sized(bytes):
    """A workload that says that it is larger than it is."""

    def __len__(self) -> int:
        """Return more than fits."""
        return LARGEST_WORKLOAD + 1


@define
class ListSource:
    """A source that has its rows in a list, and may break."""

    rows: list[Row]
    breaks_at: int = -1
    cannot_delete: bool = False
    deleted: list[Key] = field(factory=list)
    batches: list[int] = field(factory=list)
    name: str = "a list"
    identity: str = "a list"

    def count(self) -> int:
        """Return how many rows there are."""
        return len(self.rows)

    def read(self) -> Iterator[Row]:
        """Yield the rows until it breaks."""
        for number, row in enumerate(self.rows):
            if number == self.breaks_at:
                raise SourceError("cannot read a list: it is gone")
            yield row

    def delete(self, batches: Iterable[Sequence[Key]]) -> int:
        """Note what is deleted."""
        if self.cannot_delete:
            raise SourceError("cannot change a list: it is read-only")
        for keys in batches:
            self.deleted += keys
            self.batches.append(len(keys))
        return len(self.deleted)

    def close(self) -> None:
        """Do nothing."""


def row(number: int = 1, **fields: object) -> Row:
    """Return a row of a usual job, but for ``fields``."""
    usual = Row((number, None), b"f", b"u%d" % number, 1, b"work", 0)
    return usual._replace(**fields)  # type: ignore[arg-type]  # each test knows the fields


def test_many_rows_come_some_at_a_time() -> None:
    """Neither many rows nor large ones are in memory together."""
    source, load = ListSource([row(number) for number in range(600)]), ListLoad()
    seen: list[int] = []
    outcome = take_over(source, load, NOW, delete=True, progress=seen.append)
    assert load.batches == [256, 256, 88]
    assert seen == [256, 512, 600]
    assert (outcome.added.count, outcome.deleted, outcome.rows) == (600, 600, 600)
    assert source.deleted == [(number, None) for number in range(600)]
    large = [row(number, workload=bytes(3_000_000)) for number in range(5)]
    load = ListLoad()
    take_over(ListSource(large), load, NOW)
    assert load.batches == [2, 2, 1]


def test_keys_are_deleted_some_at_a_time() -> None:
    """A source that is cleared is told of a thousand rows at a time."""
    source = ListSource([row(number) for number in range(2500)])
    take_over(source, ListLoad(), NOW, delete=True)
    assert source.batches == [1000, 1000, 500]


def test_a_source_that_breaks() -> None:
    """Nothing is committed and nothing deleted when the source ends too early."""
    source, load = ListSource([row(number) for number in range(600)], breaks_at=500), ListLoad()
    with pytest.raises(SourceError, match="it is gone"):
        take_over(source, load, NOW, delete=True)
    assert not load.is_committed
    assert source.deleted == []


def test_nothing_is_deleted_before_the_commit() -> None:
    """The source has all rows as long as ours may still fail."""
    source = ListSource([row()])
    load = ListLoad(at_commit=lambda: source.deleted.append(("nothing", None)))
    take_over(source, load, NOW, delete=True)
    assert source.deleted == [("nothing", None), (1, None)]

    def fail() -> None:
        raise OSError("the disk is full")

    with pytest.raises(OSError, match="the disk is full"):
        take_over(source, ListLoad(at_commit=fail), NOW, delete=True)
    assert len(source.deleted) == 2


def test_a_source_that_cannot_delete() -> None:
    """The jobs are ours all the same, and the reason is told."""
    load = ListLoad()
    outcome = take_over(ListSource([row()], cannot_delete=True), load, NOW, delete=True)
    assert load.is_committed
    assert (outcome.added.count, outcome.deleted) == (1, 0)
    assert outcome.not_deleted == "cannot change a list: it is read-only"


def test_what_was_taken_over_before() -> None:
    """It stops everything, or is counted, deleted as well, and not in the tally."""
    source = ListSource([row(1), row(2)])
    load = ListLoad(known={as_job(row(1))})
    with pytest.raises(TakenBeforeError, match="jobs of a list were taken over before"):
        take_over(source, load, NOW, delete=True)
    assert not load.is_committed
    assert source.deleted == []
    outcome = take_over(source, load, NOW, only_new=True, delete=True)
    assert (outcome.known, outcome.added.count, outcome.deleted) == (1, 1, 2)


def test_only_some_are_told() -> None:
    """Of very many rows that are no jobs all are counted and the first ones told."""
    rows = [row(number, priority=9) for number in range(50)]
    outcome = take_over(ListSource(rows), ListLoad(), NOW)
    assert outcome.unreadable == 50
    assert len(outcome.told) == MOST_TOLD
    assert outcome.told[0].startswith("function 'f', unique 'u0': its priority is 9, not 0 (high)")


def test_the_tally() -> None:
    """Jobs are counted by function, priority and time; one that is due is not delayed."""
    rows = [
        row(1, priority=0, due=NOW + 9),
        row(2, priority=2, due=NOW + 5),
        row(3, due=NOW),
        row(4, function=b"g", due=-7),
    ]
    tally = take_over(ListSource(rows), ListLoad(), NOW).added
    f, g = tally.functions[b"f"], tally.functions[b"g"]
    assert (f.priorities, f.delayed, f.first_due, f.last_due) == ([1, 1, 1], 2, NOW + 5, NOW + 9)
    assert (g.priorities, g.delayed, g.first_due, g.last_due) == ([0, 1, 0], 0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"function": None}, "it has no function"),
        ({"function": b"f\0"}, "its function has a NUL in it"),
        ({"function": b"f" * 8192}, "its function has 8192 bytes, the limit is 8191"),
        ({"unique": b"u" * 65}, "its unique has 65 bytes, the limit is 64"),
        ({"unique": b"u" * 62 + b"\0"}, "its unique has a NUL in it"),
        ({"priority": None}, "its priority is NULL, not 0 (high), 1 (normal) or 2 (low)"),
        ({"priority": b"\xff" * 99}, "its priority is '" + "\\\\xff" * 15 + "\\\\xf..., not 0 ("),
        ({"due": "noon"}, "its time is 'noon', not a number of seconds since 1970"),
        ({"workload": Sized()}, "its workload has 1000000001 bytes, the limit is 1000000000"),
        ({"trouble": "it is a list"}, "it is a list"),
    ],
)
def test_rows_that_are_no_jobs(fields: dict[str, object], told: str) -> None:
    """What is wrong is said with the value and the limit."""
    with pytest.raises(UnreadableError) as caught:
        as_job(row()._replace(**fields))  # type: ignore[arg-type]  # likewise
    assert str(caught.value).startswith(told)


def test_the_name_of_a_row() -> None:
    """A row is told by its names, or by its key when it has none."""
    assert label(row(unique=None)) == "function 'f', unique NULL"
    bad = row(key=(b"_gear_-x", None), function=None, trouble="no")
    assert label(bad) == "the key '_gear_-x'"


def test_values_that_stand_for_others() -> None:
    """NULLs are empty, a NUL in the place of the last byte goes, times before 1970 are now."""
    found = as_job(row(unique=b"u" * 63 + b"\0", workload=None, due=-5))
    assert found == (b"f", b"u" * 63, 1, b"", 0.0)
    assert as_job(row(unique=None, due=None)) == (b"f", b"", 1, b"work", 0.0)
    assert as_job(row(unique=b"u" * 64, priority=2, due=2.5)) == (b"f", b"u" * 64, 2, b"work", 2.5)


JOBS = st.builds(
    ForeignJob,
    st.binary(max_size=3),
    st.binary(max_size=3),
    st.integers(0, 2),
    st.binary(max_size=3),
    st.integers(0, 3).map(float),
)


@given(JOBS, JOBS)
def test_a_digest_tells_jobs_apart(one: ForeignJob, other: ForeignJob) -> None:
    """Two jobs have one digest if they are the same, and not else."""
    assert (one.digest == other.digest) == (one == other)
    assert len(one.digest) == 16


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
    """A key is taken apart where there is no doubt."""
    assert split_key(rest, (b"known", b"known-too")) == names


@pytest.mark.parametrize("rest", [b"f", b"a-b-c", b"a-b-" + UUID, b"a---", b"a-" + UUID[:-1]])
def test_keys_that_are_not_clear(rest: bytes) -> None:
    """Nothing is guessed."""
    with pytest.raises(AmbiguousKeyError):
        split_key(rest, (b"other",))

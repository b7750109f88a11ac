"""The rules by which a row of a C server's store becomes a job, each of them once."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.core import HIGH, LOW, NORMAL
from gearman_tx.store import ForeignJob, ForeignRow, NotAJobError, to_job
from gearman_tx.store.foreign_row import LARGEST_WORKLOAD


class HugeWorkload(bytes):
    """A workload that pretends to be larger than it is."""

    def __len__(self) -> int:
        """Return one more than the limit."""
        return LARGEST_WORKLOAD + 1


def row(number: int = 1, **fields: Any) -> ForeignRow:
    """Return a row of a usual job, except for ``fields``."""
    usual = ForeignRow((number, None), b"f", b"u%d" % number, NORMAL, b"work", 0)
    return usual._replace(**fields)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"function": None}, "it has no function"),
        ({"function": b"f\0"}, "its function has a NUL in it"),
        ({"function": b"f" * 8192}, "its function has 8192 bytes, the limit is 8191"),
        ({"unique": b"u" * 65}, "its unique has 65 bytes, the limit is 64"),
        ({"unique": b"u" * 62 + b"\0"}, "its unique has a NUL in it"),
        ({"due": "noon"}, "its time is 'noon', not a number of seconds since 1970"),
        ({"workload": HugeWorkload()}, "its workload has 1000000001 bytes, the limit is 10000000"),
        ({"problem": "it is a list"}, "it is a list"),
    ],
)
def test_rows_that_are_no_jobs(fields: dict[str, Any], reason: str) -> None:
    """The error says the value and the limit."""
    with pytest.raises(NotAJobError) as caught:
        to_job(row(**fields))
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize("priority", [HIGH, NORMAL, LOW])
def test_a_usual_row(priority: int) -> None:
    """Every field is taken as it is, and no change is reported."""
    found = to_job(row(unique=b"u" * 64, priority=priority, due=2.5))
    assert found == ((b"f", b"u" * 64, priority, b"work", 2.5), "")


@pytest.mark.parametrize(
    ("priority", "shown"),
    [
        (None, "NULL"),
        (3, "3"),
        (-1, "-1"),
        (1.0, "1.0"),
        (b"high", "'high'"),
        (b"\xff" * 99, "'" + "\\\\xff" * 15 + "\\\\xf..."),
    ],
)
def test_an_unknown_priority(priority: object, shown: str) -> None:
    """The job is normal, and the change is reported."""
    job, change = to_job(row(priority=priority))
    assert job.priority == NORMAL
    assert change == f"its priority was {shown} and is normal now"


def test_values_with_a_meaning() -> None:
    """A NULL is empty, a NUL in the place of byte 64 is dropped, a time before 1970 is at once."""
    job, _ = to_job(row(unique=b"u" * 63 + b"\0", workload=None, due=-5))
    assert job == (b"f", b"u" * 63, NORMAL, b"", 0.0)
    job, _ = to_job(row(function=b"", unique=None, due=None))
    assert job == (b"", b"", NORMAL, b"work", 0.0)


def test_the_label_of_a_row() -> None:
    """A label has the names, or the key if the names are not known."""
    assert row(unique=None).label == "function 'f', unique NULL"
    assert row(key=(b"_gear_-x", None), function=None, problem="no").label == "the key '_gear_-x'"


JOBS = st.builds(
    ForeignJob,
    st.binary(max_size=3),
    st.binary(max_size=3),
    st.integers(0, 2),
    st.binary(max_size=3),
    st.integers(0, 3).map(float),
)


@given(JOBS, JOBS)
def test_digests(one: ForeignJob, other: ForeignJob) -> None:
    """Two jobs have the same digest exactly if they are equal."""
    assert (one.digest == other.digest) == (one == other)
    assert len(one.digest) == 16

"""Jobs, changes and settings for the tests of stores."""

from __future__ import annotations

from collections.abc import Mapping

from hypothesis import strategies as st

from gearman_tx.core import HIGH, LOW, FunctionSettings, JobChange, JobRecord

Limits = tuple[int, int, int]

NOON = 1_700_000_000.0
"""When the jobs of tests were submitted, in Unix seconds."""


def record(number: int, workload: bytes = b"work", **fields: object) -> JobRecord:
    """Return a job with the id ``number`` and usual values, except for ``fields``."""
    usual = JobRecord(
        number, b"H:t:%d" % number, b"resize", b"u%d" % number, 1, workload, None, 0.0, 0, NOON
    )
    return usual._replace(**fields)  # type: ignore[arg-type]  # each test knows the fields


def records(numbers: range, workload: bytes = b"work") -> list[JobRecord]:
    """Return usual jobs with the ids ``numbers``."""
    return [record(number, workload) for number in numbers]


def changes(losses: Mapping[int, int]) -> list[JobChange]:
    """Return changes of jobs by id: how often each was lost."""
    return [JobChange(number, 0.0, count) for number, count in losses.items()]


def limits(limits: Mapping[bytes, Limits | None]) -> dict[bytes, FunctionSettings | None]:
    """Return the settings of functions with these queue limits, or None to forget them."""
    return {name: each and FunctionSettings(max_queue=each) for name, each in limits.items()}


def any_record(number: int) -> st.SearchStrategy[JobRecord]:
    """Draw a job with the id ``number`` and any other values that the protocol allows."""
    name = st.binary(max_size=20)
    time = st.floats(min_value=0, max_value=1e12, allow_nan=False)
    return st.builds(
        JobRecord,
        st.just(number),
        st.just(b"H:t:%d" % number),
        name,
        name,
        st.integers(HIGH, LOW),
        st.binary(max_size=200) | st.integers(0, 20_000).map(lambda size: b"\0x" * size),
        st.none() | name,
        time | st.integers(0, 2**62).map(float),
        st.integers(0, 2**31 - 1),
        time,
    )

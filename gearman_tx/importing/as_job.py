"""From a row of a source to a job, or to the reason why it is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearman_tx.core import DEFAULT_MAX_FUNCTION_NAME, DEFAULT_MAX_UNIQUE, HIGH, LOW, NORMAL
from gearman_tx.store import ForeignJob

if TYPE_CHECKING:
    from gearman_tx.importing.source import Row

LARGEST_WORKLOAD: Final = 1_000_000_000
"""The largest workload that fits into a queue file, in bytes."""

_SHOWN: Final = 80  # characters of a name in a message


class UnreadableError(ValueError):
    """A row is no job that a server could run; the text says why."""


def as_job(row: Row) -> ForeignJob:
    """Return the job of a row.

    A NULL workload is an empty one. Of a unique of 64 bytes the C server loses the last one, and
    leaves a NUL in its place in some stores.

    Raises:
        UnreadableError: the row is none.
    """
    if row.trouble:
        raise UnreadableError(row.trouble)
    function, unique = row.function, row.unique or b""
    if unique[DEFAULT_MAX_UNIQUE - 1 :] == b"\0":
        unique = unique[:-1]
    if function is None:
        raise UnreadableError("it has no function")
    for what, name, limit in (
        ("function", function, DEFAULT_MAX_FUNCTION_NAME),
        ("unique", unique, DEFAULT_MAX_UNIQUE),
    ):
        if len(name) > limit:
            raise UnreadableError(f"its {what} has {len(name)} bytes, the limit is {limit}")
        if b"\0" in name:
            raise UnreadableError(f"its {what} has a NUL in it")
    return ForeignJob(function, unique, _priority(row), _workload(row), _due(row))


def _priority(row: Row) -> int:
    if row.priority not in {HIGH, NORMAL, LOW}:
        told = f"its priority is {_told(row.priority)}"
        raise UnreadableError(f"{told}, not 0 (high), 1 (normal) or 2 (low)")
    assert isinstance(row.priority, int), "it is equal to one"
    return row.priority


def _workload(row: Row) -> bytes:
    workload = row.workload or b""
    if len(workload) > LARGEST_WORKLOAD:
        told = f"its workload has {len(workload)} bytes"
        raise UnreadableError(f"{told}, the limit is {LARGEST_WORKLOAD}")
    return workload


def _due(row: Row) -> float:
    if row.due is None:
        return 0.0
    if not isinstance(row.due, int | float):
        raise UnreadableError(f"its time is {_told(row.due)}, not a number of seconds since 1970")
    return max(0.0, float(row.due))


def label(row: Row) -> str:
    """Return what a row is called in messages."""
    if row.function is None and row.trouble:
        return f"the key {_told(row.key[0])}"
    return f"function {_told(row.function)}, unique {_told(row.unique)}"


def _told(value: object) -> str:
    match value:
        case None:
            return "NULL"
        case bytes():
            value = value.decode("utf-8", "backslashreplace")
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."

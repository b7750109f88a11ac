"""The rules by which a row of a C server's store becomes a job, or is left where it is.

They hold for every import: for ``gearman-tx import`` and for a server that is started on a C
server's file. No row is lost: what cannot be run stays in the C server's store and is reported.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from gearman_tx.core import DEFAULT_MAX_FUNCTION_NAME, DEFAULT_MAX_UNIQUE, HIGH, LOW, NORMAL
from gearman_tx.store.foreign_job import ForeignJob
from gearman_tx.values.redaction import size_of

LARGEST_WORKLOAD: Final = 1_000_000_000
"""The largest workload that a queue file can hold, in bytes."""

RowKey: TypeAlias = "tuple[int | str | bytes | None, int | str | bytes | None]"
"""The key of a row in its store, in two values."""

_SHOWN: Final = 80  # characters of a value in a message


class NotAJobError(ValueError):
    """A row is not a job that a server can run; the text gives the reason."""


class ForeignRow(NamedTuple):
    """A row of a C server's store, not checked yet.

    Attributes:
        key: the key by which the row can be deleted.
        function: the function's name.
        unique: the unique.
        priority: 0 high, 1 normal, 2 low, or any other value.
        workload: the data; None stands for no bytes.
        due: Unix seconds, None for at once, or any other value.
        problem: why the store could not tell the rest; empty if it could.
    """

    key: RowKey
    function: bytes | None
    unique: bytes | None
    priority: object
    workload: bytes | None
    due: object = None
    problem: str = ""

    def __repr__(self) -> str:
        """Return the fields; of the workload, the size."""
        shown = self._asdict() | {"workload": size_of(self.workload)}
        return f"ForeignRow({shown})"

    @property
    def label(self) -> str:
        """The name of the row in messages."""
        if self.function is None and self.problem:
            return f"the key {_shown(self.key[0])}"
        return f"function {_shown(self.function)}, unique {_shown(self.unique)}"


def to_job(row: ForeignRow) -> tuple[ForeignJob, str]:
    """Return the job of a row.

    A missing unique or workload is an empty one, and a time before 1970 is at once. The C server
    loses the last byte of a unique of 64 bytes and leaves a NUL in its place in some stores; that
    NUL is dropped. An unknown priority, which no C server writes, becomes the normal one.

    Returns:
        The job, and what was changed in it; an empty text if nothing was.

    Raises:
        NotAJobError: the row has no function, a name that is too long or has a NUL in it, a time
            that is not a number, or a workload that is too large.
    """
    if row.problem:
        raise NotAJobError(row.problem)
    function, unique = row.function, row.unique or b""
    if unique[DEFAULT_MAX_UNIQUE - 1 :] == b"\0":
        unique = unique[:-1]
    if function is None:
        raise NotAJobError("it has no function")
    for what, name, limit in (
        ("function", function, DEFAULT_MAX_FUNCTION_NAME),
        ("unique", unique, DEFAULT_MAX_UNIQUE),
    ):
        if len(name) > limit:
            raise NotAJobError(f"its {what} has {len(name)} bytes, the limit is {limit}")
        if b"\0" in name:
            raise NotAJobError(f"its {what} has a NUL in it")
    priority, change = NORMAL, ""
    if isinstance(row.priority, int) and row.priority in {HIGH, NORMAL, LOW}:
        priority = row.priority
    else:
        change = f"its priority was {_shown(row.priority)} and is normal now"
    return ForeignJob(function, unique, priority, _workload(row), _due(row)), change


def _workload(row: ForeignRow) -> bytes:
    workload = row.workload or b""
    if len(workload) > LARGEST_WORKLOAD:
        size = f"its workload has {len(workload)} bytes"
        raise NotAJobError(f"{size}, the limit is {LARGEST_WORKLOAD}")
    return workload


def _due(row: ForeignRow) -> float:
    if row.due is None:
        return 0.0
    if not isinstance(row.due, int | float):
        raise NotAJobError(f"its time is {_shown(row.due)}, not a number of seconds since 1970")
    return max(0.0, float(row.due))


def _shown(value: object) -> str:
    """Return a value as messages show it."""
    match value:
        case None:
            return "NULL"
        case bytes():
            value = value.decode("utf-8", "backslashreplace")
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."

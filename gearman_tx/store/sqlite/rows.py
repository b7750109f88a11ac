"""The statements that write and read the tables of a queue file.

Rows are written several at a time, because each statement releases the interpreter's lock once and
waits to get it back. There are few different statements, so that SQLite keeps them compiled.
"""

from __future__ import annotations

import json
import sqlite3
from itertools import chain
from typing import TYPE_CHECKING, Final

from gearman_tx.core import FunctionSettings, JobRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from gearman_tx.core import JobChange

# The column of losses still has its name from format 1, `retries`.
_COLUMNS: Final = (
    "id, handle, function, unique_id, priority, workload, reducer, due, retries, submitted"
)
_ROW: Final = f"({','.join('?' * len(JobRecord._fields))})"
_ROWS_A_STATEMENT: Final = (256, 16, 1)
_ROWS_A_FETCH: Final = 32
_REMEMBER: Final = "INSERT OR IGNORE INTO imported VALUES (?, ?, ?)"


def _slices(count: int) -> Iterator[tuple[int, int]]:
    """Yield the sizes and starts of slices of ``count`` rows; there are few different sizes."""
    start = 0
    for size in _ROWS_A_STATEMENT:
        while count - start >= size:
            yield size, start
            start += size


def _marks(size: int) -> str:
    return ",".join("?" * size)


def insert_jobs(connection: sqlite3.Connection, records: Sequence[JobRecord]) -> None:
    """Store jobs; a job replaces the stored one with the same id."""
    for size, start in _slices(len(records)):
        rows = ",".join([_ROW] * size)
        connection.execute(
            f"REPLACE INTO job ({_COLUMNS}) VALUES {rows}",  # noqa: S608  # only question marks
            list(chain.from_iterable(records[start : start + size])),
        )


def count_jobs(connection: sqlite3.Connection, ids: Sequence[int]) -> int:
    """Return how many of the jobs with these ids, all different, are stored."""
    count = 0
    for size, start in _slices(len(ids)):
        (found,) = connection.execute(
            f"SELECT count(*) FROM job WHERE id IN ({_marks(size)})",  # noqa: S608  # only question marks
            ids[start : start + size],
        ).fetchone()
        count += found
    return count


def delete_jobs(connection: sqlite3.Connection, ids: Sequence[int]) -> int:
    """Delete jobs; return how many of them were stored."""
    count = 0
    for size, start in _slices(len(ids)):
        count += connection.execute(
            f"DELETE FROM job WHERE id IN ({_marks(size)})",  # noqa: S608  # only question marks
            ids[start : start + size],
        ).rowcount
    return count


def change_jobs(connection: sqlite3.Connection, changes: Sequence[JobChange]) -> None:
    """Change stored jobs; changes of jobs that are not stored have no effect."""
    connection.executemany(
        "UPDATE job SET due = ?, retries = ? WHERE id = ?",
        [(change.due, change.losses, change.id) for change in changes],
    )


def set_settings(
    connection: sqlite3.Connection, settings: Mapping[bytes, FunctionSettings | None]
) -> None:
    """Set or delete the settings of functions."""
    for name, values in settings.items():
        connection.execute("DELETE FROM policy WHERE function = ?", (name,))
        if values is not None:
            connection.executemany(
                "INSERT INTO policy VALUES (?, ?, ?)",
                [(name, key, json.dumps(value)) for key, value in values._asdict().items()],
            )


def remember_import(
    connection: sqlite3.Connection, source: bytes, digest: bytes, taken: float
) -> bool:
    """Remember that a job was imported; return whether it was not known before.

    Args:
        connection: the file.
        source: the 8 bytes by which the file knows the store of the job.
        digest: the digest of the job.
        taken: the time of the import, in Unix seconds.
    """
    row = (source, digest, taken)
    return connection.execute(_REMEMBER, row).rowcount == 1


def set_next_id(connection: sqlite3.Connection, number: int) -> None:
    """Set the end of the reserved ids."""
    connection.execute("REPLACE INTO setting VALUES ('next_id', ?)", (number,))


def read_jobs(connection: sqlite3.Connection, after: int, most: int, size: int) -> list[JobRecord]:
    """Return the jobs with the least ids above an id.

    Args:
        connection: the file.
        after: the id.
        most: the most jobs to return.
        size: bytes of workloads after which no more jobs are read. As jobs are read some at a
            time, there may be more bytes.
    """
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM job WHERE id > ? ORDER BY id LIMIT ?",  # noqa: S608  # a constant
        (after, most),
    )
    records: list[JobRecord] = []
    while size > 0 and (some := rows.fetchmany(_ROWS_A_FETCH)):
        records += map(JobRecord._make, some)
        size -= sum(len(record.workload) for record in records[-len(some) :])
    rows.close()
    return records


def read_newest_id(connection: sqlite3.Connection) -> int:
    """Return the largest id that is stored, 0 if none is."""
    (newest,) = connection.execute("SELECT coalesce(max(id), 0) FROM job").fetchone()
    return int(newest)


def read_next_id(connection: sqlite3.Connection) -> int:
    """Return the first id that no server reserved or gave."""
    found = connection.execute("SELECT value FROM setting WHERE name = 'next_id'").fetchone()
    return max(read_newest_id(connection) + 1, int(found[0]) if found else 1)


def read_settings(connection: sqlite3.Connection) -> dict[bytes, FunctionSettings]:
    """Return the settings of functions by name."""
    return as_settings(connection.execute("SELECT function, key, value FROM policy"))


def as_settings(rows: Iterable[tuple[bytes, str, str]]) -> dict[bytes, FunctionSettings]:
    """Return the settings in rows of the table ``policy``.

    Raises:
        sqlite3.DataError: a row is not a setting of this version.
    """
    found: dict[bytes, dict[str, object]] = {}
    for function, key, value in rows:
        try:
            read = json.loads(value)
        except ValueError as error:
            text = f"the setting {key} of {function!r} is {value[:100]!r}, which is not JSON"
            raise sqlite3.DataError(text) from error
        if key not in FunctionSettings._fields:
            raise sqlite3.DataError(f"{key!r} of {function!r} is not a setting of this version")
        found.setdefault(function, {})[key] = tuple(read) if isinstance(read, list) else read
    return {
        function: FunctionSettings(**values)  # type: ignore[arg-type]  # the types are those that were stored
        for function, values in found.items()
    }


def check(connection: sqlite3.Connection) -> str:
    """Return what is damaged in the pages or the types of the values; empty if nothing is.

    It reads every page; reading the jobs afterwards finds them in the system's cache.
    """
    (found,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    return "" if found == "ok" else " ".join(str(found).split())


def count_all_jobs(connection: sqlite3.Connection) -> int:
    """Return the number of stored jobs; it reads every page except those of long workloads."""
    (count,) = connection.execute("SELECT count(*) FROM job").fetchone()
    return int(count)

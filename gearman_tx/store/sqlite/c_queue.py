"""Import the queue that the C server keeps in SQLite with ``--queue-type=libsqlite3``.

The C server's table has one row for each background job: unique, function, priority, workload, and
in all but old versions the time before which it does not run. An empty workload is a NULL there,
and makes the C server refuse to start. Names are text there and may hold any byte. Handles,
reducers, lost tries and times of submission are not stored, so the jobs get new handles and count
as submitted now.

Imported rows are deleted in the same transaction, for a copy of them would run again wherever the
file is opened next. The table is dropped unless rows are left that are no jobs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from attrs import define

from gearman_tx.core import JobRecord
from gearman_tx.store.foreign_row import ForeignRow, NotAJobError, to_job
from gearman_tx.store.sqlite import rows

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

DEFAULT_TABLE: Final = "gearman_queue"
"""The name of the C server's table unless ``--libsqlite3-table`` gives another."""

_NEEDED: Final = frozenset({"unique_key", "function_name", "priority", "data"})
_WHEN: Final = "when_to_run"
_ROWS_AT_ONCE: Final = 256
_BYTES_AT_ONCE: Final = 4 * 1024 * 1024


@define
class ImportedTable:
    """The result of an import.

    Attributes:
        jobs: how many rows became jobs.
        changed: how many of these jobs had an unknown priority and are normal now.
        left: how many rows are no jobs and are still in the table.
        first_left: the first of these, and why it is no job.
    """

    jobs: int = 0
    changed: int = 0
    left: int = 0
    first_left: str = ""


def has_queue(connection: sqlite3.Connection, table: str) -> bool:
    """Return whether the file has a queue table of the C server called ``table``."""
    return columns_of(connection, table) >= _NEEDED


def read_table(connection: sqlite3.Connection, table: str) -> Iterator[ForeignRow]:
    """Yield the rows of a C server's table in the order in which they were written.

    The key of a row is its rowid.
    """
    due = _WHEN if _WHEN in columns_of(connection, table) else "0"
    for rowid, function, unique, priority, workload, when in connection.execute(
        f"""
        SELECT rowid, CAST(function_name AS BLOB), CAST(unique_key AS BLOB), priority,
            CAST(data AS BLOB), {due}
        FROM {quoted(table)} ORDER BY rowid
        """  # noqa: S608  # the table's name is quoted
    ):
        yield ForeignRow((rowid, None), function, unique, priority, workload, when)


def import_table(
    connection: sqlite3.Connection, table: str, prefix: bytes, now: float
) -> ImportedTable:
    """Move the jobs of ``table`` into ours, as part of the transaction under way.

    The jobs keep their order and get the ids from 1; our table must be empty.

    Args:
        connection: the file, with the tables of a queue file.
        table: the C server's table.
        prefix: the prefix of the new handles, as in ``PREFIX:ID``.
        now: the time, in Unix seconds.
    """
    result = ImportedTable()
    connection.execute("CREATE TEMP TABLE left_row (number INTEGER PRIMARY KEY)")
    batch: list[JobRecord] = []
    size = 0
    for row in read_table(connection, table):
        try:
            job, change = to_job(row)
        except NotAJobError as error:
            connection.execute("INSERT INTO temp.left_row VALUES (?)", (row.key[0],))
            result.left += 1
            result.first_left = result.first_left or f"{row.label}: {error}"
            continue
        result.jobs += 1
        result.changed += bool(change)
        batch.append(job.to_record(result.jobs, prefix, now))
        size += len(job.workload)
        if len(batch) == _ROWS_AT_ONCE or size >= _BYTES_AT_ONCE:
            rows.insert_jobs(connection, batch)
            batch, size = [], 0
    rows.insert_jobs(connection, batch)
    if result.left:
        kept = "SELECT number FROM temp.left_row"
        connection.execute(f"DELETE FROM {quoted(table)} WHERE rowid NOT IN ({kept})")  # noqa: S608  # the table's name is quoted
    else:
        connection.execute(f"DROP TABLE {quoted(table)}")
    connection.execute("DROP TABLE temp.left_row")
    return result


def columns_of(connection: sqlite3.Connection, table: str) -> frozenset[str]:
    """Return the names of a table's columns in small letters, none if there is no table."""
    found = connection.execute(f"PRAGMA table_info({quoted(table)})")
    return frozenset(str(row[1]).lower() for row in found)


def quoted(table: str) -> str:
    """Return a table's name as SQL statements write it."""
    return '"' + table.replace('"', '""') + '"'

"""Import the queue that the C server keeps in SQLite with ``--queue-type=libsqlite3``.

The C server's table has one row for each background job: unique, function, priority, workload, and
in all but old versions the time before which it does not run. An empty workload is a NULL there,
and makes the C server refuse to start. Names are text there and may hold any byte. Handles,
reducers, lost tries and times of submission are not stored, so the jobs get new handles and count
as submitted now.

What never happens: a row of the C server is changed or deleted. Its operator may want to go back.
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
    from pathlib import Path

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
        left: how many rows are no jobs.
        first_left: the first of these, and why it is no job.
    """

    jobs: int = 0
    changed: int = 0
    left: int = 0
    first_left: str = ""

    def text(self, table: str, path: Path) -> str:
        """Return the result as a message for the operator."""
        text = f"{self.jobs} jobs of the C server's table {table} in {path} were imported"
        if self.changed:
            text += f"; {self.changed} of them had an unknown priority and are normal now"
        if self.left:
            text += f"; {self.left} rows are no jobs and were left out, the first one is"
            text += f" {self.first_left}"
        return text


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


def import_rows(
    source: sqlite3.Connection,
    table: str,
    target: sqlite3.Connection,
    prefix: bytes,
    now: float,
) -> ImportedTable:
    """Copy the jobs of ``table`` in ``source`` into the transaction under way in ``target``.

    The jobs keep their order. Their ids follow those that are reserved in ``target``.

    Args:
        source: the file with the C server's table.
        table: the C server's table.
        target: a queue file; it may be the same file.
        prefix: the prefix of the new handles, as in ``PREFIX:ID``.
        now: the time, in Unix seconds.
    """
    result = ImportedTable()
    first = next_id = rows.read_next_id(target)
    batch: list[JobRecord] = []
    size = 0
    for row in read_table(source, table):
        try:
            job, change = to_job(row)
        except NotAJobError as error:
            result.left += 1
            result.first_left = result.first_left or f"{row.label}: {error}"
            continue
        result.changed += bool(change)
        batch.append(job.to_record(next_id, prefix, now))
        next_id += 1
        size += len(job.workload)
        if len(batch) == _ROWS_AT_ONCE or size >= _BYTES_AT_ONCE:
            rows.insert_jobs(target, batch)
            batch, size = [], 0
    rows.insert_jobs(target, batch)
    rows.set_next_id(target, next_id)
    result.jobs = next_id - first
    return result


def columns_of(connection: sqlite3.Connection, table: str) -> frozenset[str]:
    """Return the names of a table's columns in small letters, none if there is no table."""
    found = connection.execute(f"PRAGMA table_info({quoted(table)})")
    return frozenset(str(row[1]).lower() for row in found)


def quoted(table: str) -> str:
    """Return a table's name as SQL statements write it."""
    return '"' + table.replace('"', '""') + '"'

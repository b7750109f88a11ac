"""Take over the queue that the C server keeps in SQLite with ``--queue-type=libsqlite3``.

Its table has a row a background job: unique, function, priority, workload, and in all but old
versions the time before which it does not run. An empty workload is a NULL there, and makes the C
server refuse to start. Names are text there and may hold any byte. Handles, reducers, retries and
times of submission are not kept, so the jobs get new handles and count as submitted now.

The table is dropped in the same transaction: a copy of jobs that run here would run them again
wherever it is opened next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import sqlite3

DEFAULT_TABLE: Final = "gearman_queue"
"""What the C server calls its table unless ``--libsqlite3-table`` says otherwise."""

_NEEDED: Final = frozenset({"unique_key", "function_name", "priority", "data"})
_WHEN: Final = "when_to_run"


def has_queue(connection: sqlite3.Connection, table: str) -> bool:
    """Return whether the file has a queue table of the C server called ``table``."""
    return columns_of(connection, table) >= _NEEDED


def take_over(
    connection: sqlite3.Connection, table: str, prefix: bytes, now: float
) -> tuple[int, int]:
    """Move the jobs of ``table`` into ours and drop it, as part of the transaction under way.

    The jobs keep their order. Ours must be empty. A priority that there is not, which the C server
    never writes, becomes the normal one.

    Args:
        connection: the file, with the tables of a queue file.
        table: the C server's table.
        prefix: the prefix of the new handles, as in ``PREFIX:ID``.
        now: the time, in Unix seconds.

    Returns:
        How many jobs there were, and how many of them had no priority that there is.
    """
    (odd,) = connection.execute(
        f"SELECT count(*) FROM {quoted(table)} WHERE priority IS NULL OR priority NOT IN (0, 1, 2)"  # noqa: S608  # the table's name is quoted
    ).fetchone()
    due = f"coalesce({_WHEN}, 0)" if _WHEN in columns_of(connection, table) else "0"
    connection.execute(
        f"""
        WITH old AS (SELECT row_number() OVER (ORDER BY rowid) AS number, * FROM {quoted(table)})
        INSERT INTO job SELECT
            number,
            CAST(? || ':' || number AS BLOB),
            CAST(coalesce(function_name, '') AS BLOB),
            -- A unique of 64 bytes has a NUL there in the place of its last one.
            CASE WHEN substr(CAST(unique_key AS BLOB), 64) = x'00'
                THEN substr(CAST(unique_key AS BLOB), 1, 63)
                ELSE CAST(coalesce(unique_key, '') AS BLOB) END,
            CASE WHEN priority IN (0, 1, 2) THEN priority ELSE 1 END,
            CAST(coalesce(data, '') AS BLOB),
            NULL,
            CAST({due} AS REAL),
            0,
            ?
        FROM old
        """,  # noqa: S608  # the table's name is quoted
        (prefix, now),
    )
    (count,) = connection.execute("SELECT changes()").fetchone()
    connection.execute(f"DROP TABLE {quoted(table)}")
    return int(count), int(odd)


def columns_of(connection: sqlite3.Connection, table: str) -> frozenset[str]:
    """Return the names of a table's columns in small letters, none if there is no table."""
    rows = connection.execute(f"PRAGMA table_info({quoted(table)})")
    return frozenset(str(row[1]).lower() for row in rows)


def quoted(table: str) -> str:
    """Return a table's name as statements have it."""
    return '"' + table.replace('"', '""') + '"'

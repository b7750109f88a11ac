"""Replace a file of the C server by a queue file with its jobs, and keep the C server's file.

The new file is made beside the old one and takes its place when it is complete. The old one is
renamed, which needs no room on the disk, and is as the C server left it: with its name back, a C
server runs its jobs. If anything fails before that, the old file is in its place.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING

from gearman_tx.store.port import StoreError
from gearman_tx.store.sqlite import rows
from gearman_tx.store.sqlite.c_queue import import_rows
from gearman_tx.store.sqlite.ids import unseen_id
from gearman_tx.store.sqlite.replacement import remove_files, replacement_of, set_aside

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def refuse_shared_file(connection: sqlite3.Connection, path: Path, table: str) -> None:
    """Refuse a file that has more tables than the C server's: others may need it where it is.

    Raises:
        StoreError: it has.
    """
    found = connection.execute(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%'"
        " ESCAPE '\\' AND lower(name) <> lower(?)",
        (table,),
    )
    others = ", ".join(sorted(str(name) for (name,) in found))
    if others:
        text = f"{path} has the C server's table {table}, and others: {others}"
        raise StoreError(f"{text}: choose another file, gearman-tx import imports the jobs into it")


def replace_c_file(
    path: Path,
    table: str,
    prefix: bytes,
    now: float,
    connect: Callable[[Path], sqlite3.Connection],
) -> str:
    """Replace the C server's file at ``path``; return a notice for the operator.

    The ids begin at the time in microseconds, so that no handle of the C server is given again.

    Args:
        path: the file.
        table: the C server's table.
        prefix: the prefix of the new handles, as in ``PREFIX:ID``.
        now: the time, in Unix seconds.
        connect: makes a new queue file and opens it.

    Raises:
        OSError: the folder cannot be written.
        sqlite3.Error: the old file is locked or damaged, or the new one cannot be written.
    """
    new = replacement_of(path)
    remove_files(new)
    try:
        with (
            contextlib.closing(sqlite3.connect(path, isolation_level=None)) as old,
            contextlib.closing(connect(new)) as connection,
        ):
            old.execute("BEGIN EXCLUSIVE")
            connection.execute("BEGIN IMMEDIATE")
            rows.set_next_id(connection, unseen_id(now))
            result = import_rows(old, table, connection, prefix, now)
            connection.execute("COMMIT")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            old.execute("ROLLBACK")
        aside = set_aside(path, "before-gearman-tx")
    except BaseException:
        if path.exists():
            remove_files(new)
        raise
    return f"{result.text(table, path)}; the C server's file is now {aside}"

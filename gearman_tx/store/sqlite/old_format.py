"""Copy a queue file before its format is upgraded, for an older version of the package."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING

from gearman_tx.store.port import StoreError
from gearman_tx.store.sqlite.disk import publish, sync
from gearman_tx.store.sqlite.errors import is_damage, reason
from gearman_tx.store.sqlite.replacement import free_name
from gearman_tx.store.sqlite.schema import VERSION

if TYPE_CHECKING:
    from pathlib import Path


def copy_old_format(connection: sqlite3.Connection, path: Path, found: int) -> Path:
    """Copy a queue file; return the path of the copy.

    Args:
        connection: the file, which no other process writes.
        path: its path.
        found: the version of its format.

    Raises:
        sqlite3.Error: the file is damaged.
        StoreError: the copy cannot be made; the file is not changed.
    """
    target = free_name(path, f"before-format-{VERSION}")
    partial = target.with_name(f"{target.name}.partial")
    try:
        os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
        with contextlib.closing(sqlite3.connect(partial, isolation_level=None)) as copy:
            connection.backup(copy)
            # Without WAL mode all data is in one file.
            copy.execute("PRAGMA journal_mode = DELETE")
        sync(partial)
        publish(partial, target)
    except (sqlite3.Error, OSError) as error:
        if is_damage(error):
            raise
        why = reason(error) if isinstance(error, sqlite3.Error) else error.strerror
        text = f"the queue file {path} has format {found}, and the copy {target}, which is made"
        text += f" before it is upgraded to format {VERSION}, cannot be written: {why}"
        remedy = "make room, or let gearman-tx recover --into make a new file on another disk"
        raise StoreError(f"{text}: {remedy}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return target

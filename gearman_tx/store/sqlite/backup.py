"""Copy a queue file, as it is at one moment, while a server writes it.

SQLite's online backup reads one snapshot; the server goes on writing and never waits. The copy gets
its name only when it is complete and on disk.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from gearman_tx.store.port import StoreError
from gearman_tx.store.sqlite import rows
from gearman_tx.store.sqlite.disk import publish, sync
from gearman_tx.store.sqlite.errors import reason
from gearman_tx.store.sqlite.schema import find_version

if TYPE_CHECKING:
    from collections.abc import Callable

_PAGES_A_STEP: Final = 1000
_BUSY_SECONDS: Final = 10.0


def backup(path: Path, target: Path, *, progress: Callable[[int, int], None] | None = None) -> int:
    """Copy the queue file at ``path`` to ``target``; this call blocks until the copy is done.

    The file may be in use. The process must be allowed to write to its folder. The copy is a
    queue file, and a server can be started on it; it runs jobs again that ended after the copy was
    made.

    Args:
        path: the queue file.
        target: the new file, which must not exist.
        progress: called now and then with the numbers of pages that are left, and of all pages.

    Returns:
        The number of jobs in the copy.

    Raises:
        StoreError: the file cannot be copied; no new file is left.
    """
    text = f"cannot copy {path} to {target}"
    if target.exists():
        raise StoreError(f"{text}: there is such a file already")
    partial = target.with_name(f"{target.name}.partial")
    try:
        jobs = _copy(path, partial, progress)
        publish(partial, target)
    except sqlite3.Error as error:
        raise StoreError(f"{text}: {reason(error)}") from error
    except OSError as error:
        raise StoreError(f"{text}: {error.filename or target}: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return jobs


def _copy(path: Path, partial: Path, progress: Callable[[int, int], None] | None) -> int:
    """Copy to a file with a temporary name; return the number of its jobs."""
    path.stat()  # SQLite's error would say less
    # SQLite opens it: closing a descriptor of ours would drop SQLite's locks in this process.
    there = f"file:{quote(str(path.absolute()))}?mode=rw"
    os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
    with (
        contextlib.closing(sqlite3.connect(there, timeout=_BUSY_SECONDS, uri=True)) as source,
        contextlib.closing(sqlite3.connect(partial, isolation_level=None)) as copy,
    ):
        if not find_version(source, path):
            raise StoreError(f"{path} is not a queue file")
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM job").fetchone()  # the snapshot begins here

        def report(_: int, left: int, total: int) -> None:
            if progress is not None:
                progress(left, total)

        source.backup(copy, pages=_PAGES_A_STEP, progress=report, sleep=0)
        # Without WAL mode all data is in one file; the server turns WAL mode on again.
        copy.execute("PRAGMA journal_mode = DELETE")
        damage = rows.check(copy)
        if damage:
            raise StoreError(f"{path} is damaged: {damage}")
        jobs = rows.count_all_jobs(copy)
    sync(partial)
    return jobs

"""Copy a queue file while a server writes it, as it was at one moment.

SQLite's online backup reads one snapshot: the server goes on writing meanwhile and waits for
nothing. The copy appears under its name only when it is whole and on the disk.
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
from gearman_tx.store.sqlite.disk import sync
from gearman_tx.store.sqlite.errors import reason
from gearman_tx.store.sqlite.schema import find_version

if TYPE_CHECKING:
    from collections.abc import Callable

_PAGES_A_STEP: Final = 1000
_BUSY_SECONDS: Final = 10.0


def backup(path: Path, target: Path, *, progress: Callable[[int, int], None] | None = None) -> int:
    """Copy the queue file at ``path`` to ``target``; it blocks until that is done.

    Any process may do it that may write to the folder of ``path``, be the file in use or not. The
    copy is a queue file of its own: a server can be started on it. It knows nothing of what was
    done later, so jobs that ended since run again.

    Args:
        path: the queue file.
        target: the new file; there must be none yet.
        progress: called now and then with how many pages are left, and how many there are.

    Returns:
        How many jobs are in the copy.

    Raises:
        StoreError: it could not be copied; there is no new file then.
    """
    text = f"cannot copy {path} to {target}"
    if target.exists():
        raise StoreError(f"{text}: there is such a file already")
    partial = target.with_name(f"{target.name}.partial")
    try:
        jobs = _copy(path, partial, progress)
        # It replaces nobody's file: a link fails where a rename would not.
        target.hardlink_to(partial)
        sync(target.parent)
    except sqlite3.Error as error:
        raise StoreError(f"{text}: {reason(error)}") from error
    except OSError as error:
        raise StoreError(f"{text}: {error.filename or target}: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
    return jobs


def _copy(path: Path, partial: Path, progress: Callable[[int, int], None] | None) -> int:
    """Copy to a file that nobody looks at yet; return how many jobs it has."""
    path.stat()  # SQLite says less about why it cannot open a file
    # Not opened by ourselves: closing it would drop SQLite's locks on it in this process.
    there = f"file:{quote(str(path.absolute()))}?mode=rw"
    os.close(os.open(partial, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600))
    with (
        contextlib.closing(sqlite3.connect(there, timeout=_BUSY_SECONDS, uri=True)) as source,
        contextlib.closing(sqlite3.connect(partial, isolation_level=None)) as copy,
    ):
        if not find_version(source, path):
            raise StoreError(f"{path} is not a queue file")
        source.execute("BEGIN")
        source.execute("SELECT count(*) FROM job").fetchone()  # from here on it sees one snapshot

        def tell(_: int, left: int, total: int) -> None:
            if progress is not None:
                progress(left, total)

        source.backup(copy, pages=_PAGES_A_STEP, progress=tell, sleep=0)
        # Out of WAL mode everything is in the one file; the server puts it back.
        copy.execute("PRAGMA journal_mode = DELETE")
        trouble = rows.check(copy)
        if trouble:
            raise StoreError(f"{path} is damaged: {trouble}")
        jobs = rows.count_all_jobs(copy)
    sync(partial)
    return jobs

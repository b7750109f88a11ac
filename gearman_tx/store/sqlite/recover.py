"""Recover a damaged queue file without a server: in its place, or into another file."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from attrs import frozen

from gearman_tx.store.port import StoreError
from gearman_tx.store.sqlite import rows
from gearman_tx.store.sqlite.disk import publish
from gearman_tx.store.sqlite.errors import is_damage, reason
from gearman_tx.store.sqlite.file_identity import LONE_LOG, has_lone_log
from gearman_tx.store.sqlite.ids import unseen_id
from gearman_tx.store.sqlite.opening import Opening, is_marked
from gearman_tx.store.sqlite.queue_lock import QueueLock
from gearman_tx.store.sqlite.replacement import finish_replacement, remove_files
from gearman_tx.store.sqlite.salvage import copy_readable, salvage
from gearman_tx.store.sqlite.schema import find_version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_BUSY_SECONDS: Final = 10.0


@frozen
class Recovered:
    """The result of a recovery.

    Attributes:
        path: the file with the jobs that could be read: the queue file, or the new one.
        jobs: the number of these jobs.
        damage: what is wrong with the queue file; empty if it is sound, or was not checked.
        aside: where the damaged file is now; None if it was not moved.
    """

    path: Path
    jobs: int
    damage: str = ""
    aside: Path | None = None


def recover(
    path: Path, into: Path | None = None, *, progress: Callable[[int, int], None] | None = None
) -> Recovered:
    """Copy all jobs that can be read from a queue file; it blocks until that is done.

    Without ``into`` a damaged file is set aside and the new one takes its place, as when a server
    is started on it; a sound file is left alone. With ``into`` the jobs are copied into another
    file, whether the queue file is damaged or not, and the queue file is not changed.

    Args:
        path: the queue file, which no server may be using.
        into: the new file, which must not exist.
        progress: called now and then with the numbers of pages that were read, and of all pages.

    Raises:
        StoreError: a server uses the file, it is not a queue file, ``into`` exists, or a file
            cannot be read or written. The queue file is where it was.
    """
    path = path.resolve()
    with _errors(path):
        is_there = path.exists() or Path(f"{path}-wal").exists()
        if path.is_dir() or not (is_there or path.with_name(f"{path.name}.salvage").exists()):
            path.open("rb").close()  # raises the error that says why
        lock = QueueLock(path)
        # Only a new file needs a writable folder; without a lock file no server uses this one.
        is_writable = os.access(path.parent, os.W_OK, effective_ids=True)
        lock.take(create=into is None or is_writable)
        try:
            if into is None:
                return _recover_in_place(path, progress, was_queue=lock.was_there)
            return _recover_into(path, into, progress, was_queue=lock.was_there)
        finally:
            lock.release(undo=True)


def _recover_in_place(
    path: Path, progress: Callable[[int, int], None] | None, *, was_queue: bool
) -> Recovered:
    finish_replacement(path)
    damage, jobs = _find_damage(path, progress)
    if not damage:
        return Recovered(path, jobs)
    if not was_queue and not is_marked(path):
        raise StoreError(f"{path} is not a queue file ({damage})")
    opening = Opening(time.time)
    try:
        salvaged = salvage(
            path,
            lambda new: opening.connect(new).connection,
            least_id=0,
            lost_id=unseen_id(time.time()),
            progress=progress,
        )
    finally:
        finish_replacement(path)  # removes an incomplete one
    return Recovered(path, salvaged.jobs, damage, salvaged.aside)


def _find_damage(path: Path, progress: Callable[[int, int], None] | None) -> tuple[str, int]:
    """Return what is wrong with a file, or an empty text and the number of its jobs.

    Raises:
        StoreError: SQLite can read it, and it is not a queue file.
    """
    if has_lone_log(path):
        path.touch(0o600)
        return LONE_LOG, 0
    if not path.stat().st_size:
        raise StoreError(f"{path} is empty, there is nothing to recover")
    address = f"file:{quote(str(path))}?mode=rw"
    with contextlib.closing(
        sqlite3.connect(address, timeout=_BUSY_SECONDS, isolation_level=None, uri=True)
    ) as connection:
        try:
            if not find_version(connection, path):
                raise StoreError(f"{path} is not a queue file")
            if progress is not None:
                (pages,) = connection.execute("PRAGMA page_count").fetchone()
                progress(0, pages)
            damage = rows.check(connection)
            return damage, 0 if damage else rows.count_all_jobs(connection)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            return reason(error), 0


def _recover_into(
    path: Path, into: Path, progress: Callable[[int, int], None] | None, *, was_queue: bool
) -> Recovered:
    if into.exists():
        raise StoreError(f"{into}: there is such a file already")
    if not was_queue and not (path.exists() and is_marked(path)):
        raise StoreError(f"{path} is not a queue file")
    opening = Opening(time.time)
    partial = into.with_name(f"{into.name}.partial")
    remove_files(partial)
    try:
        jobs = copy_readable(
            path,
            partial,
            lambda new: opening.connect(new).connection,
            least_id=0,
            lost_id=unseen_id(time.time()),
            progress=progress,
        )
        publish(partial, into)
    finally:
        remove_files(partial)
    return Recovered(into, jobs)


@contextlib.contextmanager
def _errors(path: Path) -> Iterator[None]:
    """Turn the errors of the disk and of SQLite into errors of the store."""
    try:
        yield
    except sqlite3.Error as error:
        raise StoreError(f"cannot recover {path}: {reason(error)}") from error
    except OSError as error:
        text = f"{error.filename or path}: {error.strerror}"
        raise StoreError(f"cannot recover {path}: {text}") from error

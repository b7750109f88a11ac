"""Put a whole queue file in the place of a damaged one, with all that can be read of it.

The new file is made beside the damaged one and takes its place only when it is complete, so a
crash at any moment leaves one of the two there. The damaged one is kept under another name.
"""

from __future__ import annotations

import contextlib
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import frozen

from gearman_tx.store.sqlite import rows
from gearman_tx.store.sqlite.damaged_file import DamagedFile
from gearman_tx.store.sqlite.disk import sync

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable

_ROWS_AT_ONCE: Final = 1000
_SUFFIXES: Final = ("", "-wal", "-shm")


@frozen
class Salvaged:
    """What became of a damaged file.

    Attributes:
        aside: where it is now.
        jobs: how many of its jobs are in the new file.
    """

    aside: Path
    jobs: int


def salvage(
    path: Path, connect: Callable[[Path], sqlite3.Connection], least_id: int, lost_id: int
) -> Salvaged:
    """Make a new file at ``path`` out of the damaged one, which nobody may have open.

    Args:
        path: the damaged file.
        connect: makes a new queue file and opens it.
        least_id: no smaller id may be given again.
        lost_id: likewise, if the file does not tell any more which ids it gave.

    Raises:
        OSError: files cannot be moved.
        sqlite3.Error: the new file cannot be written; the damaged one is where it was.
    """
    built = _built(path)
    _remove(built)
    jobs = 0
    with (
        contextlib.closing(DamagedFile(path)) as damaged,
        contextlib.closing(connect(built)) as new,
    ):
        new.execute("BEGIN IMMEDIATE")
        found = damaged.jobs()
        while records := list(islice(found, _ROWS_AT_ONCE)):
            rows.insert_jobs(new, records)
        rows.set_settings(new, rows.as_settings(damaged.settings))
        given = damaged.next_id or lost_id
        rows.set_next_id(new, max(least_id, given, rows.read_next_id(new)))
        jobs = rows.count_all_jobs(new)
        new.execute("COMMIT")
        new.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return Salvaged(set_aside(path, "damaged"), jobs)


def set_aside(path: Path, why: str) -> Path:
    """Give the file at ``path`` and its log another name, and the new one beside it theirs.

    Returns:
        Where the old file is now.
    """
    number = 1
    while (aside := path.with_name(f"{path.name}.{why}-{number}")).exists():
        number += 1
    path.rename(aside)
    with contextlib.suppress(FileNotFoundError):
        Path(f"{path}-wal").rename(f"{aside}-wal")
    finish(path)
    return aside


def finish(path: Path) -> None:
    """Do what an earlier :func:`salvage` did not come to, because the process ended."""
    built = _built(path)
    if path.exists():
        _remove(built)
    elif built.exists():
        _remove(path)  # a log without its file would be taken for the new file's
        built.rename(path)
        sync(path.parent)


def _built(path: Path) -> Path:
    return path.with_name(f"{path.name}.salvage")


def _remove(path: Path) -> None:
    for suffix in _SUFFIXES:
        Path(f"{path}{suffix}").unlink(missing_ok=True)

"""Make a new queue file out of the readable rows of a damaged one."""

from __future__ import annotations

import contextlib
import sqlite3
from itertools import islice
from typing import TYPE_CHECKING, Final

from attrs import frozen

from gearman_tx.store.sqlite import rows
from gearman_tx.store.sqlite.replacement import remove_files, replacement_of, set_aside
from gearman_tx.store.sqlite.salvage.queue_reader import QueueReader
from gearman_tx.store.sqlite.schema import refuse_newer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from gearman_tx.core import FunctionSettings

    Progress = Callable[[int, int], None]

_ROWS_AT_ONCE: Final = 1000


@frozen
class Salvaged:
    """The result of a salvage.

    Attributes:
        aside: the new path of the damaged file.
        jobs: the number of its jobs that are in the new file.
    """

    aside: Path
    jobs: int


def salvage(
    path: Path,
    connect: Callable[[Path], sqlite3.Connection],
    *,
    least_id: int,
    lost_id: int,
    progress: Progress | None = None,
) -> Salvaged:
    """Replace a damaged file, which no process has open, by a new one with its readable jobs.

    The new file is made beside the damaged one and takes its place when it is complete.

    Args:
        path: the damaged file.
        connect: makes a new queue file and opens it.
        least_id: the least id that may be given next.
        lost_id: the same, if the file does not say any more which ids were given.
        progress: called now and then with the numbers of pages that were read, and of all pages.

    Raises:
        OSError: files cannot be moved.
        sqlite3.Error: the new file cannot be written; the damaged one is where it was.
        StoreError: the damaged file has a newer format.
    """
    new = replacement_of(path)
    remove_files(new)
    jobs = copy_readable(path, new, connect, least_id=least_id, lost_id=lost_id, progress=progress)
    return Salvaged(set_aside(path, "damaged"), jobs)


def copy_readable(  # noqa: PLR0913  # both files, the ids of the new one
    path: Path,
    target: Path,
    connect: Callable[[Path], sqlite3.Connection],
    *,
    least_id: int,
    lost_id: int,
    progress: Progress | None = None,
) -> int:
    """Copy what can be read of a damaged file into a new file, and leave the damaged one alone.

    Args:
        path: the damaged file, which no process writes.
        target: the new file.
        connect: as for :func:`salvage`.
        least_id: as for :func:`salvage`.
        lost_id: as for :func:`salvage`.
        progress: as for :func:`salvage`.

    Returns:
        How many jobs are in the new file.

    Raises:
        OSError: the damaged file cannot be opened.
        sqlite3.Error: the new file cannot be written; some of it may be left.
        StoreError: the damaged file has a newer format.
    """
    with (
        contextlib.closing(QueueReader(path, progress)) as damaged,
        contextlib.ExitStack() as stack,
    ):
        refuse_newer(damaged.version, path)
        new = stack.enter_context(contextlib.closing(connect(target)))
        new.execute("BEGIN IMMEDIATE")
        found = damaged.jobs(lambda row: rows.remember_import(new, *row))
        while records := list(islice(found, _ROWS_AT_ONCE)):
            rows.insert_jobs(new, records)
        rows.set_settings(new, _readable_settings(damaged.settings))
        given = damaged.next_id or lost_id
        rows.set_next_id(new, max(least_id, given, rows.read_next_id(new)))
        jobs = rows.count_all_jobs(new)
        new.execute("COMMIT")
        new.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    return jobs


def _readable_settings(
    found: Iterable[tuple[bytes, str, str]],
) -> dict[bytes, FunctionSettings]:
    """Return the settings of functions without the rows that are damaged."""
    good = []
    for row in found:
        with contextlib.suppress(sqlite3.DataError):
            rows.as_settings([row])
            good.append(row)
    return rows.as_settings(good)

"""Put a new queue file in the place of an old one, and keep the old one under another name.

The new file is made beside the old one and takes its place when it is complete, so that a crash at
any moment leaves one of the two there.
"""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Final

from gearman_tx.store.sqlite.disk import sync

_SUFFIXES: Final = ("", "-wal", "-shm")


def replacement_of(path: Path) -> Path:
    """Return where the file that shall replace the one at ``path`` is made."""
    return path.with_name(f"{path.name}.salvage")


def free_name(path: Path, why: str) -> Path:
    """Return a free name beside ``path``: ``PATH.WORD-NUMBER``.

    Args:
        path: the file.
        why: the word.
    """
    number = 1
    while (free := path.with_name(f"{path.name}.{why}-{number}")).exists():
        number += 1
    return free


def set_aside(path: Path, why: str) -> Path:
    """Rename the file at ``path`` and its log, and put the replacement, if there is one, there.

    Args:
        path: the file.
        why: the word in the new name, as for :func:`free_name`.

    Returns:
        Where the old file is now.

    Raises:
        OSError: a file cannot be renamed.
    """
    aside = free_name(path, why)
    path.rename(aside)
    with contextlib.suppress(FileNotFoundError):
        Path(f"{path}-wal").rename(f"{aside}-wal")
    finish_replacement(path)
    return aside


def finish_replacement(path: Path) -> None:
    """Finish or undo a replacement that a crash interrupted.

    Raises:
        OSError: a file cannot be renamed or removed.
    """
    new = replacement_of(path)
    if path.exists():
        remove_files(new)
    elif new.exists():
        remove_files(path)  # SQLite would take the old file's log for the new file's
        new.rename(path)
        sync(path.parent)


def remove_files(path: Path) -> None:
    """Remove a SQLite file with its log and its index of the log, as far as they exist."""
    for suffix in _SUFFIXES:
        Path(f"{path}{suffix}").unlink(missing_ok=True)

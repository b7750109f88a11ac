"""Make sure that data is on disk before anything else happens."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pathlib import Path

_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK})
"""Errors that mean: this file system has no hard links. Some network file systems have none."""


def sync(path: Path) -> None:
    """Write a file, or the names in a folder, to the disk.

    Raises:
        OSError: the disk failed, or there is no such file.
    """
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def publish(partial: Path, target: Path) -> None:
    """Give a complete file its name, durably; another file of that name is never replaced.

    Args:
        partial: the file, whose own name stays or not.
        target: its name in the same folder.

    Raises:
        OSError: there is such a file already, or the folder cannot be written.
    """
    try:
        target.hardlink_to(partial)  # unlike a rename, it never replaces a file
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        partial.rename(target)  # replaces our own empty file
    sync(target.parent)

"""Check whether a queue file and its log are still the files under their names.

SQLite goes on writing to a file that was deleted, and no later process would ever read it.
"""

from __future__ import annotations

import contextlib
import os
from enum import Enum
from pathlib import Path
from typing import Final

LONE_LOG: Final = "it is empty, but its log is not"
"""The damage of a file of which only the log is left."""


class Change(Enum):
    """What happened to a file."""

    NONE = 0
    GONE = 1
    REPLACED = 2


class FileIdentity:
    """The identity of the queue file at ``path``, and of its log.

    Attributes:
        path: the file.
        log: its write-ahead log.
    """

    def __init__(self, path: Path) -> None:
        self.path: Final = path
        self.log: Final = Path(f"{path}-wal")
        self._known: dict[Path, os.stat_result] = {}

    def remember(self) -> None:
        """Remember the files that are there now as ours."""
        self._known = {path: path.stat() for path in (self.path, self.log) if path.exists()}

    def change(self) -> tuple[Path, Change]:
        """Return the first of the two files that changed, and what happened to it.

        Raises:
            OSError: a file cannot be examined.
        """
        for path, known in self._known.items():
            try:
                found = path.stat()
            except FileNotFoundError:
                return path, Change.GONE
            if not os.path.samestat(found, known):
                return path, Change.REPLACED
        return self.path, Change.NONE

    def remove_log(self) -> None:
        """Delete our log, which SQLite would take for the log of a new file of this name."""
        known = self._known.get(self.log)
        with contextlib.suppress(FileNotFoundError):
            if known is not None and os.path.samestat(self.log.stat(), known):
                self.log.unlink()

    def sizes(self) -> tuple[int, int]:
        """Return the sizes of the file and of its log, in bytes.

        Raises:
            OSError: a file cannot be examined.
        """
        file, log = (path.stat().st_size if path.exists() else 0 for path in (self.path, self.log))
        return file, log


def has_lone_log(path: Path) -> bool:
    """Return whether the log of a file that is gone or empty has contents.

    SQLite would delete the log when it opens the file.

    Raises:
        OSError: the files cannot be examined.
    """
    log = Path(f"{path}-wal")
    is_empty = not path.exists() or not path.stat().st_size
    return is_empty and log.exists() and log.stat().st_size > 0

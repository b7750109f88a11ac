"""Whether a queue file and its log are still what lies under their names.

SQLite goes on writing to a file that was deleted, and nobody would ever read that again.
"""

from __future__ import annotations

import contextlib
import os
from enum import Enum
from pathlib import Path
from typing import Final


class Change(Enum):
    """What became of a file."""

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
        """Take what lies there now for ours."""
        self._known = {path: path.stat() for path in (self.path, self.log) if path.exists()}

    def change(self) -> tuple[Path, Change]:
        """Return which of the two is not what it was, and what became of it.

        Raises:
            OSError: that cannot be found out.
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
        """Delete our log: under the name of a new file it would be taken for the new file's."""
        known = self._known.get(self.log)
        with contextlib.suppress(FileNotFoundError):
            if known is not None and os.path.samestat(self.log.stat(), known):
                self.log.unlink()

    def sizes(self) -> tuple[int, int]:
        """Return the bytes of the file and of its log.

        Raises:
            OSError: they cannot be looked at.
        """
        file, log = (path.stat().st_size if path.exists() else 0 for path in (self.path, self.log))
        return file, log

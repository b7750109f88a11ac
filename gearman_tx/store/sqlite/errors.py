"""SQLite's errors in the words of an operator."""

from __future__ import annotations

import sqlite3
from typing import Final

DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""The errors that say that the pages of a file are not what they should be."""

_WORDS: Final = {
    sqlite3.SQLITE_BUSY: "another process holds its lock",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_CANTOPEN: "it or its folder cannot be written",
    sqlite3.SQLITE_IOERR_SHMSIZE: "the disk is full",
    sqlite3.SQLITE_IOERR: "reading or writing the disk failed",
}


def code_of(error: Exception) -> int:
    """Return SQLite's primary result code, 0 if ``error`` has none."""
    code = getattr(error, "sqlite_errorcode", None)
    return 0 if code is None else int(code) & 0xFF


def is_damage(error: Exception) -> bool:
    """Return whether ``error`` says that the file's pages are damaged."""
    return code_of(error) in DAMAGED


def reason(error: Exception) -> str:
    """Return what happened, with SQLite's own name for it."""
    extended = int(getattr(error, "sqlite_errorcode", 0))
    words = _WORDS.get(extended) or _WORDS.get(code_of(error), str(error))
    name = getattr(error, "sqlite_errorname", None)
    return words if name is None else f"{words} ({name})"

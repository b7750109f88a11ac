"""SQLite's errors, in words that an operator understands."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from gearman_tx.store.port import StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator

_DAMAGED: Final = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
"""The codes of errors about the pages of a file."""

_WORDS: Final = {
    sqlite3.SQLITE_BUSY: "another process holds its lock",
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_READONLY: "it is read-only",
    sqlite3.SQLITE_CANTOPEN: "it or its folder cannot be written",
    sqlite3.SQLITE_IOERR_SHMSIZE: "the disk is full",
    sqlite3.SQLITE_IOERR: "reading or writing the disk failed",
}


class DamagedError(StoreError):
    """The pages of a queue file are damaged; the text says what SQLite found."""


@contextmanager
def store_errors(text: str) -> Iterator[None]:
    """Raise the errors of SQLite and of the disk as errors of the store.

    Args:
        text: the beginning of the message, before a colon.

    Raises:
        DamagedError: the pages of the file are damaged.
        StoreError: another error.
    """
    try:
        yield
    except sqlite3.Error as error:
        if is_damage(error):
            raise DamagedError(reason(error)) from error
        raise StoreError(f"{text}: {reason(error)}") from error
    except OSError as error:
        raise StoreError(f"{text}: {error.strerror}") from error
    except OverflowError as error:
        raise StoreError(f"{text}: {error}") from error


def code_of(error: BaseException | None) -> int:
    """Return SQLite's primary result code of an error, 0 if it has none."""
    code = getattr(error, "sqlite_errorcode", None)
    return 0 if code is None else int(code) & 0xFF


def is_busy(error: BaseException | None) -> bool:
    """Return whether an error says that another process holds the file's lock."""
    return code_of(error) == sqlite3.SQLITE_BUSY


def is_damage(error: BaseException) -> bool:
    """Return whether an error says that the file's pages are damaged."""
    return code_of(error) in _DAMAGED


def reason(error: Exception) -> str:
    """Return the reason of an error, with SQLite's name for it."""
    extended = int(getattr(error, "sqlite_errorcode", 0))
    words = _WORDS.get(extended) or _WORDS.get(code_of(error), str(error))
    name = getattr(error, "sqlite_errorname", None)
    return words if name is None else f"{words} ({name})"

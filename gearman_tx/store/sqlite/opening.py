"""Open the queue file at a path, and upgrade it to the current format.

What never happens: a file of another program is changed. The file is identified before any change;
only a new file, a queue file and a file of the C server are opened. A file of the C server is moved
away, and a queue file with its jobs takes its place. Before an upgrade a copy is made, because an
older version of this package cannot read the upgraded file.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from gearman_tx.store.port import StoreError
from gearman_tx.store.sqlite.c_file import refuse_shared_file, replace_c_file
from gearman_tx.store.sqlite.c_queue import (
    DEFAULT_TABLE,
    columns_of,
    has_queue,
    import_rows,
    quoted,
)
from gearman_tx.store.sqlite.old_format import copy_old_format
from gearman_tx.store.sqlite.schema import (
    APPLICATION_ID,
    PAGE_SIZE,
    VERSION,
    find_version,
    upgrade,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OLDEST_SQLITE: Final = (3, 37, 0)
"""The first version of SQLite with strict tables."""

LOG_PAGES: Final = 4000
"""The size of the log, in pages (16 MB), at which it is copied into the file and starts over."""

LOG_KEPT: Final = 64 * 1024 * 1024
"""The size in bytes to which the log is cut after a large batch."""

_HEADER_SIZE: Final = 100
_ID_PLACE: Final = slice(68, 72)


@frozen
class Opened:
    """An open queue file.

    Attributes:
        connection: the connection to it.
        is_new: whether the file was created now, or was empty.
        notices: messages for the operator.
    """

    connection: sqlite3.Connection
    is_new: bool
    notices: list[str]


@frozen
class Opening:
    """How a queue file is opened.

    Attributes:
        synchronous: ``FULL`` (a commit survives power loss) or ``NORMAL`` (it survives the death
            of the process; power loss may take the newest commits).
        busy_seconds: how long to wait while another process holds SQLite's lock.
        handle_prefix: the prefix of the handles of jobs imported from the C server.
        c_table: the name of the C server's table.
        seconds: returns the time, in Unix seconds.
    """

    seconds: Callable[[], float]
    synchronous: str = "FULL"
    busy_seconds: float = 5.0
    handle_prefix: bytes = b"H:gearmand"
    c_table: str = DEFAULT_TABLE

    def check(self, path: Path) -> None:
        """Check whether :meth:`connect` could open the file at ``path``, if there is one.

        Raises:
            OSError: the file cannot be read and written.
            StoreError: it is not a queue file, or of a newer format.
            sqlite3.Error: it is damaged, locked, or cannot be read and written.
        """
        _need_new_sqlite()
        if not path.exists():
            return
        os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC))
        with contextlib.closing(
            sqlite3.connect(path, timeout=self.busy_seconds, isolation_level=None)
        ) as connection:
            self._identify(connection, path)
            connection.execute("BEGIN IMMEDIATE")  # fails if the file cannot be written
            connection.execute("ROLLBACK")

    def _identify(self, connection: sqlite3.Connection, path: Path) -> int | None:
        """Return the version of a file's format, None if it is the C server's file.

        Raises:
            StoreError: it is a file of another program, or also of another, or of a newer format.
        """
        found = find_version(connection, path)
        if found is None:
            if not has_queue(connection, self.c_table):
                text = f"{path} is a SQLite file of another program, not a queue file"
                raise StoreError(f"{text}: choose another file")
            refuse_shared_file(connection, path, self.c_table)
        return found

    def connect(self, path: Path) -> Opened:
        """Open the file at ``path``; create it, or upgrade its format, if necessary.

        Raises:
            OSError: the file cannot be read and written.
            StoreError: it is not a queue file, or of a newer format.
            sqlite3.Error: it is damaged, locked, or cannot be written.
        """
        _need_new_sqlite()
        # SQLite would make it readable for all users, and its errors say less.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        connection = sqlite3.connect(
            path, timeout=self.busy_seconds, isolation_level=None, check_same_thread=False
        )
        try:
            found = self._identify(connection, path)
            if found is not None:
                return self._prepare(connection, path, found)
        except BaseException:
            connection.close()
            raise
        connection.close()
        notice = replace_c_file(
            path,
            self.c_table,
            self.handle_prefix,
            self.seconds(),
            lambda new: self.connect(new).connection,
        )
        opened = self.connect(path)
        return evolve(opened, notices=[notice, *opened.notices])

    def _prepare(self, connection: sqlite3.Connection, path: Path, found: int) -> Opened:
        notices = []
        # Zeroing the pages of a large workload would cost as much as writing them.
        connection.execute("PRAGMA secure_delete = FAST")
        if found == 0:
            _set_layout(connection)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute(f"PRAGMA synchronous = {self.synchronous}")
        connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")
        connection.execute(f"PRAGMA journal_size_limit = {LOG_KEPT}")
        if found < VERSION:
            copy = copy_old_format(connection, path, found) if found else None
            try:
                connection.execute("BEGIN IMMEDIATE")
                upgrade(connection, found)
                connection.execute("COMMIT")
            except BaseException:
                if copy is not None:
                    copy.unlink()
                raise
            if copy is not None:
                text = f"{path} was upgraded from format {found} to {VERSION}"
                notices.append(f"{text}; {copy} is a copy of it in format {found}")
        if found and has_queue(connection, self.c_table):
            notices.append(self._import_c_table(connection, path))
        return Opened(connection, found == 0, notices)

    def _import_c_table(self, connection: sqlite3.Connection, path: Path) -> str:
        """Import what the C server has put into a queue file, on which it was started.

        Its table is kept under another name, so that it is imported once.
        """
        table, number = self.c_table, 1
        while columns_of(connection, kept := f"{table}_imported_{number}"):
            number += 1
        connection.execute("BEGIN IMMEDIATE")
        result = import_rows(connection, table, connection, self.handle_prefix, self.seconds())
        connection.execute(f"ALTER TABLE {quoted(table)} RENAME TO {quoted(kept)}")
        connection.execute("COMMIT")
        return f"{result.text(table, path)}; the table is now called {kept}"


def _need_new_sqlite() -> None:
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        text = f"this Python has SQLite {sqlite3.sqlite_version}"
        raise StoreError(f"{text}, a queue file needs 3.37 or newer")


def _set_layout(connection: sqlite3.Connection) -> None:
    """Set the layout of the pages, for a new file or for the next ``VACUUM``."""
    connection.execute(f"PRAGMA page_size = {PAGE_SIZE}")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")


def is_marked(path: Path) -> bool:
    """Return whether the header of a file, which may be damaged, has the mark of a queue file.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER_SIZE)
    return header[_ID_PLACE] == APPLICATION_ID.to_bytes(4, "big")

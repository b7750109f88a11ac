"""The C server's table in a file of SQLite: ``--queue-type=libsqlite3``."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from gearman_tx.importing.source import SourceError, source_errors
from gearman_tx.store.sqlite import c_queue
from gearman_tx.store.sqlite.errors import reason
from gearman_tx.store.sqlite.schema import find_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from gearman_tx.store import ForeignRow, RowKey

_BUSY_SECONDS: Final = 10.0


class SQLiteSource:
    """A table of the C server, read in one transaction, the oldest row first.

    Args:
        path: the file.
        table: the table.
        will_delete: whether rows will be deleted, so that no other process may write until then.

    Raises:
        SourceError: there is no such file or table.
    """

    def __init__(self, path: Path, table: str, *, will_delete: bool = False) -> None:
        self.path = path.resolve()
        self.name = f"the table {table} of {self.path}"
        self.identity = self.name
        self._table = table
        with self._errors():
            self.path.stat()  # SQLite's error would say less
            # Not read-only: SQLite must undo a transaction that a killed C server left unfinished.
            address = f"file:{quote(str(self.path))}?mode=rw"
            self._connection = sqlite3.connect(
                address, timeout=_BUSY_SECONDS, isolation_level=None, uri=True
            )
        try:
            with self._errors():
                self._connection.execute("BEGIN IMMEDIATE" if will_delete else "BEGIN")
                self._check_table(table)
        except BaseException:
            self._connection.close()
            raise

    def _check_table(self, table: str) -> None:
        """Refuse a file without the table.

        Raises:
            SourceError: there is no such table, or it is not the C server's.
        """
        if c_queue.has_queue(self._connection, table):
            return
        text = f"{self.path} has no table {table} of the C server"
        if find_version(self._connection, self.path):
            raise SourceError(f"{self.path} is a queue file already: start a server on it")
        rows = self._connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        names = ", ".join(sorted(str(name) for (name,) in rows)) or "none"
        raise SourceError(f"{text}; its tables: {names}; --table names one")

    def count(self) -> int:
        """Return the number of rows."""
        statement = f"SELECT count(*) FROM {c_queue.quoted(self._table)}"  # noqa: S608  # the table's name is quoted
        with self._errors():
            (count,) = self._connection.execute(statement).fetchone()
        return int(count)

    def read(self) -> Iterator[ForeignRow]:
        """Yield all rows, the oldest first."""
        with self._errors():
            yield from c_queue.read_table(self._connection, self._table)

    def delete(self, batches: Iterable[Sequence[RowKey]]) -> int:
        """Delete rows in the transaction in which they were read."""
        statement = f"DELETE FROM {c_queue.quoted(self._table)} WHERE rowid = ?"  # noqa: S608  # the table's name is quoted
        count = 0
        with self._errors("change"):
            for keys in batches:
                rowids = [(rowid,) for rowid, _ in keys]
                count += self._connection.executemany(statement, rowids).rowcount
            self._connection.execute("COMMIT")
        return count

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def _errors(self, verb: str = "read") -> AbstractContextManager[None]:
        return source_errors(f"{verb} {self.name}", (sqlite3.Error, OSError), _describe)


def _describe(error: sqlite3.Error | OSError) -> str:
    """Return the reason of an error."""
    return reason(error) if isinstance(error, sqlite3.Error) else str(error.strerror)

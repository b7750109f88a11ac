"""The C server's table in a file of SQLite: ``--queue-type=libsqlite3``."""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from gearman_tx.importing.source import Key, Row, SourceError
from gearman_tx.store.sqlite import c_queue
from gearman_tx.store.sqlite.errors import reason
from gearman_tx.store.sqlite.schema import find_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

_BUSY_SECONDS: Final = 10.0


class SQLiteSource:
    """A table of the C server.

    Old ones have no ``when_to_run``. An empty workload is a NULL. The rows are read in the order in
    which they were written, and in one transaction.

    Args:
        path: the file.
        table: the table.
        will_delete: whether rows will be deleted, so that nobody may write until then.

    Raises:
        SourceError: there is no such file or table.
    """

    def __init__(self, path: Path, table: str, *, will_delete: bool = False) -> None:
        self.path = path.resolve()
        self.name = f"the table {table} of {self.path}"
        self.identity = self.name
        self._table = c_queue.quoted(table)
        with self._errors():
            self.path.stat()  # SQLite would say less
            # Not read-only: what a killed C server left half written must be taken back first.
            address = f"file:{quote(str(self.path))}?mode=rw"
            self._connection = sqlite3.connect(
                address, timeout=_BUSY_SECONDS, isolation_level=None, uri=True
            )
        try:
            with self._errors():
                self._connection.execute("BEGIN IMMEDIATE" if will_delete else "BEGIN")
                self._identify(table)
        except BaseException:
            self._connection.close()
            raise

    def _identify(self, table: str) -> None:
        if c_queue.has_queue(self._connection, table):
            columns = c_queue.columns_of(self._connection, table)
            self._due = "when_to_run" if "when_to_run" in columns else "0"
            return
        text = f"{self.path} has no table {table} of the C server"
        if find_version(self._connection, self.path):
            raise SourceError(f"{self.path} is a queue file already: start a server on it")
        rows = self._connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        names = ", ".join(sorted(str(name) for (name,) in rows)) or "none"
        raise SourceError(f"{text}; there are: {names}; --table names one")

    def count(self) -> int:
        """Return how many rows there are."""
        with self._errors():
            (count,) = self._connection.execute(f"SELECT count(*) FROM {self._table}").fetchone()  # noqa: S608  # the table's name is quoted
        return int(count)

    def read(self) -> Iterator[Row]:
        """Yield all rows, the oldest first."""
        with self._errors():
            for rowid, function, unique, priority, data, due in self._connection.execute(
                f"""
                SELECT rowid, CAST(function_name AS BLOB), CAST(unique_key AS BLOB), priority,
                    CAST(data AS BLOB), {self._due}
                FROM {self._table} ORDER BY rowid
                """  # noqa: S608  # likewise
            ):
                yield Row((rowid, None), function, unique, priority, data, due)

    def delete(self, batches: Iterable[Sequence[Key]]) -> int:
        """Delete rows, in the transaction in which they were read."""
        count = 0
        with self._errors("change"):
            for keys in batches:
                count += self._connection.executemany(
                    f"DELETE FROM {self._table} WHERE rowid = ?",  # noqa: S608  # likewise
                    [(rowid,) for rowid, _ in keys],
                ).rowcount
            self._connection.execute("COMMIT")
        return count

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    @contextmanager
    def _errors(self, verb: str = "read") -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise SourceError(f"cannot {verb} {self.name}: {reason(error)}") from error
        except OSError as error:
            raise SourceError(f"cannot {verb} {self.name}: {error.strerror}") from error

"""The C server's table in MySQL or MariaDB: ``--queue-type=mysql``."""

from __future__ import annotations

from contextlib import closing
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

import pymysql
from pymysql.cursors import SSCursor

from gearman_tx.importing.source import SourceError, source_errors
from gearman_tx.store import ForeignRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from gearman_tx.store import RowKey

_CONNECT_SECONDS: Final = 15
_SLOW_SECONDS: Final = 600  # how long the server waits for us to read more
_NEEDED: Final = frozenset({"unique_key", "function_name", "priority", "data"})
_KEYS_A_STATEMENT: Final = 100
_NO_PASSWORD: Final = ""


class MySQLSource:
    """A table of the C server, read in one transaction, in the order of the table.

    Names are text. MySQL took the bytes that the C server sent for text in the encoding of the
    client library (UTF-8 with Debian's) and stored them in the encoding of the table. Here they are
    turned back.

    Args:
        options: the arguments of :func:`pymysql.connect`: host, port, user, database and so on.
        table: the table.
        password: the password.
        charset: the encoding of the C server's client library, ``utf8mb4`` or ``latin1``.
        will_delete: whether rows will be deleted, so that they stay locked until then.

    Raises:
        SourceError: there is no such database or table.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        table: str,
        password: str | None,
        charset: str,
        *,
        will_delete: bool = False,
    ) -> None:
        database = options.get("database", "")
        where = options.get("unix_socket") or f"{options.get('host')}:{options.get('port')}"
        self.name = f"the table {table} of MySQL's database {database} at {where}"
        self.identity = self.name
        self._charset = charset
        self._table = "`" + table.replace("`", "``") + "`"
        self._lock = " FOR UPDATE" if will_delete else ""
        with self._errors():
            self._connection: Any = pymysql.connect(
                password=password or _NO_PASSWORD,
                charset="utf8mb4",
                connect_timeout=_CONNECT_SECONDS,
                **options,
            )
        try:
            with self._errors(), self._connection.cursor() as cursor:
                cursor.execute("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
                cursor.execute(f"SET SESSION net_write_timeout = {_SLOW_SECONDS}")
                cursor.execute(f"SHOW COLUMNS FROM {self._table}")
                columns = {str(row[0]).lower() for row in cursor.fetchall()}
                cursor.execute("SELECT @@hostname, @@port, @@datadir")
                host, port, folder = cursor.fetchone()
                self.identity = f"mysql {host} {port} {folder} {database} {table}"
        except BaseException:
            self._connection.close()
            raise
        if not columns >= _NEEDED:
            self._connection.close()
            raise SourceError(f"{self.name} is not the C server's; --table names another")
        self._due = "when_to_run" if "when_to_run" in columns else "NULL"

    def count(self) -> int:
        """Return the number of rows."""
        with self._errors(), self._connection.cursor() as cursor:
            cursor.execute(f"SELECT count(*) FROM {self._table}")  # noqa: S608  # the table's name is quoted
            (count,) = cursor.fetchone()
        return int(count)

    def read(self) -> Iterator[ForeignRow]:
        """Yield all rows as they arrive."""
        statement = f"""
            SELECT function_name, unique_key, priority, data, {self._due}
            FROM {self._table}{self._lock}
            """  # noqa: S608  # the table's name is quoted
        with self._errors(), closing(self._connection.cursor(SSCursor)) as cursor:
            cursor.execute(statement)
            for function, unique, priority, data, due in cursor:
                key = (unique, function)
                try:
                    names = self._as_bytes(function), self._as_bytes(unique)
                except UnicodeEncodeError:
                    problem = f"its names are not {self._charset}; see charset= in the address"
                    yield ForeignRow(key, None, None, priority, data, due, problem)
                    continue
                yield ForeignRow(key, *names, priority, data, due)

    def _as_bytes(self, name: str | bytes | None) -> bytes | None:
        """Return the bytes that the C server sent.

        Raises:
            UnicodeEncodeError: the name has characters that the encoding does not have.
        """
        if not isinstance(name, str):
            return name  # the column holds bytes
        if self._charset == "utf8mb4":
            return name.encode()
        # MySQL's latin1 is Windows code page 1252, and ISO 8859-1 where that has no character.
        return b"".join(_latin1(character) for character in name)

    def delete(self, batches: Iterable[Sequence[RowKey]]) -> int:
        """Delete rows in the transaction in which they were read."""
        count = 0
        with self._errors("change"), self._connection.cursor() as cursor:
            for keys in batches:
                for start in range(0, len(keys), _KEYS_A_STATEMENT):
                    some = keys[start : start + _KEYS_A_STATEMENT]
                    # Not IN: it never matches NULL, and not every version uses the index for pairs.
                    which = " OR ".join(
                        ["(unique_key <=> %s AND function_name <=> %s)"] * len(some)
                    )
                    statement = f"DELETE FROM {self._table} WHERE {which}"  # noqa: S608  # the table's name is quoted
                    count += cursor.execute(statement, tuple(chain.from_iterable(some)))
            self._connection.commit()
        return count

    def close(self) -> None:
        """Close the connection, which ends the transaction."""
        if self._connection.open:
            self._connection.close()

    def _errors(self, verb: str = "read") -> AbstractContextManager[None]:
        errors = (pymysql.MySQLError, OSError, RuntimeError)
        return source_errors(f"{verb} {self.name}", errors, _describe)


def _describe(error: Exception) -> str:
    """Return the text of an error without its number."""
    return str(error.args[-1]) if error.args else str(error)


def _latin1(character: str) -> bytes:
    try:
        return character.encode("cp1252")
    except UnicodeEncodeError:
        if "\x80" <= character <= "\x9f":
            return character.encode("latin-1")
        raise

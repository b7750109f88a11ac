"""The C server's table in PostgreSQL: ``--queue-type=postgres``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import psycopg

from gearman_tx.errors import ConfigurationError
from gearman_tx.importing.source import EXPOSED, SourceError, source_errors
from gearman_tx.store import ForeignRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from gearman_tx.store import RowKey

_CONNECT_SECONDS: Final = 15
_ROWS_A_FETCH: Final = 32
_NEEDED: Final = frozenset({"unique_key", "function_name", "priority", "data"})


class PostgreSQLSource:
    """A table of the C server, read in its physical order.

    That is the order in which the rows were written as long as none was deleted. Names are text in
    one version of the C server and bytes in another; as text they have the bytes of the database's
    own encoding.

    Everything happens in one transaction, which sees the table as it was at the beginning. If
    another process changes a row meanwhile, deleting fails and no row is deleted.

    Args:
        address: the C server's ``--libpq-conninfo``, or a ``postgresql://`` address.
        table: the table; as for the C server, ``Queue`` is ``queue``.
        password: the password, or None for libpq to find one: ``PGPASSWORD``, ``~/.pgpass``.
        will_delete: whether rows will be deleted.

    Raises:
        ConfigurationError: the address has a password in it.
        SourceError: there is no such database or table.
    """

    def __init__(
        self, address: str, table: str, password: str | None, *, will_delete: bool = False
    ) -> None:
        self.name = self.identity = f"the table {table} of PostgreSQL"
        # In a database without an encoding psycopg would return text as bytes.
        more: dict[str, Any] = {"client_encoding": "UTF8"}
        if password is not None:
            more["password"] = password
        with self._errors():
            parts = psycopg.conninfo.conninfo_to_dict(address)
        if parts.get("password"):
            raise ConfigurationError(EXPOSED.format(variable="PGPASSWORD"))
        more.setdefault("connect_timeout", parts.get("connect_timeout", _CONNECT_SECONDS))
        with self._errors():
            self._connection: Any = psycopg.connect(address, **more)
        try:
            info = self._connection.info
            where = info.host if info.host.startswith("/") else f"{info.host}:{info.port}"
            self.name = f"the table {table} of PostgreSQL's database {info.dbname} at {where}"
            self._connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._connection.read_only = not will_delete
            with self._errors():
                self._identify(table)
        except BaseException:
            self._connection.close()
            raise

    def _identify(self, table: str) -> None:
        """Find the table and the types of its columns.

        Raises:
            SourceError: there is no such table, or it is not the C server's.
        """
        (found,) = self._connection.execute("SELECT to_regclass(%s)::text", (table,)).fetchone()
        if found is None:
            raise SourceError(f"{self.name} is not there; --table names another")
        rows = self._connection.execute(
            "SELECT attname, atttypid::regtype::text FROM pg_attribute"
            " WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
            (table,),
        )
        types = dict(rows.fetchall())
        if not types.keys() >= _NEEDED:
            raise SourceError(f"{self.name} is not the C server's; --table names another")
        self._table = found
        self.identity = f"postgresql {self._system()} {self._connection.info.dbname} {found}"
        self._function = _as_bytes("function_name", types)
        self._unique = _as_bytes("unique_key", types)
        self._due = "when_to_run" if "when_to_run" in types else "NULL"

    def _system(self) -> str:
        """Return the identifier of the database cluster, or its address if that is not allowed."""
        may = "SELECT has_function_privilege('pg_control_system()', 'execute')"
        if self._connection.execute(may).fetchone()[0]:
            number = "SELECT system_identifier FROM pg_control_system()"
            return str(self._connection.execute(number).fetchone()[0])
        return self.name

    def count(self) -> int:
        """Return the number of rows."""
        with self._errors():
            (count,) = self._connection.execute(f"SELECT count(*) FROM {self._table}").fetchone()  # noqa: S608  # PostgreSQL returned the name, quoted where necessary
        return int(count)

    def read(self) -> Iterator[ForeignRow]:
        """Yield all rows, a few at a time."""
        statement = f"""
            SELECT job.ctid::text, {self._function}, {self._unique}, priority, data, {self._due}
            FROM {self._table} AS job ORDER BY job.ctid
            """  # noqa: S608  # PostgreSQL returned the name
        with (
            self._errors(),
            self._connection.cursor("gearman_tx", binary=True) as cursor,
        ):
            cursor.itersize = _ROWS_A_FETCH
            for ctid, function, unique, priority, data, due in cursor.execute(statement):
                yield ForeignRow((ctid, None), function, unique, priority, data, due)

    def delete(self, batches: Iterable[Sequence[RowKey]]) -> int:
        """Delete rows in the transaction in which they were read."""
        statement = f"DELETE FROM {self._table} WHERE ctid = ANY(%s::tid[])"  # noqa: S608  # PostgreSQL returned the name
        count = 0
        with self._errors("change"):
            for keys in batches:
                count += self._connection.execute(statement, ([ctid for ctid, _ in keys],)).rowcount
            self._connection.commit()
        return count

    def close(self) -> None:
        """Close the connection, which ends the transaction."""
        self._connection.close()

    def _errors(self, verb: str = "read") -> AbstractContextManager[None]:
        return source_errors(f"{verb} {self.name}", (psycopg.Error,), _describe)


def _describe(error: psycopg.Error) -> str:
    """Return the text of an error without its line end."""
    return str(error).strip()


def _as_bytes(column: str, types: dict[str, str]) -> str:
    """Return an expression for the bytes of a column."""
    if types[column] == "bytea":
        return column
    return f"convert_to({column}::text, getdatabaseencoding())"

"""The C server's table in PostgreSQL: ``--queue-type=postgres``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import psycopg

from gearman_tx.errors import ConfigurationError
from gearman_tx.importing.source import EXPOSED, Key, Row, SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_CONNECT_SECONDS: Final = 15
_ROWS_A_FETCH: Final = 32
_NEEDED: Final = frozenset({"unique_key", "function_name", "priority", "data"})


class PostgreSQLSource:
    """A table of the C server.

    Its names are text in one version and bytes in another; as text they have the bytes of the
    database's own encoding. An empty workload is a NULL. The rows are read in the order in which
    they lie in the table, which is that of their writing as long as none was deleted.

    Everything happens in one transaction that sees the table as it was at its beginning. A row that
    somebody else changes meanwhile cannot be deleted, and then none is.

    Args:
        address: what the C server has as ``--libpq-conninfo``, or a ``postgresql://`` address.
        table: the table; it is found as the C server finds it, ``Queue`` is ``queue``.
        password: the password, or None for what libpq finds: ``PGPASSWORD``, ``~/.pgpass``.
        will_delete: whether rows will be deleted.

    Raises:
        ConfigurationError: the address has a password in it.
        SourceError: there is no such database or table.
    """

    def __init__(
        self, address: str, table: str, password: str | None, *, will_delete: bool = False
    ) -> None:
        self.name = self.identity = f"the table {table} of PostgreSQL"
        # In a database without an encoding psycopg would take text for bytes.
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
        """Find the table and the types of its columns."""
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
        """Return the number that PostgreSQL gave to all its databases here, or where they are."""
        may = "SELECT has_function_privilege('pg_control_system()', 'execute')"
        if self._connection.execute(may).fetchone()[0]:
            number = "SELECT system_identifier FROM pg_control_system()"
            return str(self._connection.execute(number).fetchone()[0])
        return self.name

    def count(self) -> int:
        """Return how many rows there are."""
        with self._errors():
            (count,) = self._connection.execute(f"SELECT count(*) FROM {self._table}").fetchone()  # noqa: S608  # PostgreSQL gave the name, quoted where it must be
        return int(count)

    def read(self) -> Iterator[Row]:
        """Yield all rows, a few at a time."""
        statement = f"""
            SELECT job.ctid::text, {self._function}, {self._unique}, priority, data, {self._due}
            FROM {self._table} AS job ORDER BY job.ctid
            """  # noqa: S608  # likewise
        with (
            self._errors(),
            self._connection.cursor("gearman_tx", binary=True) as cursor,
        ):
            cursor.itersize = _ROWS_A_FETCH
            for ctid, function, unique, priority, data, due in cursor.execute(statement):
                yield Row((ctid, None), function, unique, priority, data, due)

    def delete(self, batches: Iterable[Sequence[Key]]) -> int:
        """Delete rows, in the transaction in which they were read."""
        statement = f"DELETE FROM {self._table} WHERE ctid = ANY(%s::tid[])"  # noqa: S608  # likewise
        count = 0
        with self._errors("change"):
            for keys in batches:
                count += self._connection.execute(statement, ([ctid for ctid, _ in keys],)).rowcount
            self._connection.commit()
        return count

    def close(self) -> None:
        """Close the connection, and with it the transaction."""
        self._connection.close()

    @contextmanager
    def _errors(self, verb: str = "read") -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise SourceError(f"cannot {verb} {self.name}: {str(error).strip()}") from error


def _as_bytes(column: str, types: dict[str, str]) -> str:
    """Return an expression for the bytes of a column."""
    if types[column] == "bytea":
        return column
    return f"convert_to({column}::text, getdatabaseencoding())"

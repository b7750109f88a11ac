"""Open the store of the C server that a user names.

Each kind of store has a module of its own, which is imported only when it is used: it needs a
driver that few users have installed.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

from attrs import frozen

from gearman_tx.errors import ConfigurationError
from gearman_tx.importing.source import EXPOSED, Source
from gearman_tx.importing.sqlite_source import SQLiteSource
from gearman_tx.store import DEFAULT_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from urllib.parse import SplitResult

SQLITE: Final = "sqlite"
POSTGRESQL: Final = "postgresql"
MYSQL: Final = "mysql"
REDIS: Final = "redis"

_KINDS: Final = {
    "sqlite": SQLITE,
    "libsqlite3": SQLITE,
    "postgresql": POSTGRESQL,
    "postgres": POSTGRESQL,
    "mysql": MYSQL,
    "mariadb": MYSQL,
    "redis": REDIS,
    "rediss": REDIS,
    "redis+unix": REDIS,
}

_TABLES: Final = {SQLITE: DEFAULT_TABLE, POSTGRESQL: "queue", MYSQL: DEFAULT_TABLE}
"""The default names of the C server's table."""

_PREFIX: Final = "_gear_"
"""How the C server's keys begin unless ``--redis-prefix`` says otherwise."""

_VARIABLES: Final = {POSTGRESQL: "PGPASSWORD", MYSQL: "MYSQL_PWD", REDIS: "REDISCLI_AUTH"}
"""The environment variables from which the databases' own programs read a password."""

_MYSQL_PORT: Final = 3306
_MYSQL_WORDS: Final = ("charset", "ssl_ca", "ssl_cert", "ssl_key", "unix_socket")
_CHARSETS: Final = ("utf8mb4", "latin1")
"""The encodings that the C server's client library may have as its default."""


class DriverMissingError(ConfigurationError):
    """The driver of a kind of store is not installed."""


@frozen
class SourceOptions:
    """A store, as the user names it.

    Attributes:
        address: a path, or ``KIND:`` and the address in the form of that kind.
        table: the table, or None for the C server's default.
        prefix: how redis' keys begin, or None for the C server's default.
        functions: names of functions with a hyphen.
        password: the password, or None for the one in the environment.
        will_delete: whether rows will be deleted.
    """

    address: str
    table: str | None = None
    prefix: str | None = None
    functions: tuple[bytes, ...] = ()
    password: str | None = None
    will_delete: bool = False

    @property
    def kind(self) -> str:
        """The kind of store; an address that begins with no kind is a path."""
        return _KINDS.get(self.address.partition(":")[0].lower(), SQLITE)

    @property
    def path(self) -> Path | None:
        """The path of a file of SQLite: of ``PATH``, ``sqlite:PATH`` or ``sqlite:///PATH``."""
        if self.kind != SQLITE:
            return None
        scheme, _, rest = self.address.partition(":")
        if scheme.lower() not in _KINDS:
            return Path(self.address)
        return Path(unquote(rest.removeprefix("//")) if rest.startswith("//") else rest)


def open_source(options: SourceOptions) -> Source:
    """Open a store of the C server.

    Raises:
        ConfigurationError: the address cannot be understood, or has a password in it.
        DriverMissingError: its driver is not installed.
        SourceError: it cannot be reached, or is not a store of the C server.
    """
    kind = options.kind
    if options.table is not None and kind == REDIS:
        raise ConfigurationError("--table is for databases with tables; redis has --prefix")
    if kind != REDIS and (options.prefix is not None or options.functions):
        raise ConfigurationError("--prefix and --function are for redis")
    table = options.table or _TABLES.get(kind, "")
    if options.path is not None:
        return SQLiteSource(options.path, table, will_delete=options.will_delete)
    password = options.password or os.environ.get(_VARIABLES[kind]) or None
    opened: Source
    with _driver(kind):
        if kind == POSTGRESQL:
            opened = _postgresql(options, table, password)
        elif kind == MYSQL:
            opened = _mysql(options, table, password)
        else:
            opened = _redis(options, password)
    return opened


def _postgresql(source: SourceOptions, table: str, password: str | None) -> Source:
    from gearman_tx.importing.postgresql_source import PostgreSQLSource  # noqa: PLC0415  # an extra

    _, _, rest = source.address.partition(":")
    address = f"{POSTGRESQL}:{rest}" if rest.startswith("//") else rest
    return PostgreSQLSource(address, table, password, will_delete=source.will_delete)


def _mysql(source: SourceOptions, table: str, password: str | None) -> Source:
    from gearman_tx.importing.mysql_source import MySQLSource  # noqa: PLC0415  # an extra

    parts = _split(source.address, MYSQL, "mysql://USER@HOST:PORT/DATABASE")
    database = unquote(parts.path.strip("/"))
    if not database:
        raise ConfigurationError(
            f"{source.address!r} names no database: mysql://USER@HOST/DATABASE"
        )
    words = dict(parse_qsl(parts.query, keep_blank_values=True))
    for word in words.keys() - set(_MYSQL_WORDS):
        known = ", ".join(_MYSQL_WORDS)
        raise ConfigurationError(f"{word!r} in {source.address!r} is unknown; there are {known}")
    charset = words.pop("charset", _CHARSETS[0])
    if charset not in _CHARSETS:
        known = " and ".join(_CHARSETS)
        raise ConfigurationError(f"charset={charset!r} is unknown; there are {known}")
    options: dict[str, Any] = {
        "host": parts.hostname or "localhost",
        "port": _port(parts, source.address) or _MYSQL_PORT,
        "database": database,
        **words,
    }
    if parts.username:
        options["user"] = unquote(parts.username)
    return MySQLSource(options, table, password, charset, will_delete=source.will_delete)


def _redis(source: SourceOptions, password: str | None) -> Source:
    from gearman_tx.importing.redis_source import RedisSource  # noqa: PLC0415  # an extra

    parts = _split(source.address, REDIS, "redis://HOST:PORT/NUMBER or redis+unix:///SOCKET")
    _port(parts, source.address)
    address = source.address
    if parts.scheme == "redis+unix":
        address = f"unix{address[len('redis+unix') :]}"
    prefix = _PREFIX if source.prefix is None else source.prefix
    return RedisSource(address, source.address, prefix, password, source.functions)


def _split(address: str, kind: str, form: str) -> SplitResult:
    parts = urlsplit(address)
    if not address.partition(":")[2].startswith("//"):
        raise ConfigurationError(f"{address!r} is not an address: {form}")
    _refuse_password(parts, kind)
    return parts


def _port(parts: SplitResult, address: str) -> int | None:
    try:
        return parts.port
    except ValueError as error:
        raise ConfigurationError(f"{address!r}: {error}") from error


def _refuse_password(parts: SplitResult, kind: str) -> None:
    words = dict(parse_qsl(parts.query))
    if parts.password is None and "password" not in words:
        return
    raise ConfigurationError(EXPOSED.format(variable=_VARIABLES[kind]))


@contextmanager
def _driver(kind: str) -> Iterator[None]:
    """Say what to install if a driver is missing."""
    try:
        yield
    except ImportError as error:
        text = f"reading {kind} needs a driver ({error})"
        raise DriverMissingError(f"{text}: pip install 'gearman-tx[import-{kind}]'") from error

"""From what a user calls a store of the C server to an open one.

Each kind has a module of its own, which is imported only when it is asked for: it needs a driver
that few have.
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
"""What the C server calls its table unless it is told otherwise."""

_PREFIX: Final = "_gear_"
"""What the C server begins its keys with unless ``--redis-prefix`` says otherwise."""

_VARIABLES: Final = {POSTGRESQL: "PGPASSWORD", MYSQL: "MYSQL_PWD", REDIS: "REDISCLI_AUTH"}
"""The environment variables in which the databases' own programs look for a password."""

_MYSQL_PORT: Final = 3306
_MYSQL_WORDS: Final = ("charset", "ssl_ca", "ssl_cert", "ssl_key", "unix_socket")
_CHARSETS: Final = ("utf8mb4", "latin1")
"""What the C server may have taken names for: its client library's default."""


class DriverMissingError(ConfigurationError):
    """What is needed to read a kind of store is not installed."""


@frozen
class Wish:
    """What a user says of a store.

    Attributes:
        address: a path, or ``KIND:`` and what that kind needs.
        table: the table, or None for the C server's default.
        prefix: what redis' keys begin with, or None for the C server's default.
        functions: names of functions that have a hyphen.
        password: the password, or None for one in the environment.
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
        """Which kind of store it is; what begins with no kind is a path."""
        return _KINDS.get(self.address.partition(":")[0].lower(), SQLITE)

    @property
    def path(self) -> Path | None:
        """The file, if it is one: ``PATH``, ``sqlite:PATH`` or ``sqlite:///PATH``."""
        if self.kind != SQLITE:
            return None
        scheme, _, rest = self.address.partition(":")
        if scheme.lower() not in _KINDS:
            return Path(self.address)
        return Path(unquote(rest.removeprefix("//")) if rest.startswith("//") else rest)


def open_source(wish: Wish) -> Source:
    """Open a store of the C server.

    Raises:
        ConfigurationError: the address cannot be understood, or has a password in it.
        DriverMissingError: what is needed to read it is not installed.
        SourceError: it cannot be reached, or is not the C server's.
    """
    kind = wish.kind
    if wish.table is not None and kind == REDIS:
        raise ConfigurationError("--table is for databases with tables; redis has --prefix")
    if kind != REDIS and (wish.prefix is not None or wish.functions):
        raise ConfigurationError("--prefix and --function are for redis")
    table = wish.table or _TABLES.get(kind, "")
    if wish.path is not None:
        return SQLiteSource(wish.path, table, will_delete=wish.will_delete)
    password = wish.password or os.environ.get(_VARIABLES[kind]) or None
    opened: Source
    with _driver(kind):
        if kind == POSTGRESQL:
            opened = _postgresql(wish, table, password)
        elif kind == MYSQL:
            opened = _mysql(wish, table, password)
        else:
            opened = _redis(wish, password)
    return opened


def _postgresql(wish: Wish, table: str, password: str | None) -> Source:
    from gearman_tx.importing.postgresql_source import PostgreSQLSource  # noqa: PLC0415  # an extra

    _, _, rest = wish.address.partition(":")
    address = f"{POSTGRESQL}:{rest}" if rest.startswith("//") else rest
    return PostgreSQLSource(address, table, password, will_delete=wish.will_delete)


def _mysql(wish: Wish, table: str, password: str | None) -> Source:
    from gearman_tx.importing.mysql_source import MySQLSource  # noqa: PLC0415  # likewise

    parts = _split(wish.address, MYSQL, "mysql://USER@HOST:PORT/DATABASE")
    database = unquote(parts.path.strip("/"))
    if not database:
        raise ConfigurationError(f"{wish.address!r} names no database: mysql://USER@HOST/DATABASE")
    words = dict(parse_qsl(parts.query, keep_blank_values=True))
    for word in words.keys() - set(_MYSQL_WORDS):
        known = ", ".join(_MYSQL_WORDS)
        raise ConfigurationError(f"{word!r} in {wish.address!r} is unknown; there are {known}")
    charset = words.pop("charset", _CHARSETS[0])
    if charset not in _CHARSETS:
        known = " and ".join(_CHARSETS)
        raise ConfigurationError(f"charset={charset!r} is unknown; there are {known}")
    options: dict[str, Any] = {
        "host": parts.hostname or "localhost",
        "port": _port(parts, wish.address) or _MYSQL_PORT,
        "database": database,
        **words,
    }
    if parts.username:
        options["user"] = unquote(parts.username)
    return MySQLSource(options, table, password, charset, will_delete=wish.will_delete)


def _redis(wish: Wish, password: str | None) -> Source:
    from gearman_tx.importing.redis_source import RedisSource  # noqa: PLC0415  # likewise

    parts = _split(wish.address, REDIS, "redis://HOST:PORT/NUMBER or redis+unix:///SOCKET")
    _port(parts, wish.address)
    address = wish.address
    if parts.scheme == "redis+unix":
        address = f"unix{address[len('redis+unix') :]}"
    prefix = _PREFIX if wish.prefix is None else wish.prefix
    return RedisSource(address, wish.address, prefix, password, wish.functions)


def _split(address: str, kind: str, form: str) -> SplitResult:
    parts = urlsplit(address)
    if not address.partition(":")[2].startswith("//"):
        raise ConfigurationError(f"{address!r} is no address: {form}")
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
    """Tell what to install when a driver is missing."""
    try:
        yield
    except ImportError as error:
        text = f"reading {kind} needs a driver ({error})"
        raise DriverMissingError(f"{text}: pip install 'gearman-tx[import-{kind}]'") from error

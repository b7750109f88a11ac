"""Options of the C server that this server accepts without effect, or refuses.

Options that only make sense in the C server are accepted, and the log says so. Options for features
that this version does not have are refused, because their operator relies on the feature.
"""

from __future__ import annotations

from typing import Final

from gearman_tx.daemon.options import values
from gearman_tx.daemon.options.option import Option, meaningless, refused
from gearman_tx.errors import ConfigurationError

C_GROUP: Final = "Options of the C server without effect here"
REFUSED_GROUP: Final = "Options of the C server that this version refuses"

_NO_HTTP: Final = "HTTP is not in this version of gearman_tx"
_NO_STORE: Final = (
    "the queue is in memory or in SQLite in this version; see --queue-type, and gearman-tx import"
)


def _protocol(word: str) -> str:
    """Refuse every protocol module."""
    if word.lower() == "http":
        raise ConfigurationError(_NO_HTTP)
    raise ConfigurationError(f"unknown protocol module {word!r}")


MEANINGLESS: Final = (
    meaningless(
        "threads",
        "one thread serves all connections",
        letter="t",
        value="NUMBER",
        read=values.number(0),
    ),
    meaningless(
        "hashtable-buckets",
        "the tables of jobs grow by themselves",
        value="NUMBER",
        read=values.number(1),
    ),
    meaningless(
        "round-robin",
        "a worker's functions of one priority always take turns",
        letter="R",
    ),
    meaningless("keepalive", "TCP keep-alive is always on"),
    meaningless(
        "store-queue-on-shutdown",
        "a queue file holds every background job as soon as it is acknowledged",
    ),
)

REFUSED: Final = (
    Option("protocol", f"Refused: {_NO_HTTP}.", letter="r", value="NAME", read=_protocol),
    *refused(_NO_HTTP, "http-port="),
    *refused(
        "TLS is set up by --endpoint here, as in --endpoint=ssl:4731:privateKey=KEY:certKey=CERT",
        "ssl",
        "ssl-ca-file=",
        "ssl-certificate=",
        "ssl-key=",
    ),
    *refused(
        _NO_STORE,
        "mysql-host=",
        "mysql-port=",
        "mysql-user=",
        "mysql-password=",
        "mysql-db=",
        "mysql-table=",
        "libpq-conninfo=",
        "libpq-table=",
        "libmemcached-servers=",
        "libmemcached-prefix=",
        "redis-server=",
        "redis-port=",
        "redis-password=",
        "redis-prefix=",
        "libdrizzle-host=",
        "libdrizzle-port=",
        "libdrizzle-uds=",
        "libdrizzle-user=",
        "libdrizzle-password=",
        "libdrizzle-db=",
        "libdrizzle-table=",
        "libdrizzle-mysql",
        "libtokyocabinet-file=",
        "libtokyocabinet-optimize",
    ),
)

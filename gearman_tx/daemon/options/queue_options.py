"""The options that say where background jobs are kept.

Both commands that start the server have them, with different defaults: ``twistd gearmand`` keeps
the queue in a file, ``gearman-tx gearmand`` in memory, as the C server does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearman_tx.daemon.options import values
from gearman_tx.daemon.options.option import Option
from gearman_tx.errors import ConfigurationError
from gearman_tx.store import DEFAULT_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gearman_tx.daemon.options.table_options import TableOptions

HEADING: Final = "Where background jobs are kept"

TYPE: Final = "queue-type"
PATH: Final = "sqlite-path"

BUILTIN: Final = "builtin"
SQLITE: Final = "sqlite"
QUEUE_TYPES: Final = {BUILTIN: BUILTIN, SQLITE: SQLITE, "libsqlite3": SQLITE}
"""The names of queue types, including the C server's, and the type that each one means."""

SYNCHRONOUS: Final = ("full", "normal")
"""After a loss of power: ``full`` keeps all acknowledged jobs, ``normal`` all but the newest."""

_IMPORTED: Final = frozenset({"mysql", "postgres", "redis"})
_FILE_OPTIONS: Final = ("sqlite-synchronous", "libsqlite3-db", "libsqlite3-table")


def queue_type(word: str) -> str:
    """Read the name of a queue type, in upper or lower case.

    Raises:
        ConfigurationError: this version does not have such a type.
    """
    if word.lower() not in QUEUE_TYPES:
        text = f"{word!r} is not in this version; there are {BUILTIN} and {SQLITE}"
        if word.lower() in _IMPORTED:
            text += "; gearman-tx import copies its jobs into a queue file"
        raise ConfigurationError(text)
    return QUEUE_TYPES[word.lower()]


def queue_options(default: str) -> tuple[Option, ...]:
    """Return the options of a command whose default queue type is ``default``."""
    return (
        Option(
            TYPE,
            "sqlite, also called libsqlite3, keeps them in a file that outlives the process; with "
            "builtin the queue is in memory and ends with the process.",
            letter="q",
            value="NAME",
            default=default,
            shown=default,
            read=queue_type,
        ),
        Option(
            PATH,
            "The queue file; this option implies --queue-type=sqlite. A missing file is created. "
            "On a file of the C server, the jobs are imported into a new file of that name, in "
            "which a C server finds no jobs; its file is kept as FILE.before-gearman-tx-1. The "
            "default is gearmand-PORT.sqlite3 in the working folder, with the number of --port.",
            value="FILE",
            default="",
        ),
        Option(
            "sqlite-synchronous",
            "What a loss of power can take away: full loses no acknowledged job; normal may lose "
            "the newest ones and writes less to the disk. The death of the process loses no job "
            "with either.",
            value="full|normal",
            default="full",
            shown="full",
            read=values.one_of(*SYNCHRONOUS),
        ),
        Option(
            "libsqlite3-db",
            "The C server's name for --sqlite-path; alone it does not set the queue type.",
            value="FILE",
            default="",
        ),
        Option(
            "libsqlite3-table",
            "The C server's table, from which jobs are imported if the file is the C server's.",
            value="NAME",
            default=DEFAULT_TABLE,
            shown=DEFAULT_TABLE,
        ),
    )


def settle(options: TableOptions) -> None:
    """Let ``--sqlite-path`` imply the queue type, unless the type was given as well.

    ``--libsqlite3-db`` does not imply it: in the C server it has no effect without
    ``--queue-type``.

    Raises:
        ConfigurationError: a file was named for a queue in memory.
    """
    if PATH not in options.given:
        return
    if TYPE not in options.given:
        options[TYPE] = SQLITE
    elif options[TYPE] == BUILTIN:
        text = f"--{PATH} is for --{TYPE}={SQLITE}, and --{TYPE}={BUILTIN} is given"
        raise ConfigurationError(text)


def notes(options: TableOptions) -> Iterator[str]:
    """Yield a log line for each option that has no effect on a queue in memory."""
    if options[TYPE] != BUILTIN:
        return
    for name in _FILE_OPTIONS:
        if name in options.given:
            yield f"--{name} has no effect: the queue is in memory"

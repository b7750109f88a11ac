"""The options that say where background jobs are kept.

Both ways to start the server have them. Only the default differs: ``twistd gearmand`` keeps the
queue in a file, ``gearman-tx gearmand`` keeps to what the C server's command line means.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearman_tx.daemon import queue
from gearman_tx.daemon.options import values
from gearman_tx.daemon.options.option import Option
from gearman_tx.errors import ConfigurationError
from gearman_tx.store import DEFAULT_TABLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gearman_tx.daemon.options.twistd import ServerOptions

HEADING: Final = "Where background jobs are kept"

TYPE: Final = "queue-type"
PATH: Final = "sqlite-path"

_OF_FILES: Final = ("sqlite-synchronous", "libsqlite3-db", "libsqlite3-table")


def queue_options(default: str) -> tuple[Option, ...]:
    """Return the options, for a way to start the server whose queue type is ``default``."""
    return (
        Option(
            TYPE,
            "sqlite, also called libsqlite3, keeps them in a file that outlives the process; with "
            "builtin the queue is in memory and ends with the process.",
            letter="q",
            value="NAME",
            default=default,
            shown=default,
            read=queue.queue_type,
        ),
        Option(
            PATH,
            "The file of --queue-type=sqlite, which need not be said besides. It is made if there "
            "is none, and a queue of the C server in it is taken over. The default is "
            "gearmand-PORT.sqlite3 in the working folder, with the number of --port.",
            value="FILE",
            default="",
        ),
        Option(
            "sqlite-synchronous",
            "What a loss of power may take: nothing that was acknowledged, with full; the newest "
            "jobs, with normal, which spares the disk. A process that dies takes nothing either "
            "way.",
            value="full|normal",
            default="full",
            shown="full",
            read=values.one_of(*queue.SYNCHRONOUS),
        ),
        Option(
            "libsqlite3-db",
            "The C server's name for --sqlite-path; alone it does not set the queue type.",
            value="FILE",
            default="",
        ),
        Option(
            "libsqlite3-table",
            "The table in which the C server kept the queue that is to be taken over.",
            value="NAME",
            default=DEFAULT_TABLE,
            shown=DEFAULT_TABLE,
        ),
    )


def settle(options: ServerOptions) -> None:
    """Let a file that was named decide the queue type, unless that was given as well.

    The C server's name of the file does not: there it has no effect without ``--queue-type``.

    Raises:
        ConfigurationError: a file was named for a queue in memory.
    """
    if PATH not in options.given:
        return
    if TYPE not in options.given:
        options[TYPE] = queue.SQLITE
    elif options[TYPE] == queue.BUILTIN:
        text = f"--{PATH} is for --{TYPE}={queue.SQLITE}, and --{TYPE}={queue.BUILTIN} is given"
        raise ConfigurationError(text)


def notes(options: ServerOptions) -> Iterator[str]:
    """Yield what the log should tell of options that a queue in memory does nothing with."""
    if options[TYPE] != queue.BUILTIN:
        return
    for name in _OF_FILES:
        if name in options.given:
            yield f"--{name} has no effect: the queue is in memory"

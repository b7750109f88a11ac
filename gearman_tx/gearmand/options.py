"""The options of ``gearman-tx gearmand``: the command line of the C server."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import evolve
from typing_extensions import override

from gearman_tx._version import BUILD, __version__
from gearman_tx.daemon.options import c_options, queue_options, table, values
from gearman_tx.daemon.options.option import Option, meaningless
from gearman_tx.daemon.options.server_options import ServerOptions
from gearman_tx.daemon.options.table_options import flags, parameters

if TYPE_CHECKING:
    from gearman_tx.daemon.options.table import Groups

DEFAULT_LOG_FILE: Final = "/var/log/gearmand.log"
DEFAULT_PID_FILE: Final = "/var/gearmand.pid"
DEFAULT_CONFIG_FILE: Final = "/etc/gearmand.conf"
"""The three files of the C server, where Debian's build has them."""

PROCESS: Final = (
    Option("daemon", "Go to the background when the server is ready.", letter="d"),
    Option(
        "pid-file",
        "File for the process id; it is removed when the server ends.",
        letter="P",
        value="FILE",
        default=DEFAULT_PID_FILE,
        shown=DEFAULT_PID_FILE,
    ),
    Option(
        "user",
        "User to become after the server listens; only root can change the user.",
        letter="u",
        value="NAME",
        read=values.text,
    ),
    evolve(
        table.LOG_FILE,
        help="File to log to, or stderr, or none; reopened on SIGHUP.",
        default=DEFAULT_LOG_FILE,
        shown=DEFAULT_LOG_FILE,
        read=values.text,
    ),
    table.LOG_FORMAT,
    Option("syslog", "Log to syslog as well."),
    table.VERBOSE,
    evolve(table.CONFIG_FILE, shown=DEFAULT_CONFIG_FILE),
    Option("check-args", "Check the command line, print its error if there is one, and exit."),
    *table.STOPPING,
)

GROUPS: Final[Groups] = {
    "Process, log and shutdown": PROCESS,
    "Listening": table.LISTENING,
    "Queues": table.QUEUES,
    queue_options.HEADING: queue_options.queue_options(queue_options.BUILTIN),
    "Limits": table.LIMITS,
    table.HELP_GROUP: (table.HELP, table.VERSION),
    c_options.C_GROUP: (
        *c_options.MEANINGLESS,
        meaningless("coredump", "signals of a crash are not caught"),
    ),
    c_options.REFUSED_GROUP: c_options.REFUSED,
}


class GearmandOptions(ServerOptions):
    """The options of ``gearman-tx gearmand``."""

    groups = GROUPS
    program = "gearmand"
    default_config = Path(DEFAULT_CONFIG_FILE)
    optFlags = flags(GROUPS)
    optParameters = parameters(GROUPS)

    @override
    def getSynopsis(self) -> str:
        """Return how the server is started."""
        return (
            "Usage: gearman-tx gearmand [options]\n\n"
            "A Gearman job server with the command line of the C gearmand."
        )

    @override
    def opt_version(self) -> None:
        """Print the version in the form of the C server and exit."""
        sys.stdout.write(f"\ngearmand {__version__} - gearman_tx ({BUILD})\n")
        raise SystemExit(0)

"""The options of ``twistd gearmand``."""

from __future__ import annotations

from pathlib import Path

from typing_extensions import override

from gearman_tx.daemon.options import c_options, queue_options, table
from gearman_tx.daemon.options.option import Option
from gearman_tx.daemon.options.server_options import ServerOptions
from gearman_tx.daemon.options.table_options import flags, parameters


def _twistd(name: str, instead: str, letter: str | None = None, value: str | None = None) -> Option:
    """Return an option that is refused because twistd has it."""
    why = f"it is twistd's: {instead}"
    return Option(name, f"Refused: {why}.", letter, value, refused=why)


GROUPS: table.Groups = {
    "Listening": table.LISTENING,
    "Queues": table.QUEUES,
    queue_options.HEADING: queue_options.queue_options(queue_options.SQLITE),
    "Limits": table.LIMITS,
    "Log, configuration and shutdown": (
        table.LOG_FILE,
        table.LOG_FORMAT,
        table.VERBOSE,
        table.CONFIG_FILE,
        *table.STOPPING,
    ),
    table.HELP_GROUP: (table.HELP, table.VERSION),
    c_options.C_GROUP: c_options.MEANINGLESS,
    "Options of the C server that twistd has, before the word gearmand": (
        _twistd("daemon", "twistd gearmand, without --nodaemon", "d"),
        _twistd("pid-file", "twistd --pidfile=FILE gearmand", "P", "FILE"),
        _twistd("user", "twistd --uid=NAME gearmand", "u", "NAME"),
        _twistd("syslog", "twistd --syslog gearmand"),
    ),
    c_options.REFUSED_GROUP: c_options.REFUSED,
}


class Options(ServerOptions):
    """The options of ``twistd gearmand``."""

    groups = GROUPS
    program = "twistd gearmand"
    optFlags = flags(GROUPS)
    optParameters = parameters(GROUPS)

    @override
    def getSynopsis(self) -> str:
        """Return how the server is started."""
        return (
            "Usage: twistd [twistd's options] gearmand [options]\n\n"
            "A Gearman job server. Options of twistd (--nodaemon, --pidfile, --logfile, --uid ...) "
            "come\nbefore the word gearmand; twistd --help lists them."
        )

    @property
    @override
    def folder(self) -> Path:
        """The folder to which ``twistd`` changes before the server starts."""
        twistd = self.parent
        if twistd is None:
            return super().folder
        folder = Path("/") if twistd["chroot"] is not None else super().folder
        return folder.joinpath(twistd["rundir"])

"""The options of ``twistd gearmand``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from gearman_tx.daemon.options import c_options, queue_options, table
from gearman_tx.daemon.options.option import Option
from gearman_tx.daemon.options.server_options import ServerOptions
from gearman_tx.daemon.options.table_options import flags, parameters
from gearman_tx.daemon.working_folder import absolute
from gearman_tx.process import standard_streams

if TYPE_CHECKING:
    from collections.abc import Sequence


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
    """The options of ``twistd gearmand`` and of ``twist gearmand``."""

    groups = GROUPS
    program = "twistd gearmand"
    optFlags = flags(GROUPS)
    optParameters = parameters(GROUPS)

    @override
    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Twisted: read the words of a command line.

        Where ``twistd`` is the caller, the process is a job server from here on.
        """
        if self.parent is not None:
            standard_streams.restart_if_closed()
            if self.is_twist:
                self.program = "twist gearmand"
        super().parseOptions(options)

    @override
    def postOptions(self) -> None:
        """Twisted: check related options, and the working folder for the PID file of ``twistd``.

        Raises:
            ConfigurationError: two options contradict each other, or the folder was removed.
        """
        super().postOptions()
        if pid_file := self.of_twisted("pidfile"):
            absolute(pid_file)

    @override
    def getSynopsis(self) -> str:
        """Return how the server is started."""
        return (
            "Usage: twistd [twistd's options] gearmand [options]\n\n"
            "A Gearman job server. Options of twistd (--nodaemon, --pidfile, --logfile, --uid ...) "
            "come\nbefore the word gearmand; twistd --help lists them."
        )

    def of_twisted(self, name: str) -> Any:
        """Return an option of ``twistd`` or ``twist``, or None if there is no such option."""
        return None if self.parent is None else self.parent.get(name)

    @property
    def is_twistd(self) -> bool:
        """Whether the caller is ``twistd``."""
        return self.parent is not None and "nodaemon" in self.parent

    @property
    def is_twist(self) -> bool:
        """Whether the caller is ``twist``."""
        return self.parent is not None and "reactorName" in self.parent

    @property
    def is_daemon(self) -> bool:
        """Whether ``twistd`` goes to the background."""
        return self.is_twistd and not self.of_twisted("nodaemon")

    @property
    @override
    def folder(self) -> Path:
        """The folder to which ``twistd`` changes before the server starts."""
        folder = Path(self.of_twisted("rundir") or ".")
        if self.of_twisted("chroot") is not None:
            return Path("/") / folder
        return absolute(folder)

"""The options of the job server: read from the command line, a file and the environment.

What is given on the command line wins over the file, and the file over the environment.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from twisted.python import usage
from typing_extensions import override

from gearman_tx._version import BUILD, __version__
from gearman_tx.daemon import queue
from gearman_tx.daemon.options import c_options, command_line, queue_options, table
from gearman_tx.daemon.options.help import help_text
from gearman_tx.daemon.options.option import Option
from gearman_tx.daemon.options.values import size_text
from gearman_tx.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gearman_tx.daemon.options.table import Groups

PORT_VARIABLE = "GEARMAND_PORT"
CONFIG = "config-file"


class TableOptions(usage.Options):
    """Options out of a table, read by the rules of :mod:`gearman_tx.daemon.options.command_line`.

    Attributes:
        groups: the options, by the headings that the help shows them under.
        program: what the program is called in messages.
        default_config: the configuration file that is read when none is named, if it exists.
        given: the names of the options that were given.
    """

    groups: ClassVar[Groups] = {}
    program: ClassVar[str] = "gearmand"
    default_config: ClassVar[Path | None] = None

    def __init__(self) -> None:
        rows = [row for group in self.groups.values() for row in group]
        # Twisted reads the class's lists; help and version are methods of their own.
        super().__init__()  # type: ignore[no-untyped-call]  # Twisted's
        self.rows = {row.name: row for row in rows}
        self.given: set[str] = set()
        for row in rows:
            self.defaults[row.name] = row.shown
            self[row.name] = [] if row.repeats else row.default if row.value else 0

    @override
    def parseOptions(self, options: Sequence[str] | None = None) -> None:
        """Read the words of a command line.

        Args:
            options: the words; those of this process if None.

        Raises:
            UsageError: something about them is wrong; the message is one line.
            SystemExit: likewise, when ``twistd`` is calling: it would print all its help besides.
        """
        given = list(sys.argv[1:] if options is None else options)
        try:
            self._read(given)
            self.postOptions()  # type: ignore[no-untyped-call]  # Twisted's
        except ConfigurationError as error:
            if self.parent is not None:
                raise SystemExit(f"{self.program}: {error}") from error
            raise usage.UsageError(str(error)) from error

    def _read(self, given: Sequence[str]) -> None:
        command_line = self._cut(given)
        for name, _ in command_line:
            if name in {"help", "version"}:
                getattr(self, f"opt_{name}")()  # prints and ends the program
        last = dict(command_line)
        named = last.get(CONFIG)
        path = (
            Path(read(f"--{CONFIG}", self.rows[CONFIG], named))
            if named is not None
            else self.default_config
        )
        if path is not None and (named is not None or path.exists()):
            self._read_file(path, last)
        self._set(command_line)

    def _read_file(self, path: Path, typed: dict[str, str | None]) -> None:
        """Set what ``path`` says, except lists that the command line gives too."""
        try:
            found = self._cut(command_line.in_file(path))
            if CONFIG in dict(found):
                raise ConfigurationError("a configuration file cannot name another")  # noqa: TRY301
            repeated = {name for name in typed if self.rows[name].repeats}
            self._set([(name, value) for name, value in found if name not in repeated])
        except ConfigurationError as error:
            raise ConfigurationError(f"{path}: {error}") from error

    def _cut(self, given: Sequence[str]) -> list[tuple[str, str | None]]:
        takes_value = {name: row.value is not None for name, row in self.rows.items()}
        letters = {row.letter: name for name, row in self.rows.items() if row.letter}
        return command_line.cut(given, takes_value, letters)

    def _set(self, found: Sequence[tuple[str, str | None]]) -> None:
        for name, word in found:
            row = self.rows[name]
            if row.refused:
                raise ConfigurationError(f"--{name}: {row.refused}")
            self.given.add(name)
            if word is None:
                self[name] = 1
                continue
            value = read(f"--{name}", row, word)
            if row.repeats:
                self[name].append(value)
            else:
                self[name] = value

    @override
    def getSynopsis(self) -> str:
        """Return how the program is called."""
        return f"Usage: {self.program} [options]"

    @override
    def getUsage(self, width: int | None = None) -> str:
        """Return what the options do, in groups."""
        return "\n" + help_text(self.groups, width or shutil.get_terminal_size().columns)

    @override
    def opt_version(self) -> None:
        """Print the version and exit."""
        sys.stdout.write(f"gearmand {__version__} (gearman_tx, {BUILD})\n")
        raise SystemExit(0)


def read(name: str, row: Option, word: str) -> Any:
    """Return the value that ``word`` gives to an option.

    Raises:
        ConfigurationError: it cannot have that value; the message starts with ``name``.
    """
    try:
        return row.read(word)
    except ConfigurationError as error:
        raise ConfigurationError(f"{name}: {error}") from error


def flags(groups: Groups) -> list[list[Any]]:
    """Return the options without a value, as Twisted declares them."""
    rows = (row for group in groups.values() for row in group if row.value is None)
    return [[row.name, row.letter, row.help] for row in rows if row.name not in {"help", "version"}]


def parameters(groups: Groups) -> list[list[Any]]:
    """Return the options with a value, as Twisted declares them."""
    rows = (row for group in groups.values() for row in group if row.value is not None)
    return [[row.name, row.letter, row.shown, row.help] for row in rows]


class ServerOptions(TableOptions):
    """What every way to start the job server has in common."""

    @override
    def postOptions(self) -> None:
        """Take the port from the environment if nobody gave it; check what belongs together."""
        word = os.environ.get(PORT_VARIABLE)
        if word and "port" not in self.given:
            self["port"] = read(f"environment variable {PORT_VARIABLE}", self.rows["port"], word)
            self.given.add("port")
        if self["pause-output"] > self["max-output"]:
            pause, most = size_text(self["pause-output"]), size_text(self["max-output"])
            raise ConfigurationError(f"--pause-output ({pause}) is more than --max-output ({most})")
        queue_options.settle(self)

    @property
    def folder(self) -> Path:
        """The working folder of the server."""
        return Path.cwd()


LOG_FILE = Option(
    "log-file",
    "File to log to, or stderr, or none; opened anew on SIGHUP. Without it twistd logs, as its "
    "own options say.",
    letter="l",
    value="FILE",
    default="",
)


def _twistd(name: str, instead: str, letter: str | None = None, value: str | None = None) -> Option:
    """Return an option that is refused because twistd has it."""
    why = f"it is twistd's: {instead}"
    return Option(name, f"Refused: {why}.", letter, value, refused=why)


HELP = Option("help", "Print this help and exit.", letter="h")
VERSION = Option("version", "Print the version and exit.", letter="V")

TWISTD_GROUPS: Groups = {
    "Listening": table.LISTENING,
    "Queues": table.QUEUES,
    queue_options.HEADING: queue_options.queue_options(queue.SQLITE),
    "Limits": table.LIMITS,
    "Log, configuration and shutdown": (
        LOG_FILE,
        table.VERBOSE,
        table.CONFIG_FILE,
        *table.STOPPING,
    ),
    table.HELP_GROUP: (HELP, VERSION),
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

    groups = TWISTD_GROUPS
    program = "twistd gearmand"
    optFlags = flags(TWISTD_GROUPS)
    optParameters = parameters(TWISTD_GROUPS)

    @override
    def getSynopsis(self) -> str:
        """Return how the server is started."""
        return (
            "Usage: twistd [twistd's options] gearmand [options]\n\n"
            "A Gearman job server. Options of twistd (--nodaemon, --pidfile, --logfile, --uid ...) "
            "stand\nbefore the word gearmand; twistd --help lists them."
        )

    @property
    @override
    def folder(self) -> Path:
        """Where ``twistd`` goes before the server starts."""
        twistd = self.parent
        if twistd is None:
            return super().folder
        folder = Path("/") if twistd["chroot"] is not None else super().folder
        return folder.joinpath(twistd["rundir"])

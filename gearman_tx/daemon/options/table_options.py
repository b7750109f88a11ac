"""Read the options of a table from the command line, a file and the environment.

The command line wins over the file, and the file over the environment.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from twisted.python import usage
from typing_extensions import override

from gearman_tx._version import BUILD, __version__
from gearman_tx.daemon.options import command_line
from gearman_tx.daemon.options.help import help_text
from gearman_tx.daemon.options.option import Option
from gearman_tx.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gearman_tx.daemon.options.table import Groups

CONFIG = "config-file"


class TableOptions(usage.Options):
    """Options from a table, read by the rules of :mod:`gearman_tx.daemon.options.command_line`.

    It is a ``usage.Options`` because ``twistd`` requires one. ``usage.Options`` itself would accept
    abbreviations, and would print all the help after an error.

    Attributes:
        groups: the options by the headings of the help.
        program: the name of the program in messages.
        default_config: the configuration file that is read, if it exists, unless another is named.
        given: the names of the options that were given.
    """

    groups: ClassVar[Groups] = {}
    program = "gearmand"
    default_config: ClassVar[Path | None] = None

    def __init__(self) -> None:
        rows = [row for group in self.groups.values() for row in group]
        # Twisted reads optFlags and optParameters, and the methods opt_help and opt_version.
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
            options: the words; None takes those of this process.

        Raises:
            UsageError: a word is wrong; the message is one line.
            SystemExit: a word is wrong and ``twistd`` is the caller, which would print all its help
                after a ``UsageError``.
        """
        words = list(sys.argv[1:] if options is None else options)
        try:
            self._read(words)
            self.postOptions()  # type: ignore[no-untyped-call]  # Twisted's
        except ConfigurationError as error:
            if self.parent is not None:
                raise SystemExit(f"{self.program}: {error}") from error
            raise usage.UsageError(str(error)) from error

    def _read(self, words: Sequence[str]) -> None:
        """Set what the configuration file and the command line say."""
        typed = self._cut(words)
        for name, _ in typed:
            if name in {"help", "version"}:
                getattr(self, f"opt_{name}")()  # prints and ends the program
        last = dict(typed)
        named = last.get(CONFIG)
        path = (
            Path(read(f"--{CONFIG}", self.rows[CONFIG], named))
            if named is not None
            else self.default_config
        )
        if path is not None and (named is not None or path.exists()):
            self._read_file(path, last)
        self._set(typed)

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

    def _cut(self, words: Sequence[str]) -> list[tuple[str, str | None]]:
        takes_value = {name: row.value is not None for name, row in self.rows.items()}
        letters = {row.letter: name for name, row in self.rows.items() if row.letter}
        return command_line.cut(words, takes_value, letters)

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
        """Return the help of the options, in groups."""
        return "\n" + help_text(self.groups, width or shutil.get_terminal_size().columns)

    @override
    def opt_version(self) -> None:
        """Print the version and exit."""
        sys.stdout.write(f"gearmand {__version__} (gearman_tx, {BUILD})\n")
        raise SystemExit(0)


def read(name: str, row: Option, word: str) -> Any:
    """Return the value of an option that is given as ``word``.

    Raises:
        ConfigurationError: the option cannot have that value; the message starts with ``name``.
    """
    try:
        return row.read(word)
    except ConfigurationError as error:
        raise ConfigurationError(f"{name}: {error}") from error


def flags(groups: Groups) -> list[list[Any]]:
    """Return the options without a value as Twisted's ``optFlags``."""
    rows = (row for group in groups.values() for row in group if row.value is None)
    return [[row.name, row.letter, row.help] for row in rows if row.name not in {"help", "version"}]


def parameters(groups: Groups) -> list[list[Any]]:
    """Return the options with a value as Twisted's ``optParameters``."""
    rows = (row for group in groups.values() for row in group if row.value is not None)
    return [[row.name, row.letter, row.shown, row.help] for row in rows]

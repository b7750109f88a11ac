"""The log: its verbosity, and a file that can be moved away while the server runs."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Final, Protocol, TextIO, cast

from twisted.logger import (
    FileLogObserver,
    FilteringLogObserver,
    ILogFilterPredicate,
    ILogObserver,
    Logger,
    LogLevel,
    LogPublisher,
    PredicateResult,
    globalLogPublisher,
)
from zope.interface import implementer

from gearman_tx.daemon.log_format import FORMATS, TEXT, as_journal, is_journal
from gearman_tx.daemon.working_folder import absolute
from gearman_tx.errors import ConfigurationError

if TYPE_CHECKING:
    from twisted.logger import LogEvent

LEVELS: Final[dict[str, Any]] = {
    "FATAL": LogLevel.critical,
    "ALERT": LogLevel.critical,
    "CRITICAL": LogLevel.critical,
    "ERROR": LogLevel.error,
    "WARNING": LogLevel.warn,
    "NOTICE": LogLevel.info,
    "INFO": LogLevel.info,
    "DEBUG": LogLevel.debug,
}
"""The C server's levels and Twisted's."""

TRACING: Final = "DEBUG"
"""The level at which each connection is logged, and Twisted's lines that need no action."""

_OURS: Final = "gearman_tx"


@implementer(ILogFilterPredicate)
class Verbosity:
    """Decides which lines are logged.

    Args:
        name: one of :data:`LEVELS`.

    Attributes:
        traces: whether each connection is logged, and Twisted's lines that need no action.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.traces = name == TRACING
        self._least = LEVELS[name]

    def __call__(self, event: LogEvent) -> Any:
        """Return whether ``event`` is logged: Twisted's ``ILogFilterPredicate``."""
        level = event.get("log_level", LogLevel.info)
        if level < self._least:
            return PredicateResult.no
        if level > LogLevel.info or self.traces:
            return PredicateResult.maybe
        is_ours = str(event.get("log_namespace", "")).startswith(_OURS)
        return PredicateResult.maybe if is_ours else PredicateResult.no

    def logger(self, namespace: str) -> Logger:
        """Return a logger that drops lines below this verbosity."""
        return Logger(namespace, observer=self.filtered(globalLogPublisher))

    def filtered(self, observer: ILogObserver) -> ILogObserver:
        """Return an observer that passes only the lines of this verbosity to ``observer``."""
        return FilteringLogObserver(observer, [self])


class LogStream(Protocol):
    """An open file of a log."""

    def write(self, text: str, /) -> object:
        """Append ``text``."""

    def flush(self) -> object:
        """Pass all text to the operating system."""

    def close(self) -> object:
        """Close the file."""


class LogFile:
    """A log file that can be reopened after it was moved away.

    Args:
        path: the path; a missing file is created.

    Raises:
        ConfigurationError: the file cannot be written.
    """

    def __init__(self, path: str) -> None:
        self.path = absolute(path)
        try:
            self._stream = self._open()
        except OSError as error:
            text = f"cannot write the log file {path}: {error.strerror}"
            raise ConfigurationError(text) from error

    def _open(self) -> LogStream:
        return self.path.open("a", encoding="utf-8", errors="backslashreplace")

    def reopen(self) -> None:
        """Go on in a new file at the path if the old file was moved away.

        Raises:
            OSError: the new file cannot be opened; the old one stays in use.
        """
        stream, self._stream = self._stream, self._open()
        stream.close()

    def write(self, text: str) -> None:
        """Append ``text``."""
        self._stream.write(text)

    def flush(self) -> None:
        """Pass all text to the operating system."""
        self._stream.flush()

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def observer(self, log_format: str = TEXT) -> ILogObserver:
        """Return an observer that writes each event to the file."""
        return FileLogObserver(cast("TextIO", self), FORMATS[log_format])


def open_log(name: str, log_format: str = TEXT) -> tuple[ILogObserver, LogFile | None]:
    """Return an observer for the log that ``--log-file`` names, and its file if it has one.

    Args:
        name: ``stderr``, ``none`` or a path.
        log_format: one of :data:`~gearman_tx.daemon.log_format.FORMATS`.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    if name == "none":
        return LogPublisher(), None  # without observers it drops every event
    if name == "stderr":
        return write_to(sys.stderr, log_format), None
    log_file = LogFile(name)
    return log_file.observer(log_format), log_file


def write_to(stream: TextIO, log_format: str = TEXT) -> ILogObserver:
    """Return an observer that writes to a standard stream; for systemd's journal in its format."""
    write = FORMATS[log_format]
    if log_format == TEXT and is_journal(stream, os.environ):
        write = as_journal
    return FileLogObserver(stream, write)

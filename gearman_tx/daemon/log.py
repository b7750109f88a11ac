"""The log: how much of it there is, and a file that can be moved away while the server runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TextIO

from twisted.logger import (
    FilteringLogObserver,
    ILogFilterPredicate,
    ILogObserver,
    Logger,
    LogLevel,
    PredicateResult,
    globalLogPublisher,
    textFileLogObserver,
)
from zope.interface import implementer

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
"""The C server's levels and Twisted's. NOTICE is ours alone, INFO has Twisted's own lines too."""

_OURS: Final = "gearman_tx"
_CHATTY: Final = frozenset({"INFO", "DEBUG"})


@implementer(ILogFilterPredicate)
class Verbosity:
    """Which lines are logged.

    Args:
        name: one of :data:`LEVELS`.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._least = LEVELS[name]

    def __call__(self, event: LogEvent) -> Any:
        """Return whether ``event`` is logged: Twisted's ``ILogFilterPredicate``."""
        level = event.get("log_level", LogLevel.info)
        if level < self._least:
            return PredicateResult.no
        if level > LogLevel.info or self.name in _CHATTY:
            return PredicateResult.maybe
        is_ours = str(event.get("log_namespace", "")).startswith(_OURS)
        return PredicateResult.maybe if is_ours else PredicateResult.no

    def logger(self, namespace: str) -> Logger:
        """Return a logger whose lines are dropped if they are below this verbosity."""
        return Logger(namespace, observer=self.filtered(globalLogPublisher))

    def filtered(self, observer: ILogObserver) -> ILogObserver:
        """Return an observer that gives to ``observer`` what is to be logged."""
        return FilteringLogObserver(observer, [self])


class LogFile:
    """A file of log lines that is opened anew when somebody moved it away.

    Args:
        path: where it is; it is made if it is not there.

    Raises:
        ConfigurationError: it cannot be written.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path).absolute()
        try:
            self._stream = self._open()
        except OSError as error:
            text = f"cannot write the log file {path}: {error.strerror}"
            raise ConfigurationError(text) from error

    def _open(self) -> TextIO:
        return self.path.open("a", encoding="utf-8", errors="backslashreplace")

    def reopen(self) -> None:
        """Write to a new file if the old one was moved away.

        Raises:
            OSError: there cannot be a new one; the old one is written on.
        """
        stream, self._stream = self._stream, self._open()
        stream.close()

    def write(self, text: str) -> None:
        """Write at the end of the file."""
        self._stream.write(text)

    def flush(self) -> None:
        """Hand everything over to the operating system."""
        self._stream.flush()

    def close(self) -> None:
        """Write no more."""
        self._stream.close()

    @property
    def observer(self) -> ILogObserver:
        """What writes each event as a line with time, level and source."""
        return textFileLogObserver(self)  # type: ignore[arg-type]  # it needs write and flush only


@implementer(ILogObserver)
class _NoLog:
    """Logs nothing."""

    def __call__(self, event: LogEvent) -> None:
        """Drop ``event``."""


def open_log(name: str) -> tuple[ILogObserver, LogFile | None]:
    """Return what writes to the log that ``--log-file`` names, and the file if it is one.

    Args:
        name: ``stderr``, ``none`` or a path.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    if name == "stderr":
        return textFileLogObserver(sys.stderr), None
    if name == "none":
        return _NoLog(), None
    log_file = LogFile(name)
    return log_file.observer, log_file

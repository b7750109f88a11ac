"""The log files of ``twistd --logfile`` and ``twist --log-file``, which SIGHUP reopens too.

``twistd`` opens its file itself, and the server cannot find it afterwards. So the same file is
opened here and given to ``twistd`` as the log of the application. ``twist`` has its file among its
options.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, TextIO, cast

from attrs import frozen
from twisted.logger import FileLogObserver
from twisted.python.logfile import LogFile

from gearman_tx.daemon.log_format import FORMATS
from gearman_tx.daemon.working_folder import absolute
from gearman_tx.errors import ConfigurationError

if TYPE_CHECKING:
    from twisted.logger import ILogObserver

TWISTD_LOG: Final = "twistd.log"
"""The file to which ``twistd`` logs in the background unless an option names another."""


class ReopenableLog(Protocol):
    """A log file that can be reopened after it was moved away.

    Attributes:
        path: where it is reopened.
    """

    @property
    def path(self) -> str | Path:
        """Where it is reopened."""

    def reopen(self) -> None:
        """Go on in a new file at the path.

        Raises:
            OSError: the new file cannot be opened; the old one stays in use.
        """


class TwistdLog:
    """The file of ``twistd --logfile``, which begins another file at each 1,000,000 bytes.

    Args:
        path: the path; a missing file is created.

    Raises:
        ConfigurationError: the file cannot be written.
    """

    def __init__(self, path: str) -> None:
        self.path = absolute(path)
        try:
            self._file = self._open()
        except OSError as error:
            text = f"cannot write the log file {path}: {error.strerror}"
            raise ConfigurationError(text) from error

    def _open(self) -> LogFile:
        return LogFile(self.path.name, str(self.path.parent))

    def reopen(self) -> None:
        """Go on in a new file at the path.

        Twisted's own method closes the old file first, and leaves no file on errors.

        Raises:
            OSError: the new file cannot be opened; the old one stays in use.
        """
        before, self._file = self._file, self._open()
        before.close()

    def write(self, text: str) -> None:
        """Append ``text``; begin another file if this one is full."""
        self._file.write(text)

    def flush(self) -> None:
        """Pass all text to the operating system."""
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def observer(self, log_format: str) -> ILogObserver:
        """Return an observer that writes each event to the file."""
        return FileLogObserver(cast("TextIO", self), FORMATS[log_format])


@frozen
class TwistLog:
    """The file of ``twist --log-file``.

    Attributes:
        path: its path.
        stream: the file, to which ``twist`` logs.
    """

    path: Path
    stream: TextIO

    def reopen(self) -> None:
        """Go on in a new file at the path.

        Raises:
            OSError: the new file cannot be opened; the old one stays in use.
        """
        self.stream.flush()
        with self.path.open("a") as new:
            os.dup2(new.fileno(), self.stream.fileno(), inheritable=False)

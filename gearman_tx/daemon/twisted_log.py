"""The log files of ``twistd --logfile`` and ``twist --log-file``, which SIGHUP reopens too.

``twistd`` opens its file itself, and the server cannot find it afterwards. So the same file is
opened here and given to ``twistd`` as the log of the application. ``twist`` has its file among its
options.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO, cast

from attrs import frozen
from twisted.logger import FileLogObserver
from twisted.python.logfile import LogFile
from typing_extensions import override

from gearman_tx.daemon.log_format import FORMATS
from gearman_tx.daemon.working_folder import absolute
from gearman_tx.errors import ConfigurationError

if TYPE_CHECKING:
    from twisted.logger import ILogObserver

TWISTD_LOG = "twistd.log"
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


class TwistdLog(LogFile):
    """The file of ``twistd --logfile``, which begins another file at each 1,000,000 bytes."""

    @override
    def reopen(self) -> None:
        """Twisted: go on in a new file; unlike Twisted's method it keeps the old one on errors."""
        before = self._file
        try:
            self._openFile()  # type: ignore[no-untyped-call]  # Twisted's
        except OSError:
            self._file = before
            raise
        before.close()

    def observer(self, log_format: str) -> ILogObserver:
        """Return an observer that writes each event to the file."""
        return FileLogObserver(cast("TextIO", self), FORMATS[log_format])


def open_twistd_log(name: str) -> TwistdLog:
    """Open the log of ``twistd``.

    Raises:
        ConfigurationError: the file cannot be written.
    """
    try:
        return TwistdLog.fromFullPath(str(absolute(name)))  # type: ignore[no-any-return, no-untyped-call]  # Twisted's
    except OSError as error:
        text = f"cannot write the log file {name}: {error.strerror}"
        raise ConfigurationError(text) from error


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

"""The log files of ``twistd --logfile`` and ``twist --log-file``, which SIGHUP reopens too.

``twistd`` opens its file itself, and the server cannot find it afterwards. So the same file is
opened here and given to ``twistd`` as the log of the application. ``twist`` has its file among its
options.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, Protocol, TextIO

from attrs import frozen
from twisted.python import logfile
from typing_extensions import override

from gearman_tx.daemon.log import LogFile, LogStream

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


class TwistdLog(LogFile):
    """The file of ``twistd --logfile``, which begins another file at each 1,000,000 bytes.

    Reopening it makes a new file object, because Twisted's own method closes the old file first and
    leaves no file on errors.
    """

    @override
    def _open(self) -> LogStream:
        return logfile.LogFile(self.path.name, str(self.path.parent))


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

"""The PID file, from which scripts read the process id of the server."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from attrs import define

from gearman_tx.errors import ConfigurationError


@define
class PidFile:
    """A file with a decimal process id and a line end, as the C server writes it.

    Args:
        path: its path.
    """

    path: Path

    def write(self) -> None:
        """Write the id of this process; replace an existing file.

        Raises:
            ConfigurationError: the file cannot be written.
        """
        try:
            self.path.write_bytes(self._content())
        except OSError as error:
            text = f"--pid-file: cannot write {self.path}: {error.strerror}"
            raise ConfigurationError(text) from error

    def remove(self) -> None:
        """Remove the file, unless another process has written its own id since."""
        with contextlib.suppress(OSError):
            if self.path.is_file() and self.path.read_bytes() == self._content():
                self.path.unlink()

    def _content(self) -> bytes:
        return b"%d\n" % os.getpid()

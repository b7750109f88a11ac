"""Become a daemon: leave the terminal when the server is ready.

The process that was started waits for its grandchild, the daemon. It exits with 0 when the daemon
is ready, and with 1 if the daemon ends before. Until then the daemon keeps the terminal's standard
error, where it prints the reason of a failed start.
"""

from __future__ import annotations

import contextlib
import os
from typing import Final

from attrs import define

_READY: Final = b"0"


def detach() -> Terminal:
    """Return in the daemon; the process that was started exits inside this function.

    Must be called while there is one thread, and before a reactor is imported.

    Returns:
        The terminal, for the daemon to leave when it is ready.
    """
    reading, writing = os.pipe()
    if os.fork():
        os.close(writing)
        os._exit(0 if os.read(reading, 1) == _READY else 1)
    os.close(reading)
    os.setsid()
    if os.fork():
        os._exit(0)
    return Terminal(writing)


@define
class Terminal:
    """The terminal that a daemon was started from."""

    _writing: int

    def leave(self, *, keep_error: bool) -> None:
        """Close the standard streams, and let the process that was started exit with 0.

        Args:
            keep_error: whether standard error stays open, for the log.
        """
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1) if keep_error else (0, 1, 2):
            os.dup2(nowhere, standard)
        os.close(nowhere)
        with contextlib.suppress(BrokenPipeError):  # the waiting process was killed
            os.write(self._writing, _READY)
        os.close(self._writing)

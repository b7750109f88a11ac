"""Become a daemon: leave the terminal, and let whoever started us know when the server is ready.

The process that was started waits until its grandchild, the daemon, says that it is ready, and
exits with 0 then and with 1 if it never does. Until that the daemon keeps the terminal's standard
error, so that what it cannot do is told there.
"""

from __future__ import annotations

import contextlib
import os
from typing import Final

from attrs import define

_READY: Final = b"0"


def detach() -> Terminal:
    """Go on as a daemon; the process that was started does not return from here.

    Must be called while there is one thread, and before a reactor is made.

    Returns:
        The terminal, to be let go when the daemon is ready.
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

    def let_go(self, *, keep_error: bool) -> None:
        """Tell the process that was started to exit with 0; read and write nothing there any more.

        Args:
            keep_error: whether to go on writing to standard error.
        """
        nowhere = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1) if keep_error else (0, 1, 2):
            os.dup2(nowhere, standard)
        os.close(nowhere)
        with contextlib.suppress(BrokenPipeError):  # nobody waits any more
            os.write(self._writing, _READY)
        os.close(self._writing)

"""A listening socket that tells when the system has no room for another connection.

Twisted closes the connections that wait when descriptors run out, and asks again at once when
memory or the system's table of files does: connections are lost, or the processor is busy with
nothing. With this socket it sees none of that; who is told makes it stop asking for a while.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""Errors of ``accept`` that pass when something else is given back."""


class PatientSocket:
    """A listening socket for a Twisted port.

    Args:
        socket: the socket itself; everything but ``accept`` is its own.
        on_exhausted: called with the error when a connection could not be accepted.
    """

    def __init__(self, socket: Any, on_exhausted: Callable[[OSError], None]) -> None:
        self._socket = socket
        self._on_exhausted = on_exhausted

    def accept(self) -> Any:
        """Accept a connection; when there is no room, pretend that none waits.

        Raises:
            OSError: no connection waits, or it went away meanwhile.
        """
        try:
            return self._socket.accept()
        except OSError as error:
            if error.errno not in EXHAUSTED:
                raise
            self._on_exhausted(error)
            raise BlockingIOError(errno.EWOULDBLOCK, "no room for a connection") from error

    def __getattr__(self, name: str) -> Any:
        """Return whatever else the socket has."""
        return getattr(self._socket, name)

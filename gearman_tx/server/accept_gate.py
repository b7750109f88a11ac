"""Accept no more connections than the limit; the others wait in the kernel's backlog.

Without this limit a reactor that runs out of file descriptors would close surplus connections or
spin. Because accepting pauses in time, no connection is turned away: a waiting one is served when
another one ends. If descriptors run out all the same, because something else took them, the ports
rest for a moment, or until a connection ends. Twisted itself would close the waiting connections
then, or, when memory or the system's table of files is full, try again at once forever; a
:class:`PatientSocket` hides the error from it.
"""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.tcp import Port

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IDelayedCall, IListeningPort, IReactorTime

    from gearman_tx.server.log import ServerLog

REST_SECONDS: Final = 1.0
"""How long the ports rest after the system had no room for a connection."""

EXHAUSTED: Final = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
"""Errors of ``accept`` that pass when other resources are freed."""

_ACCEPTS_A_TURN: Final = 16  # the most connections that a port accepts in one turn


class PatientSocket:
    """A listening socket for a Twisted port that reports exhaustion instead of raising it.

    Args:
        socket: the real socket; every name but ``accept`` is the real socket's.
        on_exhausted: called with the error when the system has no room for a connection.
    """

    def __init__(self, socket: Any, on_exhausted: Callable[[OSError], None]) -> None:
        self._socket = socket
        self._on_exhausted = on_exhausted

    def accept(self) -> Any:
        """Accept a connection; when there is no room, pretend that no connection waits.

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
        """Return any other attribute of the real socket."""
        return getattr(self._socket, name)


class AcceptGate:
    """Pause and resume the listening ports by the number of open connections.

    Args:
        limit: how many connections may be open.
        server_log: the log.
        clock: measures the rest of the ports.

    Attributes:
        count: the number of open connections.
    """

    def __init__(self, limit: int, server_log: ServerLog, clock: IReactorTime) -> None:
        self.limit = limit
        self.count = 0
        self._server_log = server_log
        self._clock = clock
        self._ports: list[Any] = []  # of Port, which Twisted leaves untyped
        self._is_closed = False
        self._is_to_adjust = True  # connections came or went since the last adjustment
        self._rest: IDelayedCall | None = None

    def watch(self, port: IListeningPort) -> None:
        """Pause ``port`` whenever there is no room; a port without a socket is left alone."""
        if isinstance(port, Port):
            watched: Any = port
            if hasattr(watched, "socket"):  # Twisted documents neither this name nor numberAccepts
                watched.socket = PatientSocket(watched.socket, self._exhausted)
            self._ports.append(watched)
            if self._is_closed:
                watched.pauseProducing()
            self._adjust()

    def opened(self) -> None:
        """Count a new connection."""
        self.count += 1
        self._is_to_adjust = True

    def closed(self) -> None:
        """Count an ended connection; its descriptor is free."""
        self.count -= 1
        self._is_to_adjust = True
        self._end_rest()

    def adjust(self) -> None:
        """Once a turn: pause or resume the ports if connections came or went."""
        if self._is_to_adjust:
            self._is_to_adjust = False
            self._adjust()

    def _adjust(self) -> None:
        """Divide the room between the ports, or pause them if there is none."""
        room = self.limit - self.count
        if room <= 0 and not self._is_closed:
            self._server_log.accepting_paused(self.count)
        self._close(is_closed=room <= 0 or self._rest is not None)
        share = max(1, min(_ACCEPTS_A_TURN, room // max(1, len(self._ports))))
        for port in self._ports:
            if hasattr(port, "numberAccepts"):
                # Twisted raises it under load, without regard to the room.
                port.numberAccepts = min(port.numberAccepts, share)

    def _close(self, *, is_closed: bool) -> None:
        if is_closed == self._is_closed:
            return
        self._is_closed = is_closed
        for port in self._ports:
            if is_closed:
                port.pauseProducing()
            else:
                port.resumeProducing()

    def _exhausted(self, error: OSError) -> None:
        """Let the ports rest, because the system had no room for a connection."""
        if self._rest is None:
            self._server_log.accepting_failed(error)
            self._rest = self._clock.callLater(REST_SECONDS, self._rest_is_over)
            self._close(is_closed=True)

    def _rest_is_over(self) -> None:
        self._rest = None
        self._adjust()

    def _end_rest(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def stop(self) -> None:
        """Change no port any more."""
        self._end_rest()
        self._ports.clear()

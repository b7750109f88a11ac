"""Accept no more connections than there is room for; the rest wait in the kernel's backlog.

Without this, running out of file descriptors would make a reactor close the surplus connections,
or spin. Pausing in time means that nobody is turned away: whoever waits is served when another
connection ends. When descriptors run out all the same, because something else took them, the ports
rest for a moment, or until a connection ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twisted.internet.tcp import Port

from gearman_tx.server.patient_socket import PatientSocket

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall, IListeningPort, IReactorTime

    from gearman_tx.server.log import ServerLog

REST_SECONDS: Final = 1.0
"""How long nothing is accepted after the system had no room for a connection."""

_ACCEPTS_A_TURN: Final = 16  # a port may accept so many connections before others are looked after


class AcceptGate:
    """Pause and resume the listening ports by the number of open connections.

    Args:
        limit: how many connections may be open.
        server_log: who keeps the log.
        clock: measures the rest.

    Attributes:
        count: how many are open.
    """

    def __init__(self, limit: int, server_log: ServerLog, clock: IReactorTime) -> None:
        self.limit = limit
        self.count = 0
        self._server_log = server_log
        self._clock = clock
        self._ports: list[Any] = []  # of Port, which Twisted leaves untyped
        self._is_closed = False
        self._is_to_adjust = True  # something changed since the last time
        self._rest: IDelayedCall | None = None

    def watch(self, port: IListeningPort) -> None:
        """Pause ``port`` when there is no room; ports of a kind without sockets are let be."""
        if isinstance(port, Port):
            watched: Any = port
            if hasattr(watched, "socket"):  # Twisted does not document the name, nor the next one
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
        """Count an ended connection; what it held is free."""
        self.count -= 1
        self._is_to_adjust = True
        self._end_rest()

    def adjust(self) -> None:
        """Once a turn: if connections came or went, change what may be accepted."""
        if self._is_to_adjust:
            self._is_to_adjust = False
            self._adjust()

    def _adjust(self) -> None:
        """Let each port accept what there is room for, if anything."""
        room = self.limit - self.count
        if room <= 0 and not self._is_closed:
            self._server_log.accepting_paused(self.count)
        self._close(is_closed=room <= 0 or self._rest is not None)
        share = max(1, min(_ACCEPTS_A_TURN, room // max(1, len(self._ports))))
        for port in self._ports:
            if hasattr(port, "numberAccepts"):
                # Twisted raises it under load, beyond what there is room for.
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
        """The system had no room for a connection."""
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
        """Accept nothing more."""
        self._end_rest()
        self._ports.clear()

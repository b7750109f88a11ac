"""Accept no more connections than there is room for; the rest wait in the kernel's backlog.

Without this, running out of file descriptors would make a reactor close the surplus connections,
or spin. Pausing in time means that nobody is turned away: whoever waits is served when another
connection ends.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twisted.internet.tcp import Port

if TYPE_CHECKING:
    from twisted.internet.interfaces import IListeningPort

    from gearman_tx.server.journal import Journal

_ACCEPTS_A_TURN: Final = 64  # a port may accept so many connections before others are looked after


class AcceptGate:
    """Pause and resume the listening ports by the number of open connections.

    Args:
        limit: how many connections may be open.
        journal: who keeps the log.

    Attributes:
        count: how many are open.
    """

    def __init__(self, limit: int, journal: Journal) -> None:
        self.limit = limit
        self.count = 0
        self._journal = journal
        self._ports: list[Any] = []  # of Port, which Twisted leaves untyped
        self._is_closed = False

    def watch(self, port: IListeningPort) -> None:
        """Pause ``port`` when there is no room; ports of a kind without sockets are let be."""
        if isinstance(port, Port):
            self._ports.append(port)
            if self._is_closed:
                port.pauseProducing()
            self.adjust()

    def opened(self) -> None:
        """Count a new connection."""
        self.count += 1

    def closed(self) -> None:
        """Count an ended connection."""
        self.count -= 1

    def adjust(self) -> None:
        """Once a turn: let each port accept what there is room for, if anything."""
        room = self.limit - self.count
        if room <= 0:
            if not self._is_closed:
                self._is_closed = True
                self._journal.accepting_paused(self.count)
                for port in self._ports:
                    port.pauseProducing()
            return
        if self._is_closed:
            self._is_closed = False
            for port in self._ports:
                port.resumeProducing()
        share = max(1, min(_ACCEPTS_A_TURN, room // max(1, len(self._ports))))
        for port in self._ports:
            # Twisted raises this by itself under load, beyond what there is room for.
            port.numberAccepts = min(port.numberAccepts, share)

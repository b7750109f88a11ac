# ruff: noqa: N802  # it is a descriptor to the reactor
"""The epoll of a set of sockets, as one reader of the reactor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import IReadDescriptor
from zope.interface import classImplements

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from gearman_tx.link.served_sockets import ServedSockets

_BUSY: Final = 2  # after so many sockets with news, the next news is looked for at once
_TURNS: Final = 4  # before the reactor looks after timers and other descriptors


class EpollReader:
    """The descriptor that a reactor sees in the place of many sockets.

    Args:
        sockets: the sockets.
        reactor: the reactor.
    """

    def __init__(self, sockets: ServedSockets, reactor: Any) -> None:
        self._sockets = sockets
        self._reactor = reactor
        self._is_called = False  # by the reactor in its next turn, with or without news

    def fileno(self) -> int:
        """Twisted: return the descriptor of the epoll."""
        return self._sockets.fileno()

    def logPrefix(self) -> str:
        """Twisted: return the mark of log lines."""
        return "gearman_tx"

    def connectionLost(self, reason: Failure) -> None:
        """Twisted: the reactor ends, and every connection with it."""
        self._sockets.lose_all(reason)

    def doRead(self) -> None:
        """Twisted: some sockets have news; serve them, and write the answers."""
        sockets = self._sockets
        for _ in range(_TURNS):
            events = sockets.poll(0.0)
            if not (events or sockets.has_work()):
                return
            sockets.take_turn(events)
            if len(events) < _BUSY:
                break  # the next news will take a while, and the reactor may wait for it
        if sockets.has_ends() and not self._is_called:
            self._is_called = True
            self._reactor.callLater(0, self._go_on)

    def _go_on(self) -> None:
        self._is_called = False
        self.doRead()


classImplements(EpollReader, IReadDescriptor)

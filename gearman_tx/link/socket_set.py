"""The plain sockets of all connections, in one epoll behind one reader of the reactor.

A reactor serves each descriptor for itself, and finds the end of its turn by a timed call: more
work than the reads and writes of a small packet. So a connection's transport is *adopted*: from
then on it tells :class:`~gearman_tx.link.served_sockets.ServedSockets`, and not the reactor, what
it waits for. The transports are Twisted's own, and so is the order of their calls.

Two drivers tell the sockets when to serve. An :class:`~gearman_tx.link.epoll_reader.EpollReader`
is a reader of the reactor. A :class:`~gearman_tx.link.reactor_wait.ReactorWait` waits in the
reactor's place.

Where there is no epoll, and under a reactor without descriptors, nothing is adopted.
"""

from __future__ import annotations

import select
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import IReactorFDSet

from gearman_tx.link.epoll_reader import EpollReader
from gearman_tx.link.reactor_wait import ReactorWait
from gearman_tx.link.served_sockets import ServedSockets
from gearman_tx.link.twisted_probe import can_be_served, can_be_waited_for

if TYPE_CHECKING:
    from gearman_tx.link.turn import Turn

_HAS_EPOLL: Final = hasattr(select, "epoll")  # only Linux has it


class SocketSet:
    """The transports that it adopted, and the driver that serves them.

    Args:
        reactor: the reactor behind it.
        turn: the turn that each serving of sockets is.

    Attributes:
        reader: what the reactor sees of the sockets.
    """

    def __init__(self, reactor: Any, turn: Turn) -> None:
        self._reactor = reactor
        self._sockets = ServedSockets(reactor, turn, self._show)
        self._wait: ReactorWait | None = None  # while it waits in the reactor's place
        self._is_able = _HAS_EPOLL and IReactorFDSet.providedBy(reactor)
        self.reader = EpollReader(self._sockets, reactor)

    def adopt(self, transport: Any) -> None:
        """Serve ``transport`` from now on, if it is a plain socket of the reactor.

        Args:
            transport: the transport that Twisted gave to a protocol, of any kind.
        """
        if self._is_able and can_be_served(transport, self._reactor):
            self._sockets.adopt(transport)

    def wait_in_place(self) -> bool:
        """Wait in the reactor's place from now on, until the reactor is told to stop.

        It is for the one set of a process whose reactor runs: two would wait for each other.

        Returns:
            Whether the set waits. It can do so only for Twisted's epoll reactor.
        """
        if not _HAS_EPOLL or not can_be_waited_for(self._reactor):
            return False
        if self._sockets.count:
            self._reactor.removeReader(self.reader)
        self._wait = ReactorWait(self._sockets, self._reactor)
        self._reactor.addSystemEventTrigger("before", "shutdown", self._stop_waiting)
        return True

    def _stop_waiting(self) -> None:
        """The reactor ends: it waits for itself until then, and needs the reader again."""
        assert self._wait is not None, "it waits until the reactor ends"
        self._wait.stop()
        self._wait = None
        if self._sockets.count:
            self._reactor.addReader(self.reader)

    def _show(self, is_shown: bool) -> None:  # noqa: FBT001  # the only argument of a callback
        """The first socket came, or the last one went: let the reactor know."""
        if self._wait is not None:
            return
        if is_shown:
            self._reactor.addReader(self.reader)
        else:
            self._reactor.removeReader(self.reader)

# ruff: noqa: N802  # it is a reactor to transports, and a descriptor to the reactor
"""The plain sockets of all connections, in one epoll of our own behind one reader of the reactor.

Theory of operation. A reactor serves each descriptor for itself, and finds the end of its turn by
a timed call: more work than the reads and writes of a small packet. So a connection's transport is
*adopted*: from then on it tells this set, and not the reactor, what it waits for. The reactor sees
one descriptor, that of the epoll. When it is readable, all sockets with news are served in one
turn, which ends with one write for each connection that got something. Nothing else changes: the
transports are Twisted's own, and so is the order of their calls.

What never happens: one connection, or many together, keep the others waiting for long. All that
have news share :data:`BYTES_A_TURN`, so each is read a little when they are many, and a turn ends
when it has read as much; those that it did not come to are first in the next one. Of connections
that end together, each turn buries a few: what they held must be given to others. After a few turns
the reactor has its own. Nor does one socket's error reach another.

Where there is no epoll, and under a reactor without descriptors, nothing is adopted.
"""

from __future__ import annotations

import select
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.internet.tcp import Connection
from twisted.internet.unix import Server as UnixConnection
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import classImplements

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearman_tx.link.turn import Turn

_make_epoll: Final = getattr(select, "epoll", None)  # of Linux alone
_IN: Final = 0x001  # EPOLLIN and the others: numbers of the kernel, written out as the compiler
_OUT: Final = 0x004  # makes something of constants alone
_GONE: Final = 0x018  # EPOLLERR | EPOLLHUP

_SOCKETS_A_TURN: Final = 1024
_ENDS_A_TURN: Final = 4  # a worker that ends may have a thousand functions to be taken from
_BUSY: Final = 2  # so many sockets with news, and more is looked for before the reactor waits
_TURNS: Final = 4  # before the reactor looks after timers and other descriptors

BYTES_A_TURN: Final = 64 * 1024
"""How many bytes are read before the answers to them go out: some hundred small packets."""

LEAST_READ: Final = 256
"""How many bytes are read of each connection, however many others have news."""

LARGE_READ: Final = 256 * 1024
"""How many bytes of one large packet are read at a time: they are only kept, which costs little."""

_log: Final = Logger()


class _Entry:
    """What is known of a transport that waits for something.

    Attributes:
        events: what it waits for.
        recv: reads from its socket; None if its transport reads in a way of its own.
        receive: where what was read goes.
        size: how many bytes were read last.
        missing: tells how many bytes belong to one packet; None if its protocol cannot tell.
        is_ending: whether its connection has ended, or half of it, and is to be told.
    """

    __slots__ = ("events", "is_ending", "missing", "receive", "recv", "size", "transport")

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.events = 0
        self.size = 0
        self.is_ending = False
        self.recv: Callable[[int], bytes] | None = None
        if not isinstance(transport, UnixConnection):
            self.recv = transport.getHandle().recv
        self.receive: Callable[[bytes], None] = transport.protocol.dataReceived
        self.missing: Callable[[], int] | None = getattr(transport.protocol, "missing", None)


class SocketSet:
    """The transports that it adopted; what they take for their reactor.

    Args:
        reactor: the reactor behind it.
        turn: the turn that each serving of sockets is.
    """

    def __init__(self, reactor: Any, turn: Turn) -> None:
        self._reactor = reactor
        self._turn = turn
        self._entries: dict[int, _Entry] = {}
        self._left: list[tuple[int, int]] = []  # news that the last turn did not come to
        self._ending: deque[tuple[_Entry, BaseException, bool]] = deque()
        self._is_called = False  # by the reactor in its next turn, news or no news
        self._epoll: Any = None  # made when there is something to adopt
        self._is_able = IReactorFDSet.providedBy(reactor)

    def adopt(self, transport: Any) -> None:
        """Serve ``transport`` from now on, if it is a plain socket of the reactor.

        Args:
            transport: what Twisted gave to a protocol; it may be anything.
        """
        if (
            _make_epoll is None
            or not self._is_able
            or not isinstance(transport, Connection)
            or transport.TLS
            or transport.reactor is not self._reactor
        ):
            return
        if self._epoll is None:
            self._epoll = _make_epoll()
        transport.stopReading()
        made: Any = transport
        made.reactor = self
        transport.startReading()

    def __getattr__(self, name: str) -> Any:
        """Return whatever else transports ask of a reactor."""
        return getattr(self._reactor, name)

    # What transports tell their reactor.

    def addReader(self, transport: Any) -> None:
        """Twisted: ``transport`` waits for bytes."""
        self._set(transport, _IN, 0)

    def removeReader(self, transport: Any) -> None:
        """Twisted: ``transport`` waits for bytes no longer."""
        self._set(transport, 0, _IN)

    def addWriter(self, transport: Any) -> None:
        """Twisted: ``transport`` waits until it can write."""
        self._set(transport, _OUT, 0)

    def removeWriter(self, transport: Any) -> None:
        """Twisted: ``transport`` no longer waits to write."""
        self._set(transport, 0, _OUT)

    def _set(self, transport: Any, more: int, less: int) -> None:
        """Change what ``transport`` waits for."""
        fd: int = transport.fileno()
        entry = self._entries.get(fd)
        events = entry.events if entry is not None else 0
        wanted = (events | more) & ~less
        if wanted == events:
            return
        if entry is None:
            if not self._entries:
                self._reactor.addReader(self)
            entry = self._entries[fd] = _Entry(transport)
            self._epoll.register(fd, wanted)
        elif wanted:
            self._epoll.modify(fd, wanted)
        else:
            self._epoll.unregister(fd)
            del self._entries[fd]
            if not self._entries:
                self._reactor.removeReader(self)
        entry.events = wanted

    # What the reactor asks of a descriptor.

    def fileno(self) -> int:
        """Twisted: the descriptor of the epoll itself."""
        fd: int = self._epoll.fileno()
        return fd

    def logPrefix(self) -> str:
        """Twisted: what log lines are marked with."""
        return "gearman_tx"

    def connectionLost(self, reason: Failure) -> None:
        """Twisted: the reactor ends, and every connection with it."""
        for entry in list(self._entries.values()):
            entry.transport.connectionLost(reason)

    def doRead(self) -> None:
        """Twisted: some sockets have news; serve them, and write what came of it."""
        turn = self._turn
        for _ in range(_TURNS):
            events = self._left or self._epoll.poll(0, _SOCKETS_A_TURN)
            if not events and not self._ending:
                return
            turn.begin()
            try:
                self._left = self._serve(events)
                self._bury()
            finally:
                turn.end()
            if len(events) < _BUSY:
                break  # the next news will take a while: the reactor may wait for them as well
        if self._ending and not self._is_called:
            self._is_called = True
            self._reactor.callLater(0, self._go_on)

    def _go_on(self) -> None:
        self._is_called = False
        self.doRead()

    def _serve(self, events: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Serve the sockets of ``events``; return those that are for the next turn."""
        entries = self._entries
        room = BYTES_A_TURN
        share = max(LEAST_READ, BYTES_A_TURN // (len(events) or 1))
        served = 0
        for fd, event in events:
            if room <= 0:
                break
            served += 1
            entry = entries.get(fd)
            if entry is None or entry.is_ending:
                continue  # gone, by what another one said in this turn
            news = event & (entry.events | _GONE)  # it may have paused since
            why: BaseException | None = None
            is_read = False
            try:
                if news & _IN:
                    is_read = True
                    why = self._read(entry, share)
                    room -= min(entry.size, share)
                elif news & _GONE:
                    is_read = entry.events & _IN != 0
                    why = CONNECTION_DONE if is_read else CONNECTION_LOST
                if why is None and news & _OUT:
                    is_read = False
                    why = entry.transport.doWrite()
            except Exception as error:  # noqa: BLE001  # one connection's trouble is its own
                _log.failure("a connection could not be served")
                why = error
            if why is not None:
                entry.is_ending = True
                self._ending.append((entry, why, is_read))
        return events[served:]

    def _read(self, entry: _Entry, most: int) -> BaseException | None:
        """Read up to ``most`` bytes; return why the connection ends, if it does."""
        entry.size = 0
        if entry.recv is None:
            why: BaseException | None = entry.transport.doRead()
            return why
        if entry.missing is not None:
            most = max(most, min(entry.missing(), LARGE_READ))
        try:
            data = entry.recv(most)
        except BlockingIOError:
            return None
        except OSError:
            return CONNECTION_LOST
        if not data:
            return CONNECTION_DONE
        entry.size = len(data)
        entry.receive(data)
        return None

    def _bury(self) -> None:
        """End some of the connections that have ended, or their reading halves, as a reactor."""
        for _ in range(_ENDS_A_TURN):
            if not self._ending:
                return
            entry, why, is_read = self._ending.popleft()
            entry.is_ending = False
            transport = entry.transport
            if transport.disconnected:
                continue  # by something else meanwhile
            self.removeReader(transport)
            if is_read and why is CONNECTION_DONE:
                transport.readConnectionLost(Failure(why))
            else:
                self.removeWriter(transport)
                transport.connectionLost(Failure(why))


classImplements(SocketSet, IReadDescriptor)

# ruff: noqa: N802  # it is a reactor to transports, and a descriptor to the reactor
"""The plain sockets of all connections, in one epoll of our own behind one reader of the reactor.

Theory of operation. A reactor serves each descriptor for itself, and finds the end of its turn by
a timed call: more work than the reads and writes of a small packet. So a connection's transport is
*adopted*: from then on it tells this set, and not the reactor, what it waits for. The reactor sees
one descriptor, that of the epoll. When it is readable, all sockets with news are served in one
turn, which ends with one write for each connection that got something. Nothing else changes: the
transports are Twisted's own, and so is the order of their calls.

What never happens: one connection, or many together, keep the others waiting for long. All that
have news share :data:`PACKETS_A_TURN`, so each is read a little when they are many, and a turn ends
when it has handled as many; those that it did not come to are first in the next one. Of connections
that end together, each turn buries a few: what they held must be given to others. After a few turns
the reactor has its own. Nor does one socket's error reach another.

Where there is no epoll, and under a reactor without descriptors, nothing is adopted.

A process that is a job server and little else can turn the wait inside out: the reactor's epoll is
one more descriptor in that of the set, which waits *in the reactor's place*, in a timed call that
ends when a descriptor, a timer or the end of the reactor asks for it. Then one call of the kernel
instead of two tells the news of a socket, and the reactor takes its turn only when it has something
to do.
"""

from __future__ import annotations

import select
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor
from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.internet.tcp import Connection
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import classImplements

from gearman_tx.link.reactor_wait import ReactorWait, can_wait_for
from gearman_tx.link.socket_entry import SMALL_PACKET, SocketEntry

if TYPE_CHECKING:
    from gearman_tx.link.turn import Turn

_HAS_EPOLL: Final = hasattr(select, "epoll")  # of Linux alone
_IN: Final = 0x001  # EPOLLIN and the others: numbers of the kernel, written out as the compiler
_OUT: Final = 0x004  # makes something of constants alone
_GONE: Final = 0x018  # EPOLLERR | EPOLLHUP

_SOCKETS_A_TURN: Final = 1024
_ENDS_A_TURN: Final = 2  # a worker that ends may have a thousand functions to be taken from
_BUSY: Final = 2  # so many sockets with news, and more is looked for before the reactor waits
_TURNS: Final = 4  # before the reactor looks after timers and other descriptors

PACKETS_A_TURN: Final = 320
"""How many packets are handled before the answers to them go out."""

LEAST_PACKETS: Final = 4
"""For how many packets is read of each connection, however many others have news."""

READ_COST: Final = 2
"""A read counts as much as so many packets."""

_log: Final = Logger()


class SocketSet:
    """The transports that it adopted; what they take for their reactor.

    Args:
        reactor: the reactor behind it.
        turn: the turn that each serving of sockets is.
    """

    def __init__(self, reactor: Any, turn: Turn) -> None:
        self._reactor = reactor
        self._turn = turn
        self._entries: dict[int, SocketEntry] = {}
        self._waiting: deque[SocketEntry] = deque()  # those that have news and wait for their turn
        self._ending: deque[tuple[SocketEntry, BaseException, bool]] = deque()
        self._is_called = False  # by the reactor in its next turn, news or no news
        self._wait: ReactorWait | None = None  # while it waits in the reactor's place
        self._epoll: Any = None  # made when there is something to adopt
        self._is_able = IReactorFDSet.providedBy(reactor)

    def adopt(self, transport: Any) -> None:
        """Serve ``transport`` from now on, if it is a plain socket of the reactor.

        Args:
            transport: what Twisted gave to a protocol; it may be anything.
        """
        if (
            not _HAS_EPOLL
            or not self._is_able
            or not isinstance(transport, Connection)
            or transport.TLS
            or transport.reactor is not self._reactor
        ):
            return
        self._open()
        transport.stopReading()
        made: Any = transport
        made.reactor = self
        transport.startReading()

    def wait_in_place(self) -> bool:
        """Wait in the reactor's place from now on, until it is told to stop.

        For the one set of a process whose reactor runs: two would wait for each other.

        Returns:
            Whether it does. Only Twisted's epoll reactor can be waited for.
        """
        if not _HAS_EPOLL or not can_wait_for(self._reactor):
            return False
        self._open()
        if self._entries:
            self._reactor.removeReader(self)
        wait = ReactorWait(self._reactor)
        self._epoll.register(wait.fileno(), _IN)
        self._wait = wait
        self._reactor.addSystemEventTrigger("before", "shutdown", self._stop_waiting)
        self._reactor.callLater(0, self._stand_in)
        return True

    def _stop_waiting(self) -> None:
        """The reactor ends: it does that by itself, and has the sockets in sight again."""
        assert self._wait is not None, "it waits until the reactor ends"
        self._epoll.unregister(self._wait.fileno())
        self._wait = None
        if self._entries:
            self._reactor.addReader(self)

    def _open(self) -> None:
        if self._epoll is None:
            self._epoll = select.epoll()

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
            if not self._entries and self._wait is None:
                self._reactor.addReader(self)
            entry = self._entries[fd] = SocketEntry(transport)
            self._epoll.register(fd, wanted)
        elif wanted:
            self._epoll.modify(fd, wanted)
        else:
            self._epoll.unregister(fd)
            del self._entries[fd]
            if not self._entries and self._wait is None:
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
        for _ in range(_TURNS):
            events = self._epoll.poll(0, _SOCKETS_A_TURN)
            if not (events or self._waiting or self._ending):
                return
            self._take_turn(events)
            if len(events) < _BUSY:
                break  # the next news will take a while: the reactor may wait for them as well
        if self._ending and not self._is_called:
            self._is_called = True
            self._reactor.callLater(0, self._go_on)

    def _go_on(self) -> None:
        self._is_called = False
        self.doRead()

    def _stand_in(self) -> None:
        """Wait and serve in the reactor's place, until it has something to do."""
        wait = self._wait
        if wait is None:
            return  # it stopped meanwhile
        behind = wait.fileno()
        try:
            while True:
                seconds = wait.seconds()
                is_over = seconds == 0.0
                if self._waiting or self._ending:
                    seconds = 0.0
                events = self._epoll.poll(seconds, _SOCKETS_A_TURN)
                for fd, _ in events:
                    if fd == behind:
                        is_over = True
                if events or self._waiting or self._ending:
                    self._take_turn(events)
                if is_over:
                    break
        finally:
            self._reactor.callLater(0, self._stand_in)

    def _take_turn(self, events: list[tuple[int, int]]) -> None:
        """Do all that one turn does, with the news of the epoll."""
        turn = self._turn
        turn.begin()
        try:
            self._serve(events)
            self._bury()
        finally:
            turn.end()

    def _serve(self, events: list[tuple[int, int]]) -> None:
        """Serve the sockets that have news, as far as a turn goes; the others keep their places."""
        entries = self._entries
        waiting = self._waiting
        count = len(events)
        share = PACKETS_A_TURN // count if count else PACKETS_A_TURN
        share = max(share, LEAST_PACKETS)
        room = PACKETS_A_TURN
        for fd, news in events:
            entry = entries.get(fd)
            if entry is None or entry.is_ending or entry.is_waiting:
                continue  # gone, by what another one said in this turn; or not yet
            if entry.is_greedy or room < PACKETS_A_TURN // 2:
                entry.news = news
                entry.is_waiting = True
                waiting.append(entry)
            else:
                room -= self._attend(entry, news, share)
        while waiting and room > 0:
            entry = waiting.popleft()
            entry.is_waiting = False
            if entry.events and not entry.is_ending:
                room -= self._attend(entry, entry.news, share)

    def _attend(self, entry: SocketEntry, event: int, share: int) -> int:
        """Serve a socket; return how many packets that was worth."""
        news = event & (entry.events | _GONE)  # it may have paused since
        why: BaseException | None = None
        is_read = False
        entry.units = 0
        try:
            if news & _IN:
                is_read = True
                why = self._read(entry, share)
            elif news & _GONE:
                is_read = entry.events & _IN != 0
                why = CONNECTION_DONE if is_read else CONNECTION_LOST
            if why is None and news & _OUT:
                is_read = False
                why = self._write(entry)
        except Exception as error:  # noqa: BLE001  # one connection's trouble is its own
            _log.failure("a connection could not be served")
            why = error
        if why is not None:
            entry.is_ending = True
            self._ending.append((entry, why, is_read))
        return READ_COST + entry.units

    def _read(self, entry: SocketEntry, share: int) -> BaseException | None:
        """Read about ``share`` packets; return why the connection ends, if it does."""
        link = entry.input
        if entry.recv is None:
            why: BaseException | None = entry.transport.doRead()
            return why
        entry.is_greedy = False
        most = entry.read_size(share)
        try:
            data = entry.recv(most)
        except BlockingIOError:
            return None
        except OSError:
            return CONNECTION_LOST
        if not data:
            return CONNECTION_DONE
        found = len(data)
        entry.size = max(found, entry.size // 2)  # one short read is no sign that all are
        entry.is_greedy = found == most
        if link is None:
            entry.units = found // SMALL_PACKET
            entry.receive(data)
            return None
        if entry.is_direct:
            link.receive(data)
        else:
            entry.receive(data)
        entry.units = link.units
        return None

    def _write(self, entry: SocketEntry) -> BaseException | None:
        """Write what waits for room; return why the connection ends, if it does."""
        output = entry.output
        if output is not None and output.is_waiting:
            output.resumeProducing()
            return None
        why: BaseException | None = entry.transport.doWrite()
        return why

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

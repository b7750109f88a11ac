# ruff: noqa: N802  # it is a reactor to transports
"""The sockets that are served together, in one epoll: their transports take this for the reactor.

Theory of operation. A transport tells its reactor what it waits for; these tell
:class:`ServedSockets`, which keeps it in an epoll of its own. A driver polls that epoll and hands
over the news. All sockets with news are served in one turn, which ends with one write for each
connection that got something.

What never happens: one connection, or many together, keep the others waiting for long. All
sockets with news share :data:`PACKETS_A_TURN`, so each is read a little when they are many. A turn
ends when it has handled as many packets; the sockets that it did not reach are first in the next
turn. Of connections that end together, each turn ends a few, because their jobs and functions must
be given up. Nor does one socket's error reach another.
"""

from __future__ import annotations

import select
from collections import deque
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.main import CONNECTION_DONE, CONNECTION_LOST
from twisted.logger import Logger
from twisted.python.failure import Failure

from gearman_tx.link.socket_entry import SMALL_PACKET, SocketEntry

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearman_tx.link.turn import Turn

# The kernel's numbers, written out because the compiler turns only literals into C constants.
_IN: Final = 0x001  # EPOLLIN
_OUT: Final = 0x004  # EPOLLOUT
_GONE: Final = 0x018  # EPOLLERR | EPOLLHUP

_SOCKETS_A_TURN: Final = 1024
_ENDS_A_TURN: Final = 2  # a worker that ends may be registered for a thousand functions

PACKETS_A_TURN: Final = 320
"""How many packets are handled before the answers to them go out."""

LEAST_PACKETS: Final = 4
"""For how many packets each connection is read, however many others have news."""

READ_COST: Final = 2
"""The cost of a read, in packets."""

_log: Final = Logger()


class ServedSockets:
    """The transports that were adopted; they take it for their reactor.

    Args:
        reactor: the reactor behind it.
        turn: the turn that each serving of sockets is.
        show: called with True when the first socket waits for something, with False when the last
            one waits for nothing any more.
    """

    def __init__(self, reactor: Any, turn: Turn, show: Callable[[bool], None]) -> None:
        self._reactor = reactor
        self._turn = turn
        self._show = show
        self._entries: dict[int, SocketEntry] = {}
        self._waiting: deque[SocketEntry] = deque()  # sockets with news that wait for their turn
        self._ending: deque[tuple[SocketEntry, BaseException, bool]] = deque()
        self._epoll: Any = None  # made when it is needed first

    @property
    def count(self) -> int:
        """How many sockets wait for something."""
        return len(self._entries)

    def adopt(self, transport: Any) -> None:
        """Be the reactor of ``transport`` from now on."""
        transport.stopReading()
        transport.reactor = self
        transport.startReading()

    def __getattr__(self, name: str) -> Any:
        """Return anything else that transports ask of a reactor."""
        return getattr(self._reactor, name)

    # What drivers ask.

    def fileno(self) -> int:
        """Return the descriptor of the epoll."""
        fd: int = self._open().fileno()
        return fd

    def watch(self, fd: int) -> None:
        """Let :meth:`poll` tell when the descriptor ``fd``, which is no socket, is readable."""
        self._open().register(fd, _IN)

    def unwatch(self, fd: int) -> None:
        """Watch ``fd`` no longer."""
        self._epoll.unregister(fd)

    def poll(self, seconds: float) -> list[tuple[int, int]]:
        """Return the news of descriptors, after ``seconds`` at most; below 0, wait for some."""
        events: list[tuple[int, int]] = self._epoll.poll(seconds, _SOCKETS_A_TURN)
        return events

    def has_work(self) -> bool:
        """Return whether another turn has something to do without news."""
        return bool(self._waiting or self._ending)

    def has_ends(self) -> bool:
        """Return whether connections have ended whose protocols were not told yet."""
        return bool(self._ending)

    def take_turn(self, events: list[tuple[int, int]]) -> None:
        """Do all the work of one turn, with the news of the epoll."""
        turn = self._turn
        turn.begin()
        try:
            self._serve(events)
            self._tell_ends()
        finally:
            turn.end()

    def lose_all(self, reason: Failure) -> None:
        """End every connection."""
        for entry in list(self._entries.values()):
            entry.transport.connectionLost(reason)

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
            epoll = self._open()
            if not self._entries:
                self._show(True)  # noqa: FBT003  # the only argument of a callback
            entry = self._entries[fd] = SocketEntry(transport)
            epoll.register(fd, wanted)
        elif wanted:
            self._epoll.modify(fd, wanted)
        else:
            self._epoll.unregister(fd)
            del self._entries[fd]
            if not self._entries:
                self._show(False)  # noqa: FBT003  # the only argument of a callback
        entry.events = wanted

    def _open(self) -> Any:
        """Return the epoll."""
        if self._epoll is None:
            self._epoll = select.epoll()
        return self._epoll

    # A turn.
    def _serve(self, events: list[tuple[int, int]]) -> None:
        """Serve the sockets with news, as far as a turn goes; the others keep their places."""
        entries = self._entries
        waiting = self._waiting
        count = len(events)
        share = PACKETS_A_TURN // count if count else PACKETS_A_TURN
        share = max(share, LEAST_PACKETS)
        room = PACKETS_A_TURN
        for fd, news in events:
            entry = entries.get(fd)
            if entry is None or entry.is_ending or entry.is_waiting:
                continue  # it ended in this turn, or has to wait
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
        """Serve a socket; return the cost, in packets."""
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
        except Exception as error:  # noqa: BLE001  # an error of one connection ends that one alone
            _log.failure("a connection could not be served", event="bug")
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
        entry.size = max(found, entry.size // 2)  # one short read does not mean that all will be
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
        """Write the backlog, as there is room; return why the connection ends, if it does."""
        output = entry.output
        if output is not None and output.is_waiting:
            output.resumeProducing()
            return None
        why: BaseException | None = entry.transport.doWrite()
        return why

    def _tell_ends(self) -> None:
        """Tell some protocols, as a reactor does, that their connections, or the reading, ended."""
        for _ in range(_ENDS_A_TURN):
            if not self._ending:
                return
            entry, why, is_read = self._ending.popleft()
            entry.is_ending = False
            transport = entry.transport
            if transport.disconnected:
                continue  # something else ended it meanwhile
            self.removeReader(transport)
            if is_read and why is CONNECTION_DONE:
                transport.readConnectionLost(Failure(why))
            else:
                self.removeWriter(transport)
                transport.connectionLost(Failure(why))

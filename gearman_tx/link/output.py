"""The output of one connection: gathered, written once a turn, kept in order, bounded.

Theory of operation. ``send`` appends to the list of this turn. ``flush`` offers the list to the
socket at once. The socket nearly always takes all of it, so the reactor need not wait for
writability. Small pieces are joined for that, large ones are passed as they are. Bytes that the
socket does not take become the backlog, which is written as the peer reads; only then are bytes
counted.

A reply that must wait makes a hole. Everything sent behind it is held until ``fill`` brings the
reply, so replies keep the order of their requests while other connections go on. A hole is a list,
empty until it is filled.

There are two kinds of transport. A plain TCP or Unix socket is written to directly; its transport
only waits until there is room, and then calls ``resumeProducing``. Any other transport (TLS above
all) has a buffer of its own and tells the output to pause and to resume.

The end. ``close`` waits until every hole is filled and all bytes are written, then closes the
transport. A peer that stops reading meanwhile, or a TLS peer that never confirms the end, is cut
off after the same time as one that stops reading at any other moment. ``abort`` cuts it off now.

What never happens: bytes out of order, a byte sent after ``abort`` or a loss, memory above the
limits: :mod:`gearman_tx.link.unread` watches them.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import IPullProducer, IPushProducer
from zope.interface import classImplements

from gearman_tx.link.backlog import Backlog, Piece, gathered
from gearman_tx.link.twisted_probe import is_plain
from gearman_tx.link.unread import Unread

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gearman_tx.link.limits import OutputLimits
    from gearman_tx.link.owners import OutputOwner
    from gearman_tx.link.turn import Turn

Hole = list[bytes]
"""A place in the output for a reply that comes later; made by ``hold``, given to ``fill``."""

_WRITES_A_TURN: Final = 4  # one large packet leaves room for others
_JOIN_BELOW: Final = 64 * 1024  # the bytes of a turn are joined if they are fewer


class Output:
    """The output of one connection.

    Args:
        turn: the reactor turn; the output is flushed when it ends.
        limits: how much may be left unread.
        owner: the connection, which decides about a peer that does not read.

    Attributes:
        backlog: the bytes that wait for the peer; while there are any, the answer to a submission
            is sent as a ``Receipt``.
        is_waiting: whether the output waits until a directly written socket has room.
    """

    __slots__ = (
        "_held",
        "_is_blocked",
        "_is_closing",
        "_is_finished",
        "_is_joined",
        "_list",
        "_send",
        "_sendmsg",
        "_socket",
        "_transport",
        "_turn",
        "_unread",
        "backlog",
        "is_waiting",
    )

    def __init__(self, turn: Turn, limits: OutputLimits, owner: OutputOwner) -> None:
        self._turn = turn
        # Twisted's types do not have the methods that are used here.
        self._transport: Any = None
        self._socket: Any = None  # the transport, if it can be written to directly
        self._send: Callable[[bytes], int] | None = None  # of the socket, like the next
        self._sendmsg: Callable[[list[Piece]], int] | None = None
        self._list: list[bytes] = []
        self._is_joined = False  # the turn flushes it
        self._held: deque[bytes | Hole] = deque()
        self.backlog = Backlog()
        self._unread = Unread(turn.clock, limits, self.backlog, owner, self.abort)
        self.is_waiting = False
        self._is_blocked = False
        self._is_closing = False
        self._is_finished = False

    @property
    def queued(self) -> int:
        """How many bytes of memory is taken by what waits for the peer or behind a hole."""
        return self._unread.memory

    def attach(self, transport: Any) -> None:
        """Write to ``transport`` from now on."""
        self._transport = transport
        if is_plain(transport):
            self._socket = transport
            handle = transport.getHandle()
            self._send = handle.send
            self._sendmsg = handle.sendmsg
        else:
            transport.registerProducer(self, streaming=True)

    def detach(self) -> None:
        """The connection is lost: drop all bytes, and those that are sent from now on."""
        self._transport = self._socket = self._send = self._sendmsg = None
        self._list.clear()
        self._held.clear()
        self.backlog.clear()
        self._unread.end()

    def send(self, data: bytes) -> None:
        """Send ``data`` at the end of this turn, behind everything sent before."""
        if self._held:
            self._keep(data)
            return
        if not self._is_joined:
            self._join()
        self._list.append(data)

    def send_parts(self, parts: Sequence[bytes]) -> None:
        """Send the bytes of ``parts``, one after the other, as :meth:`send` does."""
        if self._held:
            for data in parts:
                self._keep(data)
            return
        if not self._is_joined:
            self._join()
        self._list += parts

    def _join(self) -> None:
        """Have the turn flush this output when it ends."""
        if not self._is_joined:
            self._is_joined = True
            self._turn.join(self)

    def _keep(self, data: bytes) -> None:
        """Keep ``data``, which was sent behind a hole."""
        self._held.append(data)
        self._unread.held += len(data)
        self._join()  # the flush looks at the limits

    def hold(self) -> Hole:
        """Leave a hole for a reply that comes later; bytes sent from now on wait behind it."""
        hole: Hole = []
        if self._transport is not None:
            self._held.append(hole)
        return hole

    def fill(self, hole: Hole, data: bytes) -> None:
        """Put ``data`` into ``hole``; release the bytes up to the next hole."""
        hole.append(data)
        held = self._held
        while held:
            first = held[0]
            if isinstance(first, bytes):
                self._unread.held -= len(first)
                self._list.append(first)
            elif first:
                self._list += first
            else:
                break
            held.popleft()
        self._join()

    def flush(self) -> None:
        """Write the bytes sent since the last flush, as far as the peer takes them."""
        self._is_joined = False
        pieces = self._list
        if self._transport is None or self._is_finished:
            pieces.clear()
            return
        if self._send is None or self.is_waiting:
            self.backlog.add(pieces)
            pieces.clear()
        else:
            size = 0
            for piece in pieces:
                size += len(piece)
            if size < _JOIN_BELOW:
                data = b"".join(pieces)
                pieces.clear()
                if data:
                    try:
                        sent = self._send(data)
                    except OSError:
                        sent = 0  # a lost connection is noticed by the reactor
                    if sent < size:
                        self.backlog.add([memoryview(data)[sent:]])
            else:
                self.backlog.add(gathered(pieces))
                pieces.clear()
                self._write_pieces()
            if not (self.backlog.size or self._held or self._unread.is_high or self._is_closing):
                return
        self._write_backlog()
        self._look_at_limits()

    def _write_pieces(self) -> None:
        """Give the socket as much of the backlog as it takes, in a bounded number of writes."""
        backlog = self.backlog
        for _ in range(_WRITES_A_TURN):
            if not backlog.size or self._sendmsg is None:
                return
            pieces = backlog.next_pieces()
            size = 0
            for piece in pieces:
                size += len(piece)
            try:
                sent = self._sendmsg(pieces)
            except OSError:
                return  # a lost connection is noticed by the reactor
            backlog.take(sent)
            if sent < size:
                return

    def _write_backlog(self) -> None:
        """Have the backlog written when the socket has room, or by a transport that buffers."""
        if self._socket is None:
            while self.backlog.size and not self._is_blocked:
                part = self.backlog.next_slice()
                self.backlog.take(len(part))
                self._transport.write(bytes(part))
        elif self.backlog.size and not self.is_waiting:
            self._socket.registerProducer(self, streaming=False)
            self.is_waiting = True

    def resumeProducing(self) -> None:
        """Twisted: there is room for more of the backlog."""
        self._is_blocked = False
        if self._transport is None:
            return
        if self._socket is None:
            self._write_backlog()
        else:
            if self.is_waiting:  # else ``registerProducer`` called, and there is no room yet
                self._write_pieces()
            if self.backlog.size:
                self._socket.startWriting()
            else:
                self.is_waiting = False
                self._socket.stopWriting()
                self._socket.unregisterProducer()
        self._look_at_limits()

    def pauseProducing(self) -> None:
        """Twisted: the transport's own buffer is full."""
        self._is_blocked = True

    def stopProducing(self) -> None:
        """Twisted: the transport is lost; ``detach`` follows."""
        self._is_blocked = True

    def _look_at_limits(self) -> None:
        """Compare what is unread with the limits; finish a close."""
        if self._transport is None:
            return  # it was lost by a write
        if not self._is_closing:
            self._unread.look()
        elif not self._unread.has_failed():
            self._finish_if_done()

    def close(self) -> None:
        """Close the connection when every hole is filled and all bytes are written."""
        if self._transport is not None and not self._is_closing:
            self._is_closing = True
            self._unread.start_watch()
            self._finish_if_done()

    def _finish_if_done(self) -> None:
        """Close the transport when nothing is left to be written."""
        if self._is_finished or self._list or self._held or self.backlog.size:
            return
        self._is_finished = True
        transport = self._transport
        if self._socket is None:
            transport.unregisterProducer()
            # TLS ends with an alert of the peer, which must be read.
            transport.resumeProducing()
        transport.loseConnection()

    def abort(self) -> None:
        """Close the connection now, whatever is unread; nothing is sent any more."""
        transport = self._transport
        if transport is not None:
            self.detach()
            transport.abortConnection()


classImplements(Output, IPushProducer, IPullProducer)

"""What goes out on one connection: gathered, written once a turn, held in order, bounded.

Theory of operation. ``send`` appends to the list of this turn. ``flush`` offers the list to the
socket at once, which nearly always takes all of it, so the reactor need not be asked to wait for
writability. What the socket does not take becomes the backlog, written as the peer reads, in
slices; only then the bytes are counted.

A reply that must wait makes a hole: everything sent behind it is held until ``fill`` brings it,
so replies keep the order of their requests while other connections go on. A hole is a list, empty
until it is filled.

Two shapes of transport. A plain TCP or Unix socket is written to directly, and it calls
``resumeProducing`` when it can take more of the backlog. Anything else (TLS above all) buffers by
itself and tells us to pause and to resume.

What never happens: bytes out of order, a byte copied more than once on its way (small pieces are
joined, large ones are not), memory above the limits: the owner is told to stop reading from a
peer that does not read, and to drop it when that does not help.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any, Final, Protocol

from twisted.internet.interfaces import IPullProducer, IPushProducer
from twisted.internet.tcp import Connection as TCPConnection
from zope.interface import implementer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twisted.internet.interfaces import IDelayedCall

    from gearman_tx.link.limits import OutputLimits
    from gearman_tx.link.turn import Turn

Hole = list[bytes]
"""A place in the output for a reply that comes later; made by ``hold``, given to ``fill``."""

_JOIN_BELOW: Final = 64 * 1024  # pieces that are smaller together become one write
_SLICE: Final = 128 * 1024  # what a transport is given at a time
_SLICES_A_TURN: Final = 16  # so that one large packet leaves room for others


class Owner(Protocol):
    """Who is told about a peer that does not read."""

    def output_is_high(self) -> None:
        """Stop reading from the peer."""

    def output_is_low(self) -> None:
        """Read from the peer again."""

    def output_failed(self, reason: str) -> None:
        """Drop the peer; ``reason`` says which limit was passed."""


@implementer(IPushProducer, IPullProducer)
class Output:
    """The output of one connection.

    Args:
        turn: the reactor turn that it is flushed at the end of.
        limits: how much may be left unread.
        owner: who is told about a peer that does not read.
    """

    __slots__ = (
        "_backlog",
        "_held",
        "_is_blocked",
        "_is_closing",
        "_is_high",
        "_is_registered",
        "_limits",
        "_list",
        "_owner",
        "_queued",
        "_socket",
        "_taken",
        "_taken_before",
        "_transport",
        "_turn",
        "_watch",
    )

    def __init__(self, turn: Turn, limits: OutputLimits, owner: Owner) -> None:
        self._turn = turn
        self._limits = limits
        self._owner = owner
        # Twisted's transports are typed too loosely to say what is needed of them.
        self._transport: Any = None
        self._socket: Any = None  # the transport, if it can be written to directly
        self._list: list[bytes] = []
        self._held: deque[bytes | Hole] = deque()
        self._backlog: deque[memoryview] = deque()
        self._queued = 0
        self._is_registered = False
        self._is_blocked = False
        self._is_high = False
        self._is_closing = False
        self._taken = 0
        self._taken_before = 0
        self._watch: IDelayedCall | None = None

    @property
    def queued(self) -> int:
        """How many bytes the peer has left unread, beyond what the kernel holds."""
        return self._queued

    def attach(self, transport: Any) -> None:
        """Write to ``transport`` from now on."""
        self._transport = transport
        if isinstance(transport, TCPConnection) and not transport.TLS:
            self._socket = transport
        else:
            transport.registerProducer(self, streaming=True)

    def detach(self) -> None:
        """The connection is lost: drop everything, and all that is sent from now on."""
        self._transport = self._socket = None
        self._list.clear()
        self._held.clear()
        self._backlog.clear()
        self._queued = 0
        self._stop_watch()

    def send(self, data: bytes) -> None:
        """Send ``data`` at the end of this turn, behind everything sent before."""
        if self._held:
            self._held.append(data)
            return
        pieces = self._list
        if not pieces:
            self._turn.join(self)
        pieces.append(data)

    def send_parts(self, parts: Sequence[bytes]) -> None:
        """Send the bytes of ``parts``, one after the other, as :meth:`send` does."""
        if self._held:
            self._held.extend(parts)
            return
        pieces = self._list
        if not pieces:
            self._turn.join(self)
        pieces += parts

    def hold(self) -> Hole:
        """Leave a hole for a reply that comes later; what is sent from now on waits behind it."""
        hole: Hole = []
        self._held.append(hole)
        return hole

    def fill(self, hole: Hole, data: bytes) -> None:
        """Put ``data`` into ``hole`` and let go what no other hole is in front of."""
        hole.append(data)
        held, ready = self._held, []
        while held:
            first = held[0]
            if isinstance(first, bytes):
                ready.append(first)
            elif first:
                ready += first
            else:
                break
            held.popleft()
        if ready and self._transport is not None:
            if not self._list:
                self._turn.join(self)
            self._list += ready

    def flush(self) -> None:
        """Write what was sent since the last flush, as far as the peer takes it."""
        pieces = self._list
        if self._transport is None:
            pieces.clear()
            return
        size = sum(map(len, pieces))
        if size <= _JOIN_BELOW:
            data = b"".join(pieces)
            pieces.clear()
            if self._socket is not None and not self._is_registered:
                sent = self._socket.writeSomeData(data)
                if sent == size:
                    return
                # A lost connection is noticed by the reactor, when it writes the rest.
                data = data[sent:] if isinstance(sent, int) else data
            self._queue(data)
        else:
            for piece in pieces:
                self._queue(piece)
            pieces.clear()
        self._write_backlog()
        self._check_limits()

    def _queue(self, data: bytes) -> None:
        if data:
            self._backlog.append(memoryview(data))
            self._queued += len(data)

    def _write_backlog(self) -> None:
        """Start writing the backlog, or go on with it as far as the transport wants."""
        transport = self._transport
        if self._socket is None:
            while self._backlog and not self._is_blocked:
                transport.write(bytes(self._next_slice()))
        elif self._backlog and not self._is_registered:
            self._is_registered = True
            transport.registerProducer(self, streaming=False)  # calls resumeProducing at once

    def _next_slice(self) -> memoryview:
        piece = self._backlog[0]
        part = piece[:_SLICE]
        self._took(len(part))
        return part

    def _took(self, size: int) -> None:
        """Note that ``size`` bytes of the first piece left."""
        piece = self._backlog[0]
        if size == len(piece):
            self._backlog.popleft()
        else:
            self._backlog[0] = piece[size:]
        self._queued -= size
        self._taken += size

    def resumeProducing(self) -> None:
        """Twisted: the transport has written all that it had; give it more."""
        self._is_blocked = False
        if self._socket is None:
            self._write_backlog()
        else:
            self._write_directly(self._socket)
        self._check_limits()

    def _write_directly(self, socket: Any) -> None:
        for _ in range(_SLICES_A_TURN):
            if not self._backlog:
                self._is_registered = False
                socket.unregisterProducer()
                return
            part = self._backlog[0][:_SLICE]
            sent = socket.writeSomeData(part)
            if not isinstance(sent, int):
                break  # the reactor finds the connection lost when it writes the next slice
            if sent:
                self._took(sent)
            if sent < len(part):
                break
        if self._backlog:
            # The transport writes this when it can, and asks for more afterwards.
            socket.write(bytes(self._next_slice()))

    def pauseProducing(self) -> None:
        """Twisted: the transport's own buffer is full."""
        self._is_blocked = True

    def stopProducing(self) -> None:
        """Twisted: the transport is lost; ``detach`` follows."""
        self._is_blocked = True

    def _check_limits(self) -> None:
        if self._transport is None:
            return
        queued, limits = self._queued, self._limits
        if queued > limits.most:
            text = f"{queued} bytes of output are unread, the limit is {limits.most}"
            self._owner.output_failed(text)
        elif queued > limits.pause:
            if not self._is_high:
                self._is_high = True
                self._owner.output_is_high()
            self._start_watch()
        elif self._is_high and queued <= limits.pause // 2:
            self._is_high = False
            self._stop_watch()
            self._owner.output_is_low()
        if self._is_closing and not queued:
            self.close()

    def _start_watch(self) -> None:
        if self._watch is None:
            self._taken_before = self._taken
            self._watch = self._turn.clock.callLater(self._limits.timeout, self._watch_is_over)

    def _stop_watch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _watch_is_over(self) -> None:
        self._watch = None
        if self._taken == self._taken_before:
            text = f"{self._queued} bytes of output are unread and none was taken in "
            self._owner.output_failed(f"{text}{self._limits.timeout:g} seconds")
        else:
            self._start_watch()

    def close(self) -> None:
        """Close the connection when all that was sent is written; what is held is dropped."""
        if self._transport is None:
            return
        self._held.clear()
        if self._list or self._queued:
            self._is_closing = True
        else:
            self._transport.loseConnection()

    def abort(self) -> None:
        """Close the connection now, whatever is unread."""
        if self._transport is not None:
            self._transport.abortConnection()

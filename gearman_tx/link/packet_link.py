"""One connection that speaks Gearman: the decode loop over a table of handlers.

Theory of operation. Each read is decoded into units (packets and text lines), and each unit is
given to the handler of its type: a function of the connection and the body, which answers by
``send``. A handler that cannot be done at once returns ``SUSPEND``: the units behind it wait, and
nothing more is read, until ``proceed``. So do the units of a peer that does not read its answers.

The end comes in one of three ways, and ``ended`` is called once in each: the connection is lost,
we abort it, or we close it when its answers are written. A peer that closes its sending side
(``nc -N``) is closed like that: it gets its answers, whole, but is done with.

What never happens: one peer's bytes raise an error that reaches another's connection. A
:class:`Refused` from a handler is answered with ERROR; bytes that are not the protocol end the
connection after the answers to what came before them; any other error of a handler is logged and
costs its own connection.

All three parties use this: the job server, clients and workers differ in their tables.
"""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol, connectionDone
from twisted.logger import Logger
from typing_extensions import override
from zope.interface import implementer

from gearman_tx.errors import Refused, RemoteProtocolError
from gearman_tx.link.handling import handle_units
from gearman_tx.link.output import Output
from gearman_tx.link.plain_socket import acknowledge_at_once, tcp_socket
from gearman_tx.wire import PacketDecoder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from twisted.python.failure import Failure

    from gearman_tx.link.limits import OutputLimits
    from gearman_tx.link.turn import Turn

SUSPEND: Final = True
"""What a handler returns when the units behind its own must wait for ``proceed``."""

_LARGE_READ: Final = 32 * 1024  # so much in one read is a part of something large

_NO_DECODER: Final = PacketDecoder()  # of a connection that is over; it is fed nothing

_log: Final = Logger()


@implementer(IHalfCloseableProtocol)
class PacketLink(Protocol, ABC):
    """A connection; subclasses give it a table of handlers and say what its end means.

    Args:
        turn: the reactor turn that output is gathered in.
        decoder: fresh, for the packets of this direction.
        handlers: for every type that the decoder may return, what to do with it.
        limits: how much the peer may leave unread.

    Attributes:
        send: send bytes at the end of this turn.
        send_parts: send the bytes of a sequence at the end of this turn.
        hold: leave a hole in the output for an answer that comes later.
        fill: bring the answer for a hole.
    """

    def __init__(
        self,
        turn: Turn,
        decoder: PacketDecoder,
        handlers: Mapping[int, Callable[[Any, bytes], bool | None]],
        limits: OutputLimits,
    ) -> None:
        self._decoder = decoder
        self._handlers = handlers
        self._output = output = Output(turn, limits, self)
        self._waiting: Iterator[tuple[int, bytes]] | None = None  # units to be handled later
        self._put_back: list[tuple[int, bytes]] = []  # a unit to be handled again
        self._unread: list[bytes] = []  # what a transport gave while reading was paused
        self._is_suspended = False  # a handler is not done
        self._is_high = False  # the peer leaves too much unread
        self._is_over = False
        self._plain: socket.socket | None = None
        self.send = output.send
        self.send_parts = output.send_parts
        self.hold = output.hold
        self.fill = output.fill

    @property
    def is_over(self) -> bool:
        """Whether the connection is lost, or on its way to it."""
        return self._is_over

    def missing(self) -> int:
        """Return how many bytes the packet that is being read still lacks."""
        return self._decoder.missing

    @property
    def queued(self) -> int:
        """How many bytes were sent and wait here: for the peer to read, or behind a hole."""
        return self._output.queued

    @override
    def connectionMade(self) -> None:
        """Twisted: the connection is there."""
        plain = self._plain = tcp_socket(self.transport)
        if plain is not None:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._output.attach(self.transport)

    @override
    def dataReceived(self, data: bytes) -> None:
        """Twisted: bytes arrived."""
        if self._is_over:
            return
        if len(data) >= _LARGE_READ and self._plain is not None:
            acknowledge_at_once(self._plain)
        if self._is_suspended or self._is_high:
            self._unread.append(data)
        else:
            self._handle(iter(self._decoder.feed(data)))

    def _handle(self, units: Iterator[tuple[int, bytes]]) -> None:
        """Give each unit to its handler until there is none left or one suspends the rest."""
        handlers = self._handlers
        try:
            while True:
                try:
                    if handle_units(self, handlers, units):
                        self._is_suspended = True
                        self._waiting = chain(self._put_back, units)
                        self._put_back = []
                        self._pause()
                        return
                    break
                except Refused as refusal:
                    self.refuse(refusal)
        except RemoteProtocolError as error:
            self.protocol_failed(str(error))
        except Exception:  # noqa: BLE001  # one connection's trouble is not another's
            _log.failure("a packet could not be handled")
            self.abort()
        else:
            if self._decoder.error is not None:
                self.protocol_failed(str(self._decoder.error))

    def put_back(self, packet_type: int, body: bytes) -> None:
        """Have a unit handled again, before those behind it, by a handler that suspends them."""
        self._put_back = [(packet_type, body)]

    def proceed(self) -> None:
        """Go on behind the unit whose handler returned ``SUSPEND``; not from that handler."""
        self._is_suspended = False
        self._go_on()

    def _go_on(self) -> None:
        """Handle what waits, then read again, as far as nothing stands against it."""
        while not (self._is_suspended or self._is_high or self._is_over):
            if self._waiting is not None:
                units, self._waiting = self._waiting, None
                self._handle(units)
            elif self._unread:
                self._handle(iter(self._decoder.feed(self._unread.pop(0))))
            else:
                self.transport.resumeProducing()  # type: ignore[union-attr]  # made, not lost
                return

    def _pause(self) -> None:
        self.transport.pauseProducing()  # type: ignore[union-attr]  # made, not lost

    def output_is_high(self) -> None:
        """The peer leaves too much unread: take no more requests from it."""
        self._is_high = True
        self._pause()

    def output_is_low(self) -> None:
        """The peer has read enough: take its requests again."""
        self._is_high = False
        self._go_on()

    def readConnectionLost(self) -> None:  # noqa: N802  # Twisted's name
        """Twisted: the peer will send nothing more; it may still read its answers."""
        self.close()

    def writeConnectionLost(self) -> None:  # noqa: N802  # Twisted's name
        """Twisted: our sending side is closed, which we never ask for."""

    @override
    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: the connection is gone, for whatever reason."""
        self._plain = None
        self._end()
        self._output.detach()

    def close(self) -> None:
        """Close the connection when all that was sent is written; read nothing more."""
        if not self._is_over:
            self._pause()
            self._end()
            self._output.close()

    def abort(self) -> None:
        """Close the connection at once, whatever the peer left unread."""
        self._end()
        self._output.abort()

    def _end(self) -> None:
        """Handle nothing more."""
        if not self._is_over:
            self._is_over = True
            self._waiting = None
            self._unread.clear()
            self._decoder = _NO_DECODER  # with the part of a packet that it may hold
            self.ended()

    @abstractmethod
    def ended(self) -> None:
        """The peer takes part no more, though answers to it may still be on their way."""

    @abstractmethod
    def refuse(self, refusal: Refused) -> None:
        """Answer a request that a handler refused."""

    @abstractmethod
    def protocol_failed(self, reason: str) -> None:
        """The peer sent bytes that are not the protocol: end the connection."""

    @abstractmethod
    def output_failed(self, reason: str) -> None:
        """The peer does not read: drop it."""

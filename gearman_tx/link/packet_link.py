"""One connection that speaks Gearman: a Twisted protocol around an input and an output.

Theory of operation. Each read goes to the :class:`~gearman_tx.link.input.Input`, which gives each
packet and text line to the handler of its type. The handler answers by ``send``, that is, by the
:class:`~gearman_tx.link.output.Output`. This class handles the transport and the end of the
connection.

A connection ends in one of three ways, and ``ended`` is called once in each: it is lost, it is
aborted, or it is closed when its answers are written. A peer that closes its sending side
(``nc -N``) is closed in the third way: it gets all its answers, but its requests are over.

What never happens: the bytes of one peer raise an error that reaches another's connection. A
:class:`Refused` from a handler is answered with ERROR. Bytes that are not the protocol end the
connection after the answers to the requests before them. Any other error of a handler is logged
and ends its own connection.

Job server, clients and workers all use this class; their tables of handlers differ.
"""

from __future__ import annotations

import socket
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Protocol, connectionDone
from typing_extensions import override
from zope.interface import implementer

from gearman_tx.link.input import Input
from gearman_tx.link.output import Output
from gearman_tx.link.plain_socket import acknowledge_at_once, tcp_socket

if TYPE_CHECKING:
    from twisted.python.failure import Failure

    from gearman_tx.errors import Refused
    from gearman_tx.link.handler import Handler
    from gearman_tx.link.limits import OutputLimits
    from gearman_tx.link.turn import Turn
    from gearman_tx.wire import PacketDecoder


@implementer(IHalfCloseableProtocol)
class PacketLink(Protocol, ABC):
    """A connection; subclasses supply the table of handlers and react to its end.

    Args:
        turn: the reactor turn that output is gathered in.
        decoder: fresh, for the packets of this direction.
        handlers: the handler of every type that the decoder may return.
        limits: how much the peer may leave unread.
        subject: the first argument of the handlers; the link itself if None.

    Attributes:
        input: the input.
        output: the output.
        receives_directly: whether a socket set may give bytes to the input itself, in a turn of
            the link's ``Turn``; not if an override of :meth:`dataReceived` does more than that.
        send: send bytes at the end of this turn.
        send_parts: send the bytes of a sequence at the end of this turn.
        hold: leave a hole in the output for a later answer.
        fill: put the answer into a hole.
    """

    receives_directly: ClassVar[bool] = False

    def __init__(
        self,
        turn: Turn,
        decoder: PacketDecoder,
        handlers: dict[int, Handler],
        limits: OutputLimits,
        subject: object = None,
    ) -> None:
        self.input = Input(decoder, handlers, self, self if subject is None else subject)
        self.output = output = Output(turn, limits, self)
        self._is_over = False
        self._plain: socket.socket | None = None
        self.send = output.send
        self.send_parts = output.send_parts
        self.hold = output.hold
        self.fill = output.fill

    @property
    def is_over(self) -> bool:
        """Whether the connection has ended, or is closing."""
        return self._is_over

    @property
    def queued(self) -> int:
        """How many bytes were sent and wait here: for the peer to read, or behind a hole."""
        return self.output.queued

    @override
    def connectionMade(self) -> None:
        """Twisted: the connection is there."""
        plain = self._plain = tcp_socket(self.transport)
        if plain is not None:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.output.attach(self.transport)

    @override
    def dataReceived(self, data: bytes) -> None:
        """Twisted: bytes arrived."""
        self.input.receive(data)

    def has_read_much(self) -> None:
        """Input: a part of something large was read; acknowledge it, so that the peer goes on."""
        if self._plain is not None:
            acknowledge_at_once(self._plain)

    def put_back(self, packet_type: int, body: bytes) -> None:
        """Have a unit handled again, before those behind it, by a handler that suspends them."""
        self.input.put_back(packet_type, body)

    def proceed(self) -> None:
        """Go on behind the unit whose handler returned ``SUSPEND``; not from that handler."""
        self.input.proceed()

    def pause_reading(self) -> None:
        """Input: stop reading."""
        self.transport.pauseProducing()  # type: ignore[union-attr]  # made, not lost

    def resume_reading(self) -> None:
        """Input: read again."""
        self.transport.resumeProducing()  # type: ignore[union-attr]  # made, not lost

    def output_is_high(self) -> None:
        """Output: too much output is unread; handle no more requests."""
        self.input.hold()

    def output_is_low(self) -> None:
        """Output: the peer has read enough; handle its requests again."""
        self.input.release()

    def output_is_crowded(self) -> None:
        """Output: others send to the peer faster than it reads."""

    def output_has_room(self) -> None:
        """Output: the peer has read enough for others to send more."""

    def readConnectionLost(self) -> None:  # noqa: N802  # Twisted's name
        """Twisted: the peer will send nothing more; it may still read its answers."""
        self.close()

    def writeConnectionLost(self) -> None:  # noqa: N802  # Twisted's name
        """Twisted: the sending side of this end is closed, which never happens."""

    @override
    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: the connection is gone."""
        self._plain = None
        self._end()
        self.output.detach()

    def close(self) -> None:
        """Stop reading, and close the connection when all bytes are written."""
        if not self._is_over:
            self.pause_reading()
            self._end()
            self.output.close()

    def abort(self) -> None:
        """Close the connection at once; unread output is dropped."""
        self._end()
        self.output.abort()

    def _end(self) -> None:
        """Handle nothing more."""
        if not self._is_over:
            self._is_over = True
            self.ending()
            self.input.end()
            self.ended()

    def ending(self) -> None:
        """The connection is over; units may still wait in the input."""

    @abstractmethod
    def ended(self) -> None:
        """The connection is over; answers may still be on their way to the peer."""

    @abstractmethod
    def refuse(self, refusal: Refused) -> None:
        """Answer a request that a handler refused."""

    @abstractmethod
    def protocol_failed(self, reason: str) -> None:
        """The peer sent bytes that are not the protocol: end the connection."""

    @abstractmethod
    def output_failed(self, reason: str) -> None:
        """The peer does not read: drop it."""

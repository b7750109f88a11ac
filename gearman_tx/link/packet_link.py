"""One connection that speaks Gearman: a Twisted protocol around an input and an output.

Theory of operation. Each read goes to the :class:`~gearman_tx.link.input.Input`, which gives each
packet and text line to the handler of its type: a function of the connection and the body, which
answers by ``send``, that is, by the :class:`~gearman_tx.link.output.Output`. This class knows the
transport, and what the end of a connection means.

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
    """A connection; subclasses give it a table of handlers and say what its end means.

    Args:
        turn: the reactor turn that output is gathered in.
        decoder: fresh, for the packets of this direction.
        handlers: for every type that the decoder may return, what to do with it.
        limits: how much the peer may leave unread.
        subject: what the handlers are given; the link itself unless it is something else.

    Attributes:
        input: what comes in.
        output: what goes out.
        receives_directly: whether a socket set may give bytes to the input itself, in a turn of
            the link's ``Turn``; not where :meth:`dataReceived` does more than that.
        send: send bytes at the end of this turn.
        send_parts: send the bytes of a sequence at the end of this turn.
        hold: leave a hole in the output for an answer that comes later.
        fill: bring the answer for a hole.
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
        """Whether the connection is lost, or on its way to it."""
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
        """Input: a part of something large was read; let the peer send the next."""
        if self._plain is not None:
            acknowledge_at_once(self._plain)

    def put_back(self, packet_type: int, body: bytes) -> None:
        """Have a unit handled again, before those behind it, by a handler that suspends them."""
        self.input.put_back(packet_type, body)

    def proceed(self) -> None:
        """Go on behind the unit whose handler returned ``SUSPEND``; not from that handler."""
        self.input.proceed()

    def pause_reading(self) -> None:
        """Input: read nothing more."""
        self.transport.pauseProducing()  # type: ignore[union-attr]  # made, not lost

    def resume_reading(self) -> None:
        """Input: read again."""
        self.transport.resumeProducing()  # type: ignore[union-attr]  # made, not lost

    def output_is_high(self) -> None:
        """Output: the peer leaves too much unread; take no more requests from it."""
        self.input.hold()

    def output_is_low(self) -> None:
        """Output: the peer has read enough; take its requests again."""
        self.input.release()

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
        self.output.detach()

    def close(self) -> None:
        """Close the connection when all that was sent is written; read nothing more."""
        if not self._is_over:
            self.pause_reading()
            self._end()
            self.output.close()

    def abort(self) -> None:
        """Close the connection at once, whatever the peer left unread."""
        self._end()
        self.output.abort()

    def _end(self) -> None:
        """Handle nothing more."""
        if not self._is_over:
            self._is_over = True
            self.input.end()
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

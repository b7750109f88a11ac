"""One connection that speaks Gearman: the decode loop over a table of handlers.

Theory of operation. Each read is decoded into units (packets and text lines), and each unit is
given to the handler of its type: a function of the connection and the body, which answers by
``send``. A handler that cannot be done at once returns ``SUSPEND``: the units behind it wait, and
nothing more is read, until ``proceed``. So does a peer that does not read its answers.

What never happens: one peer's bytes raise an error that reaches another's connection. A
:class:`Refused` from a handler is answered with ERROR; bytes that are not the protocol end the
connection after the answers to what came before them.

All three parties use this: the job server, clients and workers differ in their tables.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from itertools import chain
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.interfaces import ITCPTransport
from twisted.internet.protocol import Protocol, connectionDone
from typing_extensions import override

from gearman_tx.errors import Refused, RemoteProtocolError
from gearman_tx.link.output import Output

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from twisted.python.failure import Failure

    from gearman_tx.link.limits import OutputLimits
    from gearman_tx.link.turn import Turn
    from gearman_tx.wire import PacketDecoder

SUSPEND: Final = True
"""What a handler returns when the units behind its own must wait for ``proceed``."""


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
        self._waiting: Iterator[tuple[int, bytes]] | None = None  # units behind a suspended one
        self._put_back: list[tuple[int, bytes]] = []
        self._unread: list[bytes] = []  # what a transport gave while reading was paused
        self._is_high = False
        self._is_over = False
        self.send = output.send
        self.send_parts = output.send_parts
        self.hold = output.hold
        self.fill = output.fill

    @property
    def is_over(self) -> bool:
        """Whether the connection is lost, or on its way to it."""
        return self._is_over

    @override
    def connectionMade(self) -> None:
        """Twisted: the connection is there."""
        assert self.transport is not None, "Twisted sets the transport first"
        if ITCPTransport.providedBy(self.transport):
            self.transport.setTcpNoDelay(True)  # Twisted's signature
        self._output.attach(self.transport)

    @override
    def dataReceived(self, data: bytes) -> None:
        """Twisted: bytes arrived."""
        if self._is_over:
            return
        if self._waiting is not None or self._is_high:
            self._unread.append(data)
        else:
            self._handle(iter(self._decoder.feed(data)))

    def _handle(self, units: Iterator[tuple[int, bytes]]) -> None:
        """Give each unit to its handler until there is none left or one suspends the rest."""
        handlers = self._handlers
        while True:
            try:
                for packet_type, body in units:
                    if handlers[packet_type](self, body):
                        self._waiting = chain(self._put_back, units)
                        self._put_back = []
                        self._pause()
                        return
                break
            except Refused as refusal:
                self.refuse(refusal)
            except RemoteProtocolError as error:
                self.protocol_failed(str(error))
                return
        if self._decoder.error is not None:
            self.protocol_failed(str(self._decoder.error))

    def put_back(self, packet_type: int, body: bytes) -> None:
        """Have a unit handled again, before those behind it, by a handler that suspends them."""
        self._put_back = [(packet_type, body)]

    def proceed(self) -> None:
        """Go on behind the unit whose handler returned ``SUSPEND``."""
        units, self._waiting = self._waiting, None
        if units is not None:
            self._handle(units)
            self._resume()

    def _pause(self) -> None:
        if not self._is_over:
            self.transport.pauseProducing()  # type: ignore[union-attr]  # made, not lost

    def _resume(self) -> None:
        """Read again if nothing stands against it any more."""
        while self._unread:
            if self._waiting is not None or self._is_high or self._is_over:
                return
            self._handle(iter(self._decoder.feed(self._unread.pop(0))))
        if self._waiting is None and not self._is_high and not self._is_over:
            self.transport.resumeProducing()  # type: ignore[union-attr]  # made, not lost

    def output_is_high(self) -> None:
        """The peer leaves too much unread: take no more requests from it."""
        self._is_high = True
        self._pause()

    def output_is_low(self) -> None:
        """The peer has read enough: take its requests again."""
        self._is_high = False
        self._resume()

    @override
    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: the connection is gone, for whatever reason."""
        self._is_over = True
        self._waiting = None
        self._unread.clear()
        self._output.detach()

    def close(self) -> None:
        """Close the connection when all that was sent is written; read nothing more."""
        self._pause()
        self._is_over = True
        self._waiting = None
        self._output.close()

    def abort(self) -> None:
        """Close the connection at once, whatever the peer left unread."""
        self._is_over = True
        self._output.abort()

    @abstractmethod
    def refuse(self, refusal: Refused) -> None:
        """Answer a request that a handler refused."""

    @abstractmethod
    def protocol_failed(self, reason: str) -> None:
        """The peer sent bytes that are not the protocol: end the connection."""

    @abstractmethod
    def output_failed(self, reason: str) -> None:
        """The peer does not read: drop it."""

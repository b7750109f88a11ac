"""A connection of a client or worker to a job server.

It adds three things to a :class:`PacketLink`: a heartbeat, which finds a server that is gone
without closing the connection; a table in which every unexpected packet ends the connection; and
one reason for the end, for errors and the log. Unread output never stops the reading: clients and
workers bound their output, and they must read answers to go on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from attrs import field, frozen, validators
from twisted.internet.protocol import connectionDone
from twisted.logger import Logger
from twisted.python.failure import Failure
from typing_extensions import override

from gearman_tx.errors import Refused, RemoteProtocolError
from gearman_tx.link.failure_text import failure_text
from gearman_tx.link.handler import Handler
from gearman_tx.link.heartbeat import DEFAULT_HEARTBEAT, Heartbeat
from gearman_tx.link.limits import OutputLimits
from gearman_tx.link.packet_link import PacketLink
from gearman_tx.link.turn import Turn
from gearman_tx.wire import (
    DEFAULT_MAX_PACKET,
    LAST_PACKET_TYPE,
    RESPONSE_MAGIC,
    TEXT,
    TOO_LARGE,
    WRONG_MAGIC,
    OversizedPacket,
    PacketDecoder,
    PacketType,
    request,
)

PROBE: Final = b"gearman_tx heartbeat"
"""The data that a heartbeat asks the server to echo."""

_PROBE_PACKET: Final = request(PacketType.ECHO_REQ, PROBE)


@frozen
class LinkLimits:
    """The limits of a connection to a job server, in bytes and seconds.

    Attributes:
        packet: largest packet body accepted from the server, in bytes.
        heartbeat: seconds of silence before the server is probed; a server that is silent for two
            to three times as long is lost. 0 disables the probe.
        output: how much the server may leave unread.
    """

    packet: int = field(default=DEFAULT_MAX_PACKET, validator=validators.ge(1))
    heartbeat: float = field(default=DEFAULT_HEARTBEAT, validator=validators.ge(0))
    output: OutputLimits = field(factory=OutputLimits)


class OutgoingLink(PacketLink):
    """A connection to a job server; subclasses give it handlers and overrides of ``ended``.

    Args:
        server: the name of the server, for the log and for errors.
        turn: the reactor turn that output is gathered in.
        handlers: the handler of each packet type, made by :func:`outgoing_handlers`.
        limits: the limits of the connection.

    Attributes:
        server: the name of the server.
        reason: why the connection ended, as text, once it has.
        is_dropped: whether it was cut because of a fault of the server, which is logged then.
    """

    _log: ClassVar[Logger] = Logger()

    def __init__(
        self, server: str, turn: Turn, handlers: dict[int, Handler], limits: LinkLimits
    ) -> None:
        decoder = PacketDecoder(RESPONSE_MAGIC, limits.packet)
        super().__init__(turn, decoder, handlers, limits.output)
        self.server = server
        self.reason = "the connection was closed"
        self.is_dropped = False
        self._heartbeat = Heartbeat(
            turn.clock,
            limits.heartbeat,
            probe=self._probe,
            unsent=lambda: self.queued,
            dead=self._fail,
        )

    @override
    def connectionMade(self) -> None:
        """Twisted: the connection is there."""
        super().connectionMade()
        self._heartbeat.start()

    @override
    def dataReceived(self, data: bytes) -> None:
        """Twisted: bytes arrived."""
        self._heartbeat.is_heard = True
        super().dataReceived(data)

    @override
    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: the connection is gone."""
        if not self.is_over:
            self.reason = failure_text(reason.value)
        super().connectionLost(reason)

    @override
    def ended(self) -> None:
        """PacketLink: the connection is over; overrides call this one too."""
        self._heartbeat.stop()

    @override
    def output_is_high(self) -> None:
        """PacketLink: go on reading; the server reads again when its answers are read."""

    @override
    def output_is_low(self) -> None:
        """PacketLink: the reading never stopped."""

    @override
    def refuse(self, refusal: Refused) -> None:
        """PacketLink: a server cannot be answered with ERROR, so end the connection."""
        self.protocol_failed(str(refusal))

    @override
    def protocol_failed(self, reason: str) -> None:
        """PacketLink: the server broke the protocol, so later bytes have no meaning."""
        self._fail(reason)

    @override
    def output_failed(self, reason: str) -> None:
        """PacketLink: the server does not read."""
        self._fail(reason)

    def _probe(self) -> None:
        self.send(_PROBE_PACKET)

    def _fail(self, reason: str) -> None:
        """Cut the connection for a reason of this side."""
        if not self.is_over:
            self.reason = reason
            self.is_dropped = True
            self._log.warn(
                "dropped job server {server}: {reason}", server=self.server, reason=reason
            )
            self.abort()


def outgoing_handlers(expected: Mapping[int, Handler]) -> dict[int, Handler]:
    """Return a complete table of handlers: a packet not in ``expected`` ends the connection.

    Args:
        expected: the handlers of the packets that this side may get. ECHO_RES, the answer to the
            heartbeat, needs none.
    """
    handlers: dict[int, Handler] = {
        packet_type: _Unexpected(packet_type) for packet_type in range(1, LAST_PACKET_TYPE + 1)
    }
    handlers[TEXT] = _unexpected_text
    handlers[WRONG_MAGIC] = _wrong_magic
    handlers[TOO_LARGE] = _too_large
    handlers[PacketType.ECHO_RES] = _echo_res
    handlers.update(expected)
    return handlers


@frozen
class _Unexpected:
    """The handler of a packet that a correct server never sends to this side."""

    packet_type: int

    def __call__(self, _link: Any, _body: bytes) -> None:
        raise RemoteProtocolError(f"a packet of type {self.packet_type} was not expected")


def _unexpected_text(_link: Any, line: bytes) -> None:
    raise RemoteProtocolError(f"the text line {line[:80]!r} was not expected")


def _wrong_magic(_link: Any, _body: bytes) -> None:
    raise RemoteProtocolError("a packet came with the magic of a request")


def _too_large(_link: Any, packet: OversizedPacket) -> None:
    raise RemoteProtocolError(str(packet))


def _echo_res(_link: Any, _body: bytes) -> None:
    """Do nothing: the heartbeat needs the arrival only."""

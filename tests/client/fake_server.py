"""Fake job servers, which do only what a test makes them do.

A :class:`FakeServer` is an endpoint: it records attempts to connect, which a test accepts or
refuses. An accepted attempt becomes a :class:`Peer`: the server's end of one connection, which
reads the client's packets and sends packets of its own.
"""

from __future__ import annotations

from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError, ConnectionDone
from twisted.internet.interfaces import IProtocol, IProtocolFactory, IStreamClientEndpoint
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from typing_extensions import override
from zope.interface import implementer

from gearman_tx.link import Server
from gearman_tx.wire import REQUEST_MAGIC, PacketDecoder, PacketType, response

Packet = tuple[PacketType, tuple[bytes, ...]]


class FakeTransport(StringTransport):
    """A transport that is closed a moment after it was asked to, like a real one."""

    clock: Clock
    protocol: Any = None
    is_stuck = False  # loseConnection waits for a peer that does not answer
    is_lost = False

    @override
    def loseConnection(self) -> None:
        """Twisted: close when all is written."""
        self.disconnecting = True
        if not self.is_stuck:
            self.clock.callLater(0, self.lose, ConnectionDone())

    @override
    def abortConnection(self) -> None:
        """Twisted: close now."""
        self.disconnecting = True
        self.clock.callLater(0, self.lose, ConnectionDone())

    @override
    def resumeProducing(self) -> None:
        """Twisted: read again; real transports take this while they close."""

    @override
    def pauseProducing(self) -> None:
        """Twisted: read no more; real transports take this while they close."""

    def lose(self, reason: Exception) -> None:
        """Tell the client that the connection is gone, once."""
        if not self.is_lost:
            self.is_lost = True
            self.protocol.connectionLost(Failure(reason))


@define(eq=False)
class Peer:
    """The server's end of one connection."""

    clock: Clock
    protocol: Any
    transport: Any  # a FakeTransport, which Twisted types too loosely
    decoder: PacketDecoder = field(factory=lambda: PacketDecoder(REQUEST_MAGIC))

    def read(self) -> list[Packet]:
        """Return the packets that the client sent since the last call."""
        self.clock.advance(0)
        data = self.transport.value()
        self.transport.clear()
        return [
            (PacketType(number), tuple(body.split(b"\0")))
            for number, body in self.decoder.feed(data)
        ]

    def read_types(self) -> list[str]:
        """Return the names of the packets that the client sent since the last call."""
        return [packet_type.name for packet_type, _ in self.read()]

    def send(self, packet_type: PacketType, *arguments: bytes) -> None:
        """Send a packet to the client."""
        self.send_bytes(response(packet_type, *arguments))

    def send_bytes(self, data: bytes) -> None:
        """Send any bytes to the client."""
        if not self.transport.is_lost:
            self.protocol.dataReceived(data)

    def greet(self) -> None:
        """Answer the greeting as a correct server does."""
        assert self.read() == [(PacketType.OPTION_REQ, (b"exceptions",))]
        self.send(PacketType.OPTION_RES, b"exceptions")

    def create(self, *handles: bytes) -> None:
        """Answer as many submissions as there are handles."""
        for handle in handles:
            self.send(PacketType.JOB_CREATED, handle)

    def lose(self, reason: Exception | None = None) -> None:
        """End the connection."""
        self.transport.lose(reason or ConnectionDone())


@implementer(IStreamClientEndpoint)
class FakeServer:
    """A job server to which the client tries to connect."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.clock = clock
        self.attempts: list[tuple[IProtocolFactory, Deferred[IProtocol]]] = []
        self.server = Server(name, lambda _reactor: self)

    def connect(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        """Twisted: try to connect."""
        attempt: Deferred[IProtocol] = Deferred()
        self.attempts.append((factory, attempt))
        return attempt

    @property
    def is_tried(self) -> bool:
        """Whether the client waits for an attempt to connect."""
        self.attempts = [one for one in self.attempts if not one[1].called]
        return bool(self.attempts)

    def next_attempt(self) -> tuple[IProtocolFactory, Deferred[IProtocol]]:
        """Return the attempt to connect that the client waits for."""
        assert self.is_tried, f"the client does not try to connect to {self.name}"
        return self.attempts.pop(0)

    def take(self) -> Peer:
        """Accept the attempt to connect, and say nothing."""
        factory, attempt = self.next_attempt()
        protocol = factory.buildProtocol(None)  # type: ignore[arg-type]  # no address is looked at
        assert protocol is not None, "our factory always builds one"
        transport = FakeTransport()  # type: ignore[no-untyped-call]  # Twisted has no types for it
        transport.clock = self.clock
        transport.protocol = protocol
        protocol.makeConnection(transport)
        attempt.callback(protocol)
        return Peer(self.clock, protocol, transport)

    def accept(self) -> Peer:
        """Accept the attempt to connect and answer the greeting."""
        peer = self.take()
        peer.greet()
        return peer

    def refuse(self) -> None:
        """Refuse the attempt to connect."""
        _, attempt = self.next_attempt()
        attempt.errback(ConnectError(string="nobody listens"))

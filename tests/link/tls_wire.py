"""A TLS connection in memory, of which a test decides how many encrypted bytes get through."""

from __future__ import annotations

from typing import Any

from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.python.failure import Failure
from typing_extensions import override

from tests.link.certificate import client_options, server_options
from tests.link.transports import BufferingTransport, FdReactor, connect


class Reader(Protocol):
    """A client that keeps what it receives.

    Attributes:
        received: everything that came.
        is_lost: whether the connection ended.
    """

    def __init__(self) -> None:
        self.received = bytearray()
        self.is_lost = False

    @override
    def dataReceived(self, data: bytes) -> None:
        """Keep it."""
        self.received += data

    @override
    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Note it."""
        self.is_lost = True


class TlsWire:
    """Both ends of a TLS connection; ``protocol`` is the server's.

    Attributes:
        client: the client's protocol.
        near: the transport below the server's TLS.
        far: the transport below the client's TLS.
    """

    def __init__(self, protocol: Any, reactor: FdReactor, limit: int = 64 * 1024) -> None:
        self._reactor = reactor
        self.client = Reader()
        self.near = BufferingTransport(limit)
        self.far = BufferingTransport(1 << 40)
        self._server_tls = self._start(protocol, self.near, is_client=False)
        self._client_tls = self._start(self.client, self.far, is_client=True)
        self._passed = 0
        self.say(b"")

    def _start(self, protocol: Any, below: BufferingTransport, *, is_client: bool) -> Any:
        options = client_options() if is_client else server_options()
        inner = Factory.forProtocol(lambda: protocol)
        factory: Any = TLSMemoryBIOFactory(options, is_client, inner, self._reactor)
        tls = factory.buildProtocol(None)
        connect(tls, below)
        return tls

    @property
    def received(self) -> bytes:
        """What the client read."""
        return bytes(self.client.received)

    @property
    def disconnecting(self) -> bool:
        """Whether the server's connection was closed or aborted."""
        return bool(self.near.disconnecting)

    @property
    def disconnected(self) -> bool:
        """Whether the server's connection was aborted."""
        return bool(self.near.disconnected)

    def take(self, size: int) -> None:
        """Let ``size`` encrypted bytes more reach the client, and all of its own the server."""
        while size > 0 and self._has_news():
            step = min(size, 16 * 1024)
            size -= step
            self.near.take(step)
            self._pass_on()

    def _has_news(self) -> bool:
        self._reactor.advance(0)
        return bool(self.near.buffer or self.far.buffer)

    def _pass_on(self) -> None:
        data = self.near.received[self._passed :]
        self._passed = len(self.near.received)
        if data and not self.client.is_lost:
            self._client_tls.dataReceived(data)
        self._reactor.advance(0)
        answer = bytes(self.far.buffer)
        self.far.buffer.clear()
        if answer and not self.near.disconnected:
            self._server_tls.dataReceived(answer)
        self._reactor.advance(0)
        for tls, below in ((self._server_tls, self.near), (self._client_tls, self.far)):
            if below.disconnecting and not below.buffer and below.connected:
                below.connected = False
                tls.connectionLost(connectionDone)

    def say(self, data: bytes) -> None:
        """Let the client send ``data``, after what the two ends have to settle."""
        if data:
            self._client_tls.write(data)
        self._reactor.advance(0)
        while self.near.buffer or self.far.buffer:
            self.near.take(1 << 40)
            self._pass_on()

    def say_without_listening(self, data: bytes) -> None:
        """Let the client send ``data`` and read nothing."""
        self._client_tls.write(data)
        self._reactor.advance(0)
        answer = bytes(self.far.buffer)
        self.far.buffer.clear()
        self._server_tls.dataReceived(answer)

    def hang_up(self) -> None:
        """Let the client close the connection in good order."""
        self._client_tls.loseConnection()
        self.say(b"")
        self._pass_on()

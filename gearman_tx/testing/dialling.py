"""Listening and connecting in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.error import NotConnectingError, TimeoutError, UserError  # noqa: A004
from twisted.internet.interfaces import IConnector, IDelayedCall, IListeningPort
from twisted.python.failure import Failure
from zope.interface import implementer

from gearman_tx.testing.connection import MemoryConnection

if TYPE_CHECKING:
    from gearman_tx.testing.reactor import MemoryReactor


@implementer(IListeningPort)
class MemoryPort:
    """An address at which connections are accepted.

    Attributes:
        key: the address.
        latency: seconds that a connection takes to be made, and bytes take on it.
        piece: the most bytes that arrive in one piece; None for no limit.
        is_frozen: whether this end reads and writes nothing for now.
        connections: the open ones.
    """

    def __init__(self, reactor: MemoryReactor, host: str, port: int, factory: Any) -> None:
        self.key = host, port
        self.latency = 0.0
        self.piece: int | None = None
        self.is_frozen = False
        self.connections: dict[MemoryConnection, None] = {}
        self._reactor = reactor
        self._factory = factory
        self._is_listening = False

    def startListening(self) -> None:  # Twisted's name
        """Twisted: accept connections.

        Raises:
            CannotListenError: another port listens there.
        """
        self._reactor.add_port(self)
        self._is_listening = True
        self._factory.doStart()

    def stopListening(self) -> None:  # Twisted's name
        """Twisted: accept no more connections; open ones stay."""
        if self._is_listening:
            self._is_listening = False
            self._reactor.remove_port(self)
            self._factory.doStop()

    def getHost(self) -> IPv4Address:
        """Twisted: return the address."""
        return IPv4Address("TCP", *self.key)

    def accept(self, near: IPv4Address) -> MemoryConnection | None:
        """Connectors: make a connection, and the protocol of this end; None if refused."""
        protocol = self._factory.buildProtocol(near)
        if protocol is None:
            return None
        connection = MemoryConnection.between(self._reactor, near, self.getHost())
        connection.set_conditions(self.latency, self.piece)
        if self.is_frozen:
            connection.hold()
        self.connections[connection] = None
        connection.far.protocol = protocol
        connection.far.on_lost = lambda _: self.forget(connection)
        return connection

    def forget(self, connection: MemoryConnection) -> None:
        """Remove ``connection`` from the open ones."""
        self.connections.pop(connection, None)


@implementer(IConnector)
class MemoryConnector:
    """A client's connection to an address; it may connect again and again."""

    def __init__(
        self, reactor: MemoryReactor, host: str, port: int, factory: Any, timeout: float | None
    ) -> None:
        self._reactor = reactor
        self._host = host
        self._port = port
        self._factory = factory
        self._timeout = timeout
        self._attempt: IDelayedCall | None = None
        self._connection: MemoryConnection | None = None

    def connect(self) -> None:
        """Twisted: try to connect."""
        self._factory.doStart()
        port = self._reactor.port_at(self._host, self._port)
        latency = 0.0 if port is None else port.latency
        if self._timeout is not None and latency > self._timeout:
            self._attempt = self._reactor.callLater(self._timeout, self._fail, TimeoutError())
        else:
            self._attempt = self._reactor.callLater(latency, self._try)
        self._factory.startedConnecting(self)

    def _try(self) -> None:
        port = self._reactor.port_at(self._host, self._port)
        connection = None
        if port is not None:
            connection = port.accept(self._reactor.new_client_address())
        if connection is None:
            self._fail(Refused())
            return
        self._attempt = None
        self._connection = connection
        self._reactor.add_connection(connection)
        near = connection.near
        near.on_lost = self._lost
        # The listening end comes first: it has accepted before the other end is connected.
        connection.far.protocol.makeConnection(connection.far)
        near.protocol = self._factory.buildProtocol(near.getPeer())
        if near.protocol is None:
            near.vanish()
            connection.cut()
        else:
            near.protocol.makeConnection(near)

    def _fail(self, reason: Exception) -> None:
        self._attempt = None
        self._factory.clientConnectionFailed(self, Failure(reason))
        self._factory.doStop()

    def _lost(self, reason: Failure) -> None:
        self._connection = None
        self._factory.clientConnectionLost(self, reason)
        self._factory.doStop()

    def stopConnecting(self) -> None:
        """Twisted: give up the attempt.

        Raises:
            NotConnectingError: no attempt is under way.
        """
        if self._attempt is None:
            raise NotConnectingError("no attempt to connect is under way")
        self._attempt.cancel()
        self._fail(UserError())

    def disconnect(self) -> None:
        """Twisted: give up the attempt, or close the connection."""
        if self._connection is not None:
            self._connection.near.loseConnection()
        else:
            self.stopConnecting()

    def getDestination(self) -> IPv4Address:
        """Twisted: return the address that it connects to."""
        return IPv4Address("TCP", self._host, self._port)

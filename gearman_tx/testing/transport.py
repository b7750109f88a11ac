"""One end of a connection in memory, as a protocol sees it: a Twisted transport."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from twisted.internet.error import ConnectionAborted, ConnectionDone, ConnectionLost
from twisted.internet.interfaces import (
    IAddress,
    IConsumer,
    IHalfCloseableProtocol,
    IPushProducer,
    IReactorTime,
    ITCPTransport,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from gearman_tx.testing.pipe import CAPACITY, Pipe


@implementer(ITCPTransport, IConsumer, IPushProducer)
class MemoryTransport:
    """The transport of a protocol.

    It behaves as a TCP transport does: bytes keep their order; it asks a push producer to pause
    when many bytes are under way; closing delivers the bytes written before; a protocol that writes
    to a peer that is gone loses its connection a moment later.

    Args:
        clock: the reactor, which delivers bytes.
        host: the address of this end.
        peer: the address of the other end.

    Attributes:
        connected: whether the connection is there.
        disconnecting: whether this end closes it.
        protocol: the protocol of this end.
        arriving: the bytes on their way to this end.
        on_lost: called with the reason after the protocol's ``connectionLost``.
    """

    def __init__(self, clock: IReactorTime, host: IAddress, peer: IAddress) -> None:
        self.connected = True
        self.disconnecting = False
        self.protocol: Any = None
        self.arriving = Pipe(clock, self._receive, self._peer_ended, self._taken)
        self.on_lost: Callable[[Failure], None] | None = None
        self._clock = clock
        self._host = host
        self._peer = peer
        self._other: MemoryTransport
        self._producer: Any = None
        self._is_producer_paused = False
        self._is_reading = True
        self._is_closing = False

    def join(self, other: MemoryTransport) -> None:
        """Make the two the ends of one connection."""
        self._other = other
        other._other = self  # of this class

    # ------------------------------------------------------------------------------- writing

    def write(self, data: bytes) -> None:
        """Twisted: send ``data``."""
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError(f"{type(data).__name__} was written; a transport takes bytes")
        if not self.connected or self._is_closing or not data:
            return
        if not self._other.connected:
            self.arriving.reset(ConnectionLost())
            return
        self._other.arriving.put(bytes(data))
        if self._producer is not None and self._is_full and not self._is_producer_paused:
            self._is_producer_paused = True
            self._producer.pauseProducing()

    def writeSequence(self, iovec: Iterable[bytes]) -> None:  # Twisted's name
        """Twisted: send the bytes of ``data``, one after the other."""
        self.write(b"".join(iovec))

    @property
    def _is_full(self) -> bool:
        return self._other.arriving.size > CAPACITY

    def _taken(self) -> None:
        """The protocol of this end took bytes, so the other end may send more."""
        self._other._has_room()  # noqa: SLF001  # of this class

    def _has_room(self) -> None:
        if self._is_full or not self.connected:
            return
        if self._is_producer_paused:
            self._is_producer_paused = False
            self._producer.resumeProducing()
        if self.disconnecting:
            self._close_if_written()

    def registerProducer(self, producer: Any, streaming: bool) -> None:  # noqa: FBT001  # Twisted's
        """Twisted: pause ``producer`` when there is no room, and resume it when there is.

        Raises:
            RuntimeError: a producer is registered already.
            NotImplementedError: it is a pull producer.
        """
        if self._producer is not None:
            raise RuntimeError("a producer is registered already")
        if not streaming:
            raise NotImplementedError("a transport in memory takes push producers only")
        if self.connected:
            self._producer = producer
        else:
            producer.stopProducing()

    def unregisterProducer(self) -> None:
        """Twisted: pause and resume no producer any more."""
        self._producer = None
        self._is_producer_paused = False
        if self.connected and self.disconnecting:
            self._close_if_written()

    # ------------------------------------------------------------------------------- reading

    def pauseProducing(self) -> None:
        """Twisted: read nothing."""
        self._is_reading = False
        self.arriving.pause()

    def resumeProducing(self) -> None:
        """Twisted: read again."""
        if self.connected and not self.disconnecting:
            self._is_reading = True
            self.arriving.resume()

    def stopProducing(self) -> None:
        """Twisted: close the connection."""
        self.loseConnection()

    def _receive(self, data: bytes) -> None:
        self.protocol.dataReceived(data)

    # ------------------------------------------------------------------------------- the end

    def loseConnection(self, *_arguments: object) -> None:
        """Twisted: close the connection when all bytes are written."""
        if self.connected and not self.disconnecting:
            self.disconnecting = True
            self.arriving.pause()
            self._close_if_written()

    def _close_if_written(self) -> None:
        if self._is_closing or self._producer is not None or self._is_full:
            return
        self._is_closing = True
        self._other.arriving.end(ConnectionDone())
        self._clock.callLater(0, self.lose, ConnectionDone())

    def abortConnection(self) -> None:
        """Twisted: close the connection now; bytes that were not received are dropped."""
        if self.connected:
            self.disconnecting = self._is_closing = True
            self._other.arriving.reset(ConnectionLost())
            self._clock.callLater(0, self.lose, ConnectionAborted())

    def loseWriteConnection(self) -> None:  # Twisted's name
        """Twisted: close this direction; not offered, because Gearman never needs it."""
        raise NotImplementedError("a transport in memory closes in both directions only")

    def lose(self, reason: Exception) -> None:
        """Tell the protocol that the connection is gone, once."""
        if not self.connected:
            return
        self.vanish()
        producer, self._producer = self._producer, None
        if producer is not None:
            producer.stopProducing()
        failure = Failure(reason)
        self.protocol.connectionLost(failure)
        if self.on_lost is not None:
            self.on_lost(failure)

    def vanish(self) -> None:
        """Disappear without a notice to either protocol: this end's process was killed."""
        self.connected = False
        self.disconnecting = True
        self.arriving.close()

    def _peer_ended(self, reason: Exception) -> None:
        """The other end is gone, and all its bytes were received."""
        is_closed = isinstance(reason, ConnectionDone)
        if is_closed and IHalfCloseableProtocol.providedBy(self.protocol):
            self.protocol.readConnectionLost()
        else:
            self.lose(reason)

    # ----------------------------------------------------------------------------- addresses

    def getHost(self) -> Any:
        """Twisted: return the address of this end."""
        return self._host

    def getPeer(self) -> Any:
        """Twisted: return the address of the other end."""
        return self._peer

    def getTcpNoDelay(self) -> bool:
        """Twisted: return that each write is sent at once."""
        return True

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: FBT001  # Twisted's
        """Twisted: do nothing; each write is sent at once."""

    def getTcpKeepAlive(self) -> bool:
        """Twisted: return that a silent connection is not probed."""
        return False

    def setTcpKeepAlive(self, enabled: bool) -> None:  # noqa: FBT001  # Twisted's
        """Twisted: do nothing; a silent connection stays open."""

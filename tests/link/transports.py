# ruff: noqa: N802  # names of Twisted's interfaces
"""Transports that a test drives by hand, each in one of the two shapes that an output knows.

``ScriptedTransport`` is a plain TCP transport whose socket takes as much as a test says;
``SocketTransport`` is one over a real socket; ``BufferingTransport`` stands for everything that
buffers by itself, as TLS does. ``FdReactor`` is a clock that notes which of them want to be
called, and calls them when the test says so.
"""

from __future__ import annotations

import errno
import socket
from typing import Any

from twisted.internet import main, tcp
from twisted.internet.address import IPv4Address
from twisted.internet.interfaces import IReactorFDSet, IReadDescriptor, IWriteDescriptor
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from typing_extensions import override
from zope.interface import implementer


@implementer(IReactorFDSet)
class FdReactor(Clock):
    """A clock with a set of descriptors that wait to be read or written."""

    def __init__(self) -> None:
        super().__init__()
        self.readers: list[Any] = []
        self.writers: list[Any] = []

    def addReader(self, reader: IReadDescriptor) -> None:
        """Note that ``reader`` waits to be read."""
        if reader not in self.readers:
            self.readers.append(reader)

    def addWriter(self, writer: IWriteDescriptor) -> None:
        """Note that ``writer`` waits to be written to."""
        if writer not in self.writers:
            self.writers.append(writer)

    def removeReader(self, reader: IReadDescriptor) -> None:
        """Forget ``reader``."""
        if reader in self.readers:
            self.readers.remove(reader)

    def removeWriter(self, writer: IWriteDescriptor) -> None:
        """Forget ``writer``."""
        if writer in self.writers:
            self.writers.remove(writer)

    def removeAll(self) -> list[IReadDescriptor | IWriteDescriptor]:
        """Forget everything and return it."""
        gone = [*self.readers, *self.writers]
        self.readers.clear()
        self.writers.clear()
        return gone

    def getReaders(self) -> list[IReadDescriptor]:
        """Return who waits to be read."""
        return self.readers

    def getWriters(self) -> list[IWriteDescriptor]:
        """Return who waits to be written to."""
        return self.writers

    def write_once(self) -> None:
        """Tell everybody who waits for it that there is room, once, as a reactor does."""
        for writer in list(self.writers):
            why = writer.doWrite()
            if why is not None:
                self.removeReader(writer)
                self.removeWriter(writer)
                writer.connectionLost(Failure(why))

    def read_once(self) -> None:
        """Tell everybody who waits for it that there are bytes, once, as a reactor does."""
        for reader in list(self.readers):
            why = reader.doRead()
            if why is not None:
                self.removeReader(reader)
                if why.__class__ is main.CONNECTION_DONE.__class__:
                    reader.readConnectionLost(Failure(why))
                else:
                    self.removeWriter(reader)
                    reader.connectionLost(Failure(why))


class SocketTransport(tcp.Connection):
    """A connected transport over ``skt``, as a reactor makes one for an accepted connection."""

    connected = 1

    def __init__(self, skt: socket.socket, protocol: Any, reactor: FdReactor) -> None:
        super().__init__(skt, protocol, reactor)
        reactor.addReader(self)

    def getHost(self) -> IPv4Address:
        """Return this end's address."""
        return IPv4Address("TCP", "127.0.0.1", 4730)

    def getPeer(self) -> IPv4Address:
        """Return the other end's address."""
        return IPv4Address("TCP", "127.0.0.1", 50000)


class _ScriptedSocket:
    """As much of a socket as a transport asks of one that is never read from.

    Attributes:
        room: how many bytes it takes before it would block.
        sends: what was sent in each call that took something.
        is_broken: whether the connection is lost, as the next ``send`` finds.
    """

    family = socket.AF_INET

    def __init__(self, room: int) -> None:
        self.room = room
        self.sends: list[bytes] = []
        self.is_broken = False

    def send(self, data: bytes) -> int:
        """Take what there is room for, as a non-blocking socket does."""
        if self.is_broken:
            raise BrokenPipeError(errno.EPIPE, "the connection is lost")
        part = bytes(memoryview(data)[: self.room])
        if data and not part:
            raise BlockingIOError(errno.EWOULDBLOCK, "there is no room")
        self.room -= len(part)
        if part:
            self.sends.append(part)
        return len(part)

    def sendmsg(self, pieces: list[bytes]) -> int:
        """Take what there is room for, of all pieces together."""
        return self.send(b"".join(pieces))

    def setblocking(self, _: bool) -> None:
        """Do nothing."""

    def setsockopt(self, *_: object) -> None:
        """Do nothing."""

    def shutdown(self, _: int) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def fileno(self) -> int:
        """Return a number."""
        return 7


class ScriptedTransport(SocketTransport):
    """A plain transport whose socket takes as many bytes as a test says.

    Attributes:
        script: its socket.
    """

    def __init__(self, protocol: Any, reactor: FdReactor, room: int = 1 << 40) -> None:
        self.script = _ScriptedSocket(room)
        super().__init__(self.script, protocol, reactor)  # type: ignore[arg-type]  # enough of one

    @property
    def sends(self) -> list[bytes]:
        """What was given to the socket in each call that took something."""
        return self.script.sends

    @property
    def received(self) -> bytes:
        """Everything that the socket took."""
        return b"".join(self.sends)

    def take(self, size: int) -> None:
        """Let the peer read ``size`` bytes more, as far as there is something."""
        self.script.room = size
        before = -1
        while (
            self.script.room > 0
            and len(self.received) > before
            and self in self._fd_reactor.writers
        ):
            before = len(self.received)
            self._fd_reactor.write_once()

    @property
    def _fd_reactor(self) -> FdReactor:
        reactor = self.reactor
        assert isinstance(reactor, FdReactor)
        return reactor


class BufferingTransport(StringTransport):
    """A transport that buffers by itself and tells its producer to pause and to resume.

    Attributes:
        buffer: what was written and is not read by the peer.
        received: what the peer read.
        limit: how many bytes in the buffer make it pause the producer.
    """

    def __init__(self, limit: int = 64 * 1024) -> None:
        StringTransport.__init__(self)
        self.buffer = bytearray()
        self.received = b""
        self.limit = limit
        self._is_paused = False

    @override
    def write(self, data: bytes) -> None:
        """Buffer ``data``."""
        assert type(data) is bytes
        self.buffer += data
        if len(self.buffer) > self.limit and self.producer is not None and not self._is_paused:
            self._is_paused = True
            self.producer.pauseProducing()

    def take(self, size: int) -> None:
        """Let the peer read ``size`` bytes more, as far as there is something."""
        while size > 0 and self.buffer:
            part = bytes(self.buffer[:size])
            del self.buffer[:size]
            size -= len(part)
            self.received += part
            if self._is_paused and not self.buffer:
                self._is_paused = False
                if self.producer is not None:
                    self.producer.resumeProducing()


def connect(link: Any, transport: Any) -> None:
    """Join a protocol to a transport, as a reactor does for an accepted connection."""
    link.makeConnection(transport)


def tcp_pair(send_buffer: int | None = None) -> tuple[socket.socket, socket.socket]:
    """Return the two ends of a TCP connection over 127.0.0.1.

    Args:
        send_buffer: the size in bytes that is asked for the first end's send buffer and the
            second end's receive buffer, or None for the system's.
    """
    with socket.socket() as listener:
        if send_buffer is not None:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, send_buffer)
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        near = socket.socket()
        if send_buffer is not None:
            near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, send_buffer)
        near.connect(listener.getsockname())
        far, _ = listener.accept()
    far.settimeout(10)
    return near, far

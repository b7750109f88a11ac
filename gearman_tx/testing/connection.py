"""A connection in memory, as the network sees it: two ends and the conditions between them."""

from __future__ import annotations

from attrs import define, field
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionLost
from twisted.internet.interfaces import IReactorTime

from gearman_tx.testing.transport import MemoryTransport


@define(eq=False)
class MemoryConnection:
    """A connection between a client's or worker's end and a server's end.

    Attributes:
        near: the end that connected.
        far: the end that listens.
    """

    _clock: IReactorTime
    near: MemoryTransport = field(init=False)
    far: MemoryTransport = field(init=False)

    @classmethod
    def between(cls, clock: IReactorTime, near: IPv4Address, far: IPv4Address) -> MemoryConnection:
        """Return a connection between two addresses; its ends have no protocols yet."""
        connection = cls(clock)
        connection.near = MemoryTransport(clock, near, far)
        connection.far = MemoryTransport(clock, far, near)
        connection.near.join(connection.far)
        return connection

    @property
    def is_open(self) -> bool:
        """Whether the connection is open at both ends."""
        return self.near.connected and self.far.connected

    def set_conditions(self, latency: float, piece: int | None) -> None:
        """Set the seconds that bytes take, and the most bytes that arrive in one piece."""
        for end in (self.near, self.far):
            end.arriving.latency = latency
            end.arriving.piece = piece

    def hold(self) -> None:
        """Let nothing through; neither end notices."""
        self.near.arriving.hold()
        self.far.arriving.hold()

    def release(self) -> None:
        """Let everything through again, with the bytes sent meanwhile."""
        self.near.arriving.release()
        self.far.arriving.release()

    def cut(self) -> None:
        """Cut the connection: bytes under way are lost, and both ends notice."""
        for end in (self.near, self.far):
            end.arriving.close()
            self._clock.callLater(0, end.lose, ConnectionLost())

    def kill_far(self) -> None:
        """End the process of the listening end; its kernel resets the connection."""
        if self.far.connected:
            self.far.vanish()
            self.near.arriving.reset(ConnectionLost())

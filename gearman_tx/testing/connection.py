"""A connection in memory, as the network sees it: two ends, and what may happen between them."""

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
        near: the end of the one who connected.
        far: the end of the one who listens.
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
        """Whether both ends still take the connection for one."""
        return self.near.connected and self.far.connected

    def set_conditions(self, latency: float, piece: int | None) -> None:
        """Say how long bytes take, and how many arrive in one piece at most."""
        for end in (self.near, self.far):
            end.arriving.latency = latency
            end.arriving.piece = piece

    def hold(self) -> None:
        """Let nothing through, in silence: neither end is told."""
        self.near.arriving.hold()
        self.far.arriving.hold()

    def release(self) -> None:
        """Let everything through again, and what was sent meanwhile."""
        self.near.arriving.release()
        self.far.arriving.release()

    def cut(self) -> None:
        """End the connection: what is under way is lost, and both ends are told."""
        for end in (self.near, self.far):
            end.arriving.close()
            self._clock.callLater(0, end.lose, ConnectionLost())

    def kill_far(self) -> None:
        """End the process of the listening end, whose kernel tells the other end."""
        if self.far.connected:
            self.far.vanish()
            self.near.arriving.reset(ConnectionLost())

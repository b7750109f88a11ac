"""A network on which bytes arrive only when a test lets them, in pieces and in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from twisted.internet.error import ConnectionLost

from gearman_tx.testing import MemoryConnection, MemoryServer, Stage
from gearman_tx.testing.pipe import Pipe
from gearman_tx.testing.transport import MemoryTransport


class NetworkFaults:
    """The network of a stage, with all connections frozen.

    Args:
        stage: whose network it is.

    Attributes:
        half_open: dead connections that neither end knows to be dead: nothing gets through.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.half_open: set[MemoryConnection] = set()
        for server in stage.servers:
            server.freeze()

    def begin(self, server: MemoryServer) -> None:
        """Start a server that is down."""
        server.start()
        server.freeze()

    @property
    def connections(self) -> list[MemoryConnection]:
        """The connections on which bytes may still arrive."""
        return [one for one in self.stage.reactor.connections if one not in self.half_open]

    def pipes(self) -> list[Pipe]:
        """Return the directions of connections in which bytes are waiting."""
        return [pipe for pipe in self._all() if pipe.waiting]

    def _all(self) -> Iterator[Pipe]:
        for connection in self.connections:
            yield connection.near.arriving
            yield connection.far.arriving

    def clear(self) -> None:
        """Let all bytes arrive, also those sent in answer, until no more are sent."""
        self.stage.advance(0)
        while any(self._give(pipe) for pipe in self.pipes()):
            self.stage.advance(0)

    @staticmethod
    def _give(pipe: Pipe) -> bool:
        """Let all bytes of a pipe through; return whether any arrived."""
        before = pipe.waiting
        pipe.let_through(1 << 30)
        return pipe.waiting != before

    def pass_time(self, seconds: float, meanwhile: Callable[[], object], step: float = 0.5) -> None:
        """Let time pass in steps, and call ``meanwhile`` after each."""
        while seconds > 0:
            self.stage.advance(min(step, seconds))
            meanwhile()
            seconds -= step

    def cut(self, connection: MemoryConnection) -> None:
        """Lose the connection for both ends."""
        connection.cut()
        self.stage.advance(0)

    def lose_end(self, end: MemoryTransport) -> None:
        """Lose the connection for one end; the other one finds out when it writes."""
        end.lose(ConnectionLost())
        self.stage.advance(0)

    def keep_alive(self) -> None:
        """Let the servers find out which connections are half open, or lost for one end.

        The other ends are not told: clients and workers have their own heartbeat.
        """
        for connection in self.stage.reactor.connections:
            if connection in self.half_open or not connection.near.connected:
                connection.far.lose(ConnectionLost())
        self.stage.advance(0)

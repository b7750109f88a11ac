"""Make and count the connections of one job server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import field, frozen
from twisted.internet.protocol import ServerFactory
from typing_extensions import override

from gearman_tx.link import OutputLimits, SocketSet, Turn
from gearman_tx.server.accept_gate import AcceptGate
from gearman_tx.server.clocks import Clocks
from gearman_tx.server.connection import Connection
from gearman_tx.server.deadline_timer import DeadlineTimer
from gearman_tx.server.handlers import make_handlers
from gearman_tx.server.keepalive import Keepalive
from gearman_tx.server.text_side import TextSide
from gearman_tx.wire import DEFAULT_MAX_PACKET, DEFAULT_MAX_TEXT_LINE

if TYPE_CHECKING:
    from collections.abc import Callable

    from twisted.internet.interfaces import IAddress, IReactorTime

    from gearman_tx.core import JobServer
    from gearman_tx.server.log import ServerLog
    from gearman_tx.server.text_side import TextCommands

DEFAULT_MAX_CONNECTIONS = 1_000_000


@frozen
class ConnectionLimits:
    """The limits of one connection, and of all together.

    Attributes:
        connections: how many connections may be open at once.
        packet: largest packet body, in bytes.
        text_line: longest text line, in bytes.
        output: how much a peer may leave unread.
        keepalive: how a dead peer is noticed.
    """

    connections: int = DEFAULT_MAX_CONNECTIONS
    packet: int = DEFAULT_MAX_PACKET
    text_line: int = DEFAULT_MAX_TEXT_LINE
    output: OutputLimits = field(factory=OutputLimits)
    keepalive: Keepalive = field(factory=Keepalive)


class GearmanFactory(ServerFactory):
    """The Twisted factory of a job server; give it to any stream endpoint.

    Args:
        job_server: the core.
        clock: the reactor, for its time.
        unix_time: returns the time by the system clock, in Unix seconds.
        server_log: the log.
        commands: the commands of the text protocol.
        limits: the limits of connections.

    Attributes:
        commands: the commands of the text protocol.
        clocks: tell the core the time of the system clock.
        turn: the reactor turn that all connections share.
        handlers: the handlers of packets and text lines; all connections share the table.
        gate: accepts no more connections than the limit.
        connections: the open connections.
    """

    noisy = False

    def __init__(  # noqa: PLR0913, PLR0917  # one argument for each part
        self,
        job_server: JobServer,
        clock: IReactorTime,
        unix_time: Callable[[], float],
        server_log: ServerLog,
        commands: TextCommands,
        limits: ConnectionLimits,
    ) -> None:
        self.commands = commands
        self.clocks = Clocks(job_server, clock.seconds, unix_time)
        self.turn = Turn(clock)
        self._sockets = SocketSet(clock, self.turn)
        self.gate = AcceptGate(limits.connections, server_log, clock)
        self.connections: set[Connection] = set()
        self._job_server = job_server
        self._server_log = server_log
        self._limits = limits
        self.handlers = make_handlers(job_server, self.clocks, TextSide(self.turn, commands).text)
        self._timer = DeadlineTimer(job_server, self.turn, self.clocks)
        self.turn.beginnings.append(self._set_time)
        job_server.on_act(self.turn.touch)
        self.turn.hooks += [self._timer.adjust, self.gate.adjust]

    def _set_time(self) -> None:
        """At the beginning of a turn: set the time at which the core handles its packets."""
        self._job_server.tables.now = self.turn.clock.seconds()

    @override
    def buildProtocol(self, addr: IAddress | None) -> Connection:
        """Twisted: make the protocol of a new connection."""
        limits = self._limits
        connection = Connection(
            self._job_server,
            self.turn,
            self.handlers,
            self._server_log,
            output_limits=limits.output,
            max_packet=limits.packet,
            max_text_line=limits.text_line,
            on_made=self._made,
            on_lost=self._lost,
        )
        connection.factory = self
        return connection

    def _made(self, connection: Connection) -> None:
        self.connections.add(connection)
        self._sockets.adopt(connection.transport)
        self.gate.opened()
        self.turn.touch()
        self._limits.keepalive.apply(connection.transport)

    def _lost(self, connection: Connection) -> None:
        self.connections.discard(connection)
        self.gate.closed()

    def wait_in_place(self) -> bool:
        """Let the socket set wait instead of the reactor: see :class:`SocketSet`.

        Call it once the reactor runs, in a process with one job server only.

        Returns:
            Whether it does; False under a reactor other than Twisted's epoll reactor.
        """
        return self._sockets.wait_in_place()

    def stop(self) -> None:
        """Close every connection at once and stop the deadline timer."""
        self._timer.stop()
        self.gate.stop()
        self.turn.flush()
        for connection in list(self.connections):
            connection.dismiss()

"""A job server whose clock and connections a test drives by hand: nothing waits, nothing is real.

A stage has peers: each is a connection with the words ``tells`` (bytes to the server) and
``hears`` (what the server sent since), ``asks`` for both.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IAddress
from twisted.python.failure import Failure

from gearman_tx.admin import AdminCommands
from gearman_tx.core import Policy
from gearman_tx.server import Connection, ConnectionLimits, ServerLog, Wiring
from gearman_tx.server.text_side import TextCommands
from gearman_tx.store import Store
from tests.link.transports import BufferingTransport, FdReactor, connect
from tests.server.packets import (
    CAN_DO,
    GRAB_JOB,
    JOB_ASSIGN,
    PRE_SLEEP,
    SUBMIT_JOB,
    SUBMIT_JOB_BG,
    created,
    handle,
    req,
    res,
)

NOW = 1_700_000_000.0
"""The Unix time at which every test begins."""

UNLIMITED_ROOM = 1 << 40


class TurnClock(FdReactor):
    """A clock that can run one reactor turn at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.rightNow = NOW

    def turn(self) -> None:
        """Run the calls that are due now, but none that they add."""
        due = [call for call in self.getDelayedCalls() if call.getTime() <= self.seconds()]
        for call in sorted(due, key=lambda call: call.getTime()):
            if call.active():
                _run(self, call)


def _run(clock: Any, call: Any) -> None:
    """Run one call of a clock and forget it, as the clock itself does when time goes on."""
    clock.calls.remove(call)
    call.called = 1
    call.func(*call.args, **call.kw)


def text_commands(wiring: Wiring) -> AdminCommands:
    """Return the text protocol of a job server."""
    return AdminCommands(wiring.job_server, version="1.2.3", store=wiring.figures)


class ServerFixture:
    """A job server and its connections.

    Args:
        policy: what the operator decided about queues; handles start with ``H:stage``.
        limits: what connections may cost.
        store: what keeps background jobs; they are in memory without.
        commands: what answers text lines, instead of the text protocol.

    Attributes:
        clock: the time and the delayed calls.
        wiring: the job server.
        jobs: its core.
        server_log: its log.
        factory: what makes the connections.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        limits: ConnectionLimits | None = None,
        *,
        store: Store | None = None,
        commands: TextCommands | None = None,
    ) -> None:
        self.clock = TurnClock()
        self.server_log = ServerLog(self.clock.seconds)
        self.wiring = wiring = Wiring(
            policy or Policy(handle_prefix=b"H:stage"),
            self.clock,
            self.clock.seconds,
            self.server_log,
            lambda wiring: commands or text_commands(wiring),
            store=store,
            limits=limits,
        )
        self.jobs, self.factory = wiring.job_server, wiring.factory

    def connect(
        self, address: IAddress | None = None, *, reads: bool = True, buffer: int = 64 * 1024
    ) -> FakePeer:
        """Return a new connection.

        Args:
            address: where it comes from.
            reads: whether the peer reads what it gets at once.
            buffer: how many bytes its transport buffers before it wants no more.
        """
        return FakePeer(self, address, buffer, reads=reads)

    def worker(self, *functions: bytes) -> FakePeer:
        """Return a connection that registered ``functions``."""
        peer = self.connect()
        peer.tells(*[req(CAN_DO, function) for function in functions])
        return peer

    def sleeper(self, *functions: bytes) -> FakePeer:
        """Return a connection that registered ``functions`` and fell asleep."""
        peer = self.worker(*functions)
        peer.tells(req(PRE_SLEEP))
        assert peer.hears() == b""
        return peer

    def end_turn(self) -> None:
        """Run everything that is due now."""
        self.clock.advance(0)

    def status(self) -> bytes:
        """Return the answer to ``status`` on a new connection, which is closed again."""
        peer = self.connect()
        answer = peer.asks(b"status\n")
        peer.leaves()
        return answer


class FakePeer:
    """One connection to the server, and the peer at its other end.

    Attributes:
        connection: the server's side of it.
        transport: what the server writes to.
    """

    def __init__(
        self, stage: ServerFixture, address: IAddress | None, buffer: int, *, reads: bool
    ) -> None:
        self._stage = stage
        self._reads = reads
        self._heard = 0
        self.connection: Connection = stage.factory.buildProtocol(address)
        self.transport = BufferingTransport(buffer)
        self.transport.peerAddr = address
        connect(self.connection, self.transport)

    def gives(self, data: bytes) -> None:
        """Let ``data`` arrive at the server, whose turn goes on."""
        self.connection.dataReceived(data)

    def tells(self, *packets: bytes) -> None:
        """Let ``packets`` arrive at the server in one read and the turn end."""
        self.gives(b"".join(packets))
        self._stage.end_turn()

    def reads(self, size: int = UNLIMITED_ROOM) -> None:
        """Let the peer read up to ``size`` bytes more."""
        self.transport.take(size)
        self._stage.end_turn()

    def hears(self) -> bytes:
        """Return what the peer read since the last time."""
        if self._reads:
            self.transport.take(UNLIMITED_ROOM)
        start, self._heard = self._heard, len(self.transport.received)
        return self.transport.received[start:]

    def asks(self, *packets: bytes) -> bytes:
        """Tell ``packets`` and return what comes back at once."""
        self.tells(*packets)
        return self.hears()

    def submits(self, number: int, function: bytes, unique: bytes = b"", data: bytes = b"") -> None:
        """Submit a foreground job, which gets this number."""
        assert self.asks(req(SUBMIT_JOB, function, unique, data)) == created(number)

    def queues(self, number: int, function: bytes, unique: bytes = b"", data: bytes = b"") -> None:
        """Submit a background job, which gets this number."""
        assert self.asks(req(SUBMIT_JOB_BG, function, unique, data)) == created(number)

    def grabs(self, number: int, function: bytes, data: bytes = b"") -> None:
        """Grab a job, which is the one with this number."""
        assert self.asks(req(GRAB_JOB)) == res(JOB_ASSIGN, handle(number), function, data)

    def leaves(self) -> None:
        """Lose the connection."""
        self.connection.connectionLost(Failure(ConnectionDone()))
        self._stage.end_turn()

    @property
    def is_served(self) -> bool:
        """Whether the server neither closed nor aborted the connection."""
        return not self.transport.disconnecting

    @property
    def is_heard(self) -> bool:
        """Whether the server reads from the connection."""
        return bool(self.transport.producerState == "producing")

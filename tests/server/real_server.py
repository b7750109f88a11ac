"""A job server in the reactor of the test, on real sockets, and peers that talk to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.endpoints import connectProtocol
from twisted.internet.interfaces import IStreamClientEndpoint, IStreamServerEndpoint
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase
from typing_extensions import override

from gearman_tx.core import Policy
from gearman_tx.server import ConnectionLimits, ServerLog, Wiring
from tests.server.server_fixture import text_commands


class RawPeer(Protocol):
    """A client that waits for its answers."""

    def __init__(self) -> None:
        self._received = b""
        self._waits: tuple[bytes, Deferred[bytes]] | None = None
        self.lost: Deferred[None] = Deferred()

    @override
    def dataReceived(self, data: bytes) -> None:
        """Check whether the expected bytes have come."""
        self._received += data
        self._check()

    @override
    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell it."""
        self.lost.callback(None)

    def _check(self) -> None:
        if self._waits is not None and self._received.endswith(self._waits[0]):
            (_, waiting), self._waits = self._waits, None
            received, self._received = self._received, b""
            waiting.callback(received)

    def ask(self, data: bytes, until: bytes) -> Deferred[bytes]:
        """Send ``data``; fires with everything that came when it ends in ``until``."""
        waiting: Deferred[bytes] = Deferred()
        self._waits = (until, waiting)
        self.wire.write(data)
        self._check()
        return waiting

    @property
    def wire(self) -> Any:
        """The transport, of any kind."""
        return self.transport


class RealServerTestCase(TestCase):
    """A test with a job server on real sockets; stopped completely at its end.

    Attributes:
        factory: the server's factory.
        jobs: its queues.
    """

    timeout = 20

    @override
    def setUp(self) -> None:
        """Make a server that listens on nothing yet."""
        from twisted.internet import reactor  # the one that trial runs

        self.reactor: Any = reactor
        server_log = ServerLog(self.reactor.seconds)
        policy = Policy(handle_prefix=b"H:real")
        wiring = Wiring(
            policy, self.reactor, time.time, server_log, text_commands, limits=self.limits()
        )
        self.jobs, self.factory = wiring.job_server, wiring.factory
        self._ports: list[Any] = []
        self._peers: list[RawPeer] = []

    @override
    def tearDown(self) -> Any:
        """Stop the server and wait until every connection is gone."""
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        for port in self._ports:
            await maybeDeferred(port.stopListening)
        self.factory.stop()
        for peer in self._peers:
            await peer.lost
        await self.until(lambda: not self.factory.connections)

    def limits(self) -> ConnectionLimits:
        """Return the limits of the server."""
        return ConnectionLimits()

    async def listen(self, endpoint: IStreamServerEndpoint) -> Any:
        """Listen on ``endpoint``; return the port."""
        port: Any = await endpoint.listen(self.factory)
        self._ports.append(port)
        return port

    async def call(self, endpoint: IStreamClientEndpoint) -> RawPeer:
        """Return a caller that is connected."""
        connect: Callable[..., Deferred[RawPeer]] = connectProtocol
        caller = await connect(endpoint, RawPeer())
        self._peers.append(caller)
        return caller

    async def until(self, condition: Callable[[], bool]) -> None:
        """Return when ``condition`` holds at the end of a turn of the server."""
        if condition():
            return
        held: Deferred[None] = Deferred()

        def look() -> None:
            if condition() and not held.called:
                held.callback(None)

        hooks = self.factory.turn.hooks
        hooks.append(look)
        await held
        hooks.remove(look)

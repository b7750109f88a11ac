"""The connections of a worker to its job servers, and the attempts to connect."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from random import Random
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, succeed

from gearman_tx.link import Backoff, Reconnecting, Server, parse_servers
from gearman_tx.worker.connection import WorkerConnection
from gearman_tx.worker.waiters import Waiters


class ServerLinks:
    """The links to all job servers; one service per server connects and reconnects.

    Args:
        servers: the job servers.
        reactor: connects, and tells the time.
        build: makes a connection, given the name of the server and how many connections to it, one
            after the other, ended with the first grab request unanswered.
        random: draws the delays before a server is tried again.

    Attributes:
        open: the open connections, in the order in which they were made; some may be closing.

    Raises:
        ConfigurationError: a server is not valid.
    """

    def __init__(
        self,
        servers: str | Iterable[str | Server],
        reactor: Any,
        build: Callable[[str, int], WorkerConnection],
        random: Random,
    ) -> None:
        self._reactor = reactor
        self._build = build
        self._random = random
        self._services = {
            server.name: self._make_service(server) for server in parse_servers(servers)
        }
        self._misunderstood = dict.fromkeys(self._services, 0)
        self._understanding: set[str] = set()  # servers that answered GRAB_JOB_ALL
        self._stopping: list[Deferred[None]] = []
        self._down: set[str] = set()  # servers that were lost, or whose last attempt failed
        self._all_down: Waiters[None] = Waiters()
        self.open: dict[WorkerConnection, None] = {}

    def _make_service(self, server: Server) -> Reconnecting:
        backoff = Backoff(self._reactor.seconds, self._random.random)
        return Reconnecting(
            server,
            self._reactor,
            lambda: self._build(server.name, self._misunderstood[server.name]),
            backoff=backoff,
            failed=lambda _reason: self._is_down(server.name),
        )

    @property
    def is_connected(self) -> bool:
        """Whether a connection is open and not closing."""
        return any(not connection.is_over for connection in self.open)

    def add(self, connection: WorkerConnection) -> None:
        """Add a connection that was made."""
        self.open[connection] = None
        self._down.discard(connection.server)

    def remove(self, connection: WorkerConnection) -> None:
        """Remove a closed connection; keep what it learned about its server."""
        del self.open[connection]
        name, misunderstood = connection.server, connection.misunderstood
        if connection.is_understood:
            self._understanding.add(name)
        if name in self._understanding and not connection.is_dropped:
            misunderstood = min(misunderstood, self._misunderstood[name])
        self._misunderstood[name] = misunderstood
        self._is_down(connection.server)

    def _is_down(self, name: str) -> None:
        self._down.add(name)
        if len(self._down) == len(self._services):
            self._all_down.fire(None)

    def when_down(self) -> Deferred[None]:
        """Return a Deferred that fires when every server is lost or could not be connected."""
        is_down = len(self._down) == len(self._services)
        return succeed(None) if is_down else self._all_down.add()

    def start(self) -> None:
        """Connect to all servers."""
        for service in self._services.values():
            service.startService()

    def stop_unconnected(self) -> None:
        """Stop the attempts to connect to servers without a connection."""
        connected = {connection.server for connection in self.open}
        for name in self._services:
            if name not in connected:
                self.stop(name)

    def stop(self, name: str) -> None:
        """Stop connecting to the server ``name``."""
        service = self._services[name]
        if service.running:
            self._stopping.append(service.stopService())

    def close(self) -> Deferred[None]:
        """Abort all connections and make no others.

        Returns:
            Fires when every connection is closed; never fails.
        """
        for connection in list(self.open):
            connection.abort()
        for name in self._services:
            self.stop(name)
        closed: Deferred[Any] = DeferredList(self._stopping)
        return closed.addCallback(lambda _: None)

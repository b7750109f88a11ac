"""The clients of a GearmanClient, in the reactor's thread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import define, field
from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.python.failure import Failure

from gearman_tx.client import Client, JobStatus
from gearman_tx.errors import ConnectionLost

REACH_TIMEOUT: Final = 10.0
"""Seconds that a request may wait for a job server to be up, and that connecting may take."""


@define(eq=False)
class PooledClient:
    """A client that is closed once it is retired and its last request is over.

    Attributes:
        client: the client.
        connections: the job servers by their names.
        is_retired: whether it sends no further requests.
    """

    client: Client[bytes]
    connections: dict[str, Any]
    is_retired: bool = field(default=False, init=False)
    _requests: int = field(default=0, init=False)

    def connection(self, name: str | None) -> Any:
        """Return the job server of that name."""
        return self.connections.get(name or "")

    def begin(self) -> None:
        """Count a request that begins."""
        self._requests += 1

    def end(self) -> None:
        """Count a request that is over."""
        self._requests -= 1
        self._close_if_unused()

    def retire(self) -> None:
        """Send no further requests; those under way may end."""
        self.is_retired = True
        self._close_if_unused()

    def _close_if_unused(self) -> None:
        if self.is_retired and not self._requests:
            self.client.close(wait=0)


@define(eq=False)
class ClientPool:
    """The present client of a GearmanClient, and the retired ones that still have requests.

    When all job servers are down, a new client replaces the present one. The new client tries the
    servers at once, while the old one would wait longer after each attempt; the caller wants to
    know now. A changed list of servers makes a new client too.
    """

    _present: PooledClient | None = field(default=None, init=False)
    _clients: dict[PooledClient, None] = field(factory=dict, init=False)

    async def reach(self, connections: Sequence[Any]) -> PooledClient:
        """Return a client that is connected to one of the servers.

        Raises:
            ConnectionLost: all servers are down.
            ConfigurationError: there is no server, or TLS is not set up correctly.
        """
        client = self._find(connections)
        client.begin()
        try:
            await client.client.connect()
        except ConnectionLost:
            self._retire(client)
            raise
        finally:
            client.end()
        return client

    def _find(self, connections: Sequence[Any]) -> PooledClient:
        """Return the client of exactly these servers; make it if necessary."""
        by_name = {connection.name: connection for connection in connections}
        present = self._present
        if present is not None and present.connections == by_name:
            return present
        client = Client(
            [connection.server for connection in by_name.values()],
            accept_timeout=REACH_TIMEOUT,
        )
        if present is not None:
            self._retire(present)
        self._present = pooled = PooledClient(client, by_name)
        self._clients[pooled] = None
        return pooled

    def _retire(self, client: PooledClient) -> None:
        if self._present is client:
            self._present = None
        self._clients.pop(client, None)
        client.retire()

    async def is_up(self, connections: Sequence[Any]) -> bool:
        """Return whether one of the servers is up."""
        try:
            await self.reach(connections)
        except ConnectionLost:
            return False
        return True

    async def ask(
        self, connections: Sequence[Any], queries: Sequence[tuple[bytes, str | None]]
    ) -> list[JobStatus | Exception | None]:
        """Ask for the status of jobs; see :meth:`Client.status`.

        Args:
            connections: the job servers.
            queries: for each job its handle, and the name of its server if known.

        Returns:
            For each job its status, or the error of the query.

        Raises:
            ConnectionLost: all servers are down.
        """
        client = await self.reach(connections)
        client.begin()
        try:
            asked = [client.client.status(handle, name) for handle, name in queries]
            answers = await DeferredList(asked, consumeErrors=True)
        finally:
            client.end()
        return [_value(answer) for _, answer in answers]

    def close(self) -> Deferred[Any]:
        """Close all connections; requests under way are lost."""
        clients, self._clients, self._present = list(self._clients), {}, None
        for client in clients:
            client.is_retired = True
        closing = [client.client.close(wait=0) for client in clients]
        return DeferredList(closing) if closing else succeed(None)


def _value(answer: Any) -> Any:
    return answer.value if isinstance(answer, Failure) else answer

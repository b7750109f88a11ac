"""The job servers of a GearmanClient in the reactor's thread: our Client, and whoever uses it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from attrs import define, field
from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.python.failure import Failure

from gearman_tx.client import Client, JobStatus
from gearman_tx.errors import ConnectionLost

REACH_TIMEOUT: Final = 10.0
"""Seconds that a request may be without a job server that is up, and that connecting may take."""


@define(eq=False)
class ServerGroup:
    """A client of some job servers, closed when it is retired and nobody uses it any more.

    Attributes:
        client: the client.
        connections: the job servers by their names.
        is_retired: whether nothing more is to be sent by it.
    """

    client: Client[bytes]
    connections: dict[str, Any]
    is_retired: bool = field(default=False, init=False)
    _users: int = field(default=0, init=False)

    def connection(self, name: str | None) -> Any:
        """Return the job server of that name."""
        return self.connections.get(name or "")

    def begin(self) -> None:
        """Note that a request is on its way."""
        self._users += 1

    def end(self) -> None:
        """Note that one of these is over."""
        self._users -= 1
        self._close_if_unused()

    def retire(self) -> None:
        """Send nothing more; what is on its way may end."""
        self.is_retired = True
        self._close_if_unused()

    def _close_if_unused(self) -> None:
        if self.is_retired and not self._users:
            self.client.close(wait=0)


@define(eq=False)
class Servers:
    """What a GearmanClient talks to.

    When all job servers are down the client is replaced by a new one, which tries them at once,
    while the old one would wait longer after each attempt: whoever calls wants to know it now. A
    list of servers that has changed makes a new client too.
    """

    _group: ServerGroup | None = field(default=None, init=False)
    _groups: dict[ServerGroup, None] = field(factory=dict, init=False)

    async def reach(self, connections: Sequence[Any]) -> ServerGroup:
        """Return a client of which one server is up.

        Raises:
            ConnectionLost: all servers are down.
            ConfigurationError: there is no server, or TLS is not set up as it must be.
        """
        group = self._find(connections)
        group.begin()
        try:
            await group.client.connect()
        except ConnectionLost:
            self._retire(group)
            raise
        finally:
            group.end()
        return group

    def _find(self, connections: Sequence[Any]) -> ServerGroup:
        """Return the group of just these servers, made if it must be."""
        by_name = {connection.name: connection for connection in connections}
        group = self._group
        if group is not None and group.connections == by_name:
            return group
        client = Client(
            [connection.server for connection in by_name.values()],
            accept_timeout=REACH_TIMEOUT,
        )
        if group is not None:
            self._retire(group)
        self._group = group = ServerGroup(client, by_name)
        self._groups[group] = None
        return group

    def _retire(self, group: ServerGroup) -> None:
        if self._group is group:
            self._group = None
        self._groups.pop(group, None)
        group.retire()

    async def is_up(self, connections: Sequence[Any]) -> bool:
        """Return whether one of the servers is up."""
        try:
            await self.reach(connections)
        except ConnectionLost:
            return False
        return True

    async def ask(
        self, connections: Sequence[Any], questions: Sequence[tuple[bytes, str | None]]
    ) -> list[JobStatus | Exception | None]:
        """Ask for the status of jobs; see :meth:`Client.status`.

        Args:
            connections: the job servers.
            questions: of each job the handle, and the name of its server if that is known.

        Returns:
            What is known of each job, or why that is not known.

        Raises:
            ConnectionLost: all servers are down.
        """
        group = await self.reach(connections)
        group.begin()
        try:
            asked = [group.client.status(handle, name) for handle, name in questions]
            answers = await DeferredList(asked, consumeErrors=True)
        finally:
            group.end()
        return [_value(answer) for _, answer in answers]

    def close(self) -> Deferred[Any]:
        """Close all connections; what is on its way is lost."""
        groups, self._groups, self._group = list(self._groups), {}, None
        for group in groups:
            group.is_retired = True
        closing = [group.client.close(wait=0) for group in groups]
        return DeferredList(closing) if closing else succeed(None)


def _value(answer: Any) -> Any:
    return answer.value if isinstance(answer, Failure) else answer

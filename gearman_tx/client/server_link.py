"""One job server as a client knows it: the connection to it, or the attempts to connect.

A server is *up* while a connection to it is greeted. It is *down* after an attempt to connect
failed, after the connection was lost, or after the server said that it shuts down. It is
*untried* until the first attempt has ended, and *late* if that takes longer than a moment.
Submissions wait for an untried server for that moment. They move on from one that is late or down.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any, Final, Protocol

from twisted.internet.defer import Deferred, fail
from twisted.logger import Logger

from gearman_tx.client.connection import ClientConnection
from gearman_tx.client.lazy_reading import AfterRead
from gearman_tx.client.submission import Submission
from gearman_tx.client.updates import JobStatus, read_status
from gearman_tx.errors import ConnectionLost, Refused
from gearman_tx.link import Backoff, LinkLimits, Reconnecting, Server, SocketSet, Turn
from gearman_tx.wire import PacketType, request

_LEAVING: Final = b"shutting down"  # in the text of our job server's refusal

_log = Logger()


class LinkOwner(Protocol):
    """Receives the events of a server link; holds what all servers of a client share."""

    options: list[bytes]
    after_read: AfterRead

    def up(self, link: ServerLink, /) -> None:
        """Submissions may be sent to this server."""

    def down(self, link: ServerLink, unanswered: list[Submission[Any]], /) -> None:
        """This server is gone; ``unanswered`` were sent to it, and others wait for it."""


class ServerLink:
    """The connection to one job server, over any number of attempts.

    Args:
        owner: receives the events.
        server: the address.
        reactor: connects, and tells the time.
        turn: the reactor turn that output is gathered in.
        sockets: serves the connection, if it is a plain socket.
        backoff: how long to wait before the next attempt.
        limits: what the connection may cost.
        window: how many submissions may be unanswered.

    Attributes:
        name: the name of the server.
        connection: the greeted connection, or None.
        is_down: whether the server is down; see the module's docstring.
        is_late: whether the first attempt to connect to it takes longer than a moment.
        down_reason: why it is not up.
        waiting: submissions that wait for room or, before the first attempt has ended, for the
            connection.

    Raises:
        ConfigurationError: the server's endpoint string is wrong.
    """

    def __init__(  # noqa: PLR0913  # the router is the only caller
        self,
        owner: LinkOwner,
        server: Server,
        reactor: Any,
        turn: Turn,
        sockets: SocketSet,
        *,
        backoff: Backoff,
        limits: LinkLimits,
        window: int,
    ) -> None:
        self.name = server.name
        self.connection: ClientConnection | None = None
        self.is_down = False
        self.is_late = False
        self.down_reason = ConnectionLost(f"job server {server.name} was not tried")
        self.waiting: OrderedDict[Submission[Any], None] = OrderedDict()
        self._is_stopped = False
        self._owner = owner
        self._turn = turn
        self._sockets = sockets
        self._limits = limits
        self._window = window
        self._service = Reconnecting(
            server, reactor, self._build, backoff=backoff, failed=self._failed
        )

    def start(self) -> None:
        """Begin to connect; lost connections are replaced until :meth:`stop`."""
        self.down_reason = ConnectionLost(f"job server {self.name} has not answered yet")
        self._service.startService()

    def stop(self) -> Deferred[None]:
        """Close the connection and make no other; see ``Reconnecting.stopService``."""
        self._is_stopped = True
        if self.connection is not None:
            self.connection.reason = "the client was closed"
            self.connection.close()
        return self._service.stopService()

    def job_status(self, handle: bytes) -> Deferred[JobStatus]:
        """Ask this server for the status of the job with ``handle``: GET_STATUS.

        Returns:
            Fires with the status. Fails with ConnectionLost when the server is down or lost, with
            TimedOut when it does not answer. Cancelling it only stops the waiting.
        """
        packet = request(PacketType.GET_STATUS, handle)
        return self._ask(packet, PacketType.STATUS_RES, handle)

    def unique_status(self, unique: bytes) -> Deferred[JobStatus]:
        """Ask for the status of the job with ``unique``: GET_STATUS_UNIQUE; as job_status."""
        packet = request(PacketType.GET_STATUS_UNIQUE, unique)
        return self._ask(packet, PacketType.STATUS_RES_UNIQUE)

    def _ask(self, packet: bytes, expects: int, key: bytes | None = None) -> Deferred[JobStatus]:
        if self.connection is None:
            return fail(self.down_reason)
        return self.connection.ask(packet, expects, key).addCallback(read_status)

    def moment_is_over(self) -> None:
        """The server is late if it is neither up nor down by now."""
        self.is_late = self.connection is None and not self.is_down

    def take(self, submission: Submission[Any]) -> None:
        """Send ``submission``, or hold it until it can be sent."""
        connection = self.connection
        if connection is not None and connection.has_room:
            connection.submit(submission)
        else:
            self.waiting[submission] = None
            submission.holder = self

    def forget(self, submission: Submission[Any]) -> None:
        """Holder: drop a submission that waits here."""
        self.waiting.pop(submission, None)

    def is_leaving(self, refusal: Refused) -> bool:
        """AcceptingServer: return whether it refuses because it shuts down; if so, mark it down.

        The connection is kept for the jobs that the server still runs.
        """
        if _LEAVING not in refusal.text:
            return False
        if not self.is_down:
            _log.info("job server {server} shuts down", server=self.name)
            self._go_down(ConnectionLost(f"job server {self.name} shuts down"), None)
        return True

    def has_room(self) -> None:
        """Connection: send waiting submissions while there is room."""
        connection = self.connection
        while self.waiting and connection is not None and connection.has_room:
            submission, _ = self.waiting.popitem(last=False)
            connection.submit(submission)

    def greeted(self, connection: ClientConnection) -> None:
        """Connection: the server has answered the greeting."""
        if self.is_down:
            _log.info("job server {server} is back", server=self.name)
        self.connection = connection
        self.is_down = self.is_late = False
        self.has_room()
        self._owner.up(self)

    def lost(self, connection: ClientConnection) -> None:
        """Connection: it is over. Its submissions move to other servers, or fail."""
        if self.connection is not None and self.connection is not connection:
            # A slower connection to another address of this server.
            connection.release()
            return
        error = connection.lost_error()
        if not (self._is_stopped or self.is_down or connection.is_dropped):
            _log.warn("lost job server {server}: {why}", server=self.name, why=connection.reason)
        self.connection = None
        self._go_down(error, connection)

    def _build(self) -> ClientConnection:
        return ClientConnection(
            self,
            self.name,
            self._turn,
            self._sockets,
            self._limits,
            self._window,
            self._owner.options,
            self._owner.after_read,
        )

    def _failed(self, why: str) -> None:
        """Reconnecting: an attempt to connect failed."""
        self._go_down(ConnectionLost(f"cannot connect to job server {self.name}: {why}"), None)

    def _go_down(self, reason: ConnectionLost, connection: ClientConnection | None) -> None:
        self.is_down = True
        self.is_late = False
        self.down_reason = reason
        unanswered, accepted = connection.release() if connection is not None else ([], [])
        self._owner.down(self, unanswered)
        for submission in accepted:
            submission.lost(reason)

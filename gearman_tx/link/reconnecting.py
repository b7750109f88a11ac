"""Keep a connection to one job server: Twisted's ``ClientService`` with a back-off of our own.

The protocol that ``build`` makes reports its connection and its loss itself; the service logs
failed attempts and reports them to ``failed``. Stopping closes the connection cleanly, and cuts it
if the server does not close it in time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from attrs import frozen
from twisted.application.internet import ClientService
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IAddress,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.internet.protocol import Factory
from twisted.logger import Logger, LogPublisher
from twisted.python.failure import Failure
from typing_extensions import override
from zope.interface import implementer

from gearman_tx.link.backoff import Backoff
from gearman_tx.link.failed_attempts import FailedAttempts
from gearman_tx.link.outgoing import OutgoingLink
from gearman_tx.link.servers import Server, make_endpoint
from gearman_tx.link.unreachable import why_unreachable

ATTEMPT_TIMEOUT: Final = 30.0
"""Seconds that an attempt may take, including the look-up and all addresses."""

CLOSE_TIMEOUT: Final = 2.0
"""Seconds that a connection may take to close before it is cut."""


class Reconnecting(ClientService):
    """A service that is connected to one job server, or tries to connect.

    Args:
        server: the job server.
        reactor: the reactor.
        build: makes the protocol of each new connection.
        backoff: the delay after each failure.
        failed: called each time an attempt to connect fails, with the reason in words.

    Raises:
        ConfigurationError: the server's endpoint string is wrong.
    """

    # Twisted would log a line for each attempt; see docs/reference/twisted-internals.rst. This
    # publisher has no observers, so it drops them.
    _log = Logger(observer=LogPublisher())

    def __init__(
        self,
        server: Server,
        reactor: Any,
        build: Callable[[], OutgoingLink],
        *,
        backoff: Backoff,
        failed: Callable[[str], None],
    ) -> None:
        self._reactor = reactor
        self._build = build
        self._backoff = backoff
        self._link: OutgoingLink | None = None
        self._failed = failed
        self._attempts = FailedAttempts(server.name, reactor)
        endpoint = _Watched(server.name, make_endpoint(server, reactor), reactor, self._report)
        factory = _Outgoing(self._make_link)
        super().__init__(endpoint, factory, retryPolicy=backoff, clock=reactor)

    def _make_link(self) -> OutgoingLink:
        self._backoff.connected()
        self._attempts.end()
        self._link = self._build()
        return self._link

    def _report(self, why: str) -> None:
        if self.running:  # else the attempt was cancelled
            self._attempts.add(why)
        self._failed(why)

    @override
    def stopService(self) -> Deferred[None]:
        """Twisted: connect no more, and close the connection.

        Returns:
            Fires when the connection is closed, after two seconds at most; never fails. Cancelling
            it only stops the waiting.
        """
        stopped = super().stopService()
        if not stopped.called:
            force = self._reactor.callLater(CLOSE_TIMEOUT, self._cut)
            stopped.addBoth(lambda _: force.cancel() if force.active() else None)
        return stopped

    def _cut(self) -> None:
        """Cut the connection: the server did not close it in time."""
        if self._link is not None:
            self._link.abort()


class _Outgoing(Factory):
    """Makes the protocol of each connection, without a log line for it."""

    noisy = False

    def __init__(self, build: Callable[[], OutgoingLink]) -> None:
        self._build = build

    @override
    def buildProtocol(self, addr: IAddress | None) -> OutgoingLink:
        """Twisted: make the protocol of a new connection."""
        link = self._build()
        link.factory = self
        return link


@implementer(IStreamClientEndpoint)
@frozen
class _Watched:
    """An endpoint that reports its failures."""

    name: str
    endpoint: IStreamClientEndpoint
    clock: IReactorTime
    failed: Callable[[str], None]

    def __repr__(self) -> str:
        """Return the name of the server: Twisted puts it into log lines."""
        return self.name

    def connect(self, factory: IProtocolFactory) -> Deferred[IProtocol]:
        """Twisted: connect; report a failure, or an attempt that takes too long."""
        begin = self.clock.seconds()
        connecting = self.endpoint.connect(factory)
        connecting.addTimeout(ATTEMPT_TIMEOUT, self.clock)
        return connecting.addErrback(self._pass_on, begin)

    def _pass_on(self, reason: Failure, begin: float) -> Failure:
        self.failed(why_unreachable(reason.value, self.clock.seconds() - begin))
        return reason

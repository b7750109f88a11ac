"""Base class of the client's tests: a client, fake job servers, and a clock that a test moves."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any, TypeVar, cast

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from gearman_tx.client import Client
from tests.client.fake_server import FakeServer, Peer

E = TypeVar("E", bound=BaseException)


class ClientCase(SynchronousTestCase):
    """A test of a client with fake servers; only the test moves the clock."""

    def setUp(self) -> None:
        """Set the clock to a moment after 1970."""
        self.clock = Clock()
        self.clock.advance(1_000_000.0)
        self.fakes: list[FakeServer] = []

    def make_client(self, servers: int = 1, **options: Any) -> Client[bytes]:
        """Return a client of as many fake servers, called ``s0``, ``s1`` ...

        The heart does not beat unless the test asks for it, and servers are chosen in order.
        """
        self.fakes = [FakeServer(f"s{number}", self.clock) for number in range(servers)]
        settings: dict[str, Any] = {
            "heartbeat": 0,
            "choice": "in order",
            "random": Random(1),
            "reactor": self.clock,
        }
        return Client([fake.server for fake in self.fakes], **settings | options)

    def connected(self, **options: Any) -> tuple[Client[bytes], Peer]:
        """Return a client and its only server, connected and greeted."""
        client = self.make_client(**options)
        up = client.connect()
        peer = self.fakes[0].accept()
        self.successResultOf(up)
        return client, peer

    def submitted(self, client: Client[bytes], peer: Peer, handle: bytes, **options: Any) -> Any:
        """Return a task of ``client`` that ``peer`` has accepted as ``handle``."""
        task = client.submit("f", b"workload", **options)
        peer.read()
        peer.create(handle)
        return task

    def failure_of(self, waiting: Deferred[Any], kind: type[E]) -> E:
        """Return the error of ``kind`` with which ``waiting`` has failed."""
        failure = SynchronousTestCase.failureResultOf(self, waiting, kind)
        error = failure.value
        assert isinstance(error, kind), "checked already"
        return error

    def assert_waits(self, waiting: Deferred[Any]) -> None:
        """Check that ``waiting`` has neither fired nor failed."""
        SynchronousTestCase.assertNoResult(self, waiting)

    def logged_errors(self, kind: type[Exception]) -> int:
        """Return how many errors of ``kind`` were logged, and flush them."""
        return len(SynchronousTestCase.flushLoggedErrors(self, kind))

    def advance(self, seconds: float, step: float = 0.5) -> None:
        """Move the clock in steps, so that timers set in one step fire in the next."""
        while seconds > 0:
            self.clock.advance(min(step, seconds))
            seconds -= step

    def warnings(self, function: Callable[[], object]) -> list[str]:
        """Return the texts of the warnings that the package logs while ``function`` runs."""
        events: list[LogEvent] = []
        observer = cast("ILogObserver", events.append)
        globalLogPublisher.addObserver(observer)
        try:
            function()
        finally:
            globalLogPublisher.removeObserver(observer)
        return [formatEvent(event) for event in events if event.get("log_level") == LogLevel.warn]

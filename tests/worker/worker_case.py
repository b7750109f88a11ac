"""Base class of the worker's tests: a worker, fake job servers, and a clock that a test moves."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gearman_tx.link import LinkLimits
from gearman_tx.wire import PacketType
from gearman_tx.worker import Worker, WorkerJob
from tests.client.fake_server import FakeServer, Packet, Peer

NO_HEARTBEAT = LinkLimits(heartbeat=0)


class HeldFunction:
    """A function that runs until a test ends it.

    Attributes:
        jobs: the jobs it was given, in order.
        ends: for each of them, the Deferred that it returned.
    """

    def __init__(self) -> None:
        self.jobs: list[WorkerJob] = []
        self.ends: list[Deferred[Any]] = []

    def __call__(self, job: WorkerJob) -> Deferred[Any]:
        """Begin a job."""
        self.jobs.append(job)
        self.ends.append(Deferred())
        return self.ends[-1]


class WorkerCase(SynchronousTestCase):
    """A test of a worker with fake servers; only the test moves the clock."""

    def setUp(self) -> None:
        """Set the clock to a moment after 1970."""
        self.clock = Clock()
        self.clock.advance(1_000_000.0)
        self.fakes: list[FakeServer] = []

    def make_worker(self, servers: int = 1, **options: Any) -> Worker:
        """Return a worker of as many fake servers, called ``s0``, ``s1`` ...; it is not started.

        It has no client id, and its heart does not beat, unless the test asks for it.
        """
        self.fakes = [FakeServer(f"s{number}", self.clock) for number in range(servers)]
        settings: dict[str, Any] = {
            "client_id": "",
            "link_limits": NO_HEARTBEAT,
            "reactor": self.clock,
        }
        return Worker([fake.server for fake in self.fakes], **settings | options)

    def held(self, **options: Any) -> tuple[Worker, HeldFunction, Peer]:
        """Return a started worker whose function ``f`` is held, and its only server, connected.

        The greeting was read, and the question for a job is under way.
        """
        worker = self.make_worker(**options)
        held = HeldFunction()
        worker.register("f", held)
        worker.start()
        peer = self.fakes[0].take()
        peer.read()
        return worker, held, peer

    def assign(self, peer: Peer, handle: bytes, function: bytes = b"f", work: bytes = b"w") -> None:
        """Answer a grab request with a job."""
        peer.send(PacketType.JOB_ASSIGN_UNIQ, handle, function, b"u", work)

    def packets_of(self, call: Any, work: bytes = b"w", **options: Any) -> list[Packet]:
        """Return the packets that a worker sends about one job of ``call``, run in the reactor."""
        worker = self.make_worker(**options)
        worker.register("f", call, place="reactor")
        worker.start()
        peer = self.fakes[0].take()
        peer.read()
        self.assign(peer, b"H:1", work=work)
        *packets, question = peer.read()
        assert question[0] is PacketType.GRAB_JOB_ALL
        return packets

    def assert_waits(self, waiting: Deferred[Any]) -> None:
        """Check that ``waiting`` has neither fired nor failed."""
        SynchronousTestCase.assertNoResult(self, waiting)

    def cancel(self, waiting: Deferred[Any]) -> None:
        """Cancel ``waiting`` and check that it fails."""
        waiting.cancel()
        SynchronousTestCase.failureResultOf(self, waiting, CancelledError)

    def logged_errors(self, kind: type[Exception]) -> int:
        """Return how many errors of ``kind`` were logged, and flush them."""
        return len(SynchronousTestCase.flushLoggedErrors(self, kind))

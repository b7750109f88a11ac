"""The threads of a worker, with a fake reactor."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, cast

import pytest
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from gearman_tx.link import Turn
from gearman_tx.worker import WorkerJob
from gearman_tx.worker.threads import Threads

SECONDS = 10.0


def job(workload: bytes = b"") -> WorkerJob:
    """Return a job without a server."""
    return WorkerJob(b"f", workload, b"H:1", send=lambda *_: Deferred())


class FakeReactor:
    """Keeps what threads call until a test makes the calls."""

    def __init__(self) -> None:
        self.calls: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def callFromThread(self, function: Callable[[], None]) -> None:  # noqa: N802  # Twisted's name
        """Twisted: call ``function`` in the reactor."""
        self.calls.put(function)

    def turn(self) -> None:
        """Make the next call; wait for it."""
        self.calls.get(timeout=SECONDS)()


class ThreadsTests(SynchronousTestCase):
    """``Threads`` as a worker uses them."""

    def setUp(self) -> None:
        """Make a reactor and two threads, none of which is started."""
        self.reactor = FakeReactor()
        self.threads = Threads(cast("IReactorFromThreads", self.reactor), 2, Turn(Clock()))
        self.addCleanup(self.threads.close)

    def result_of(self, running: Deferred[Any]) -> Any:
        """Wait for the result of ``running``."""
        while not running.called:
            self.reactor.turn()
        return self.successResultOf(running)

    def failure_of(self, running: Deferred[Any], kind: type[BaseException]) -> None:
        """Check that ``running`` has failed with an error of ``kind``."""
        SynchronousTestCase.failureResultOf(self, running, kind)

    def test_results_come_back(self) -> None:
        """A thread takes one job after the other, and is the same for both."""
        first = self.result_of(self.threads.run(lambda _: threading.get_ident(), job()))
        second = self.result_of(self.threads.run(lambda _: threading.get_ident(), job()))
        assert first == second != threading.get_ident()

    def test_two_jobs_have_two_threads(self) -> None:
        """Each waits for the other, so neither could end alone."""
        meeting = threading.Barrier(2, timeout=SECONDS)
        both = [self.threads.run(lambda _: meeting.wait(), job()) for _ in range(2)]
        assert sorted(self.result_of(one) for one in both) == [0, 1]

    def test_one_call_of_the_reactor_brings_all(self) -> None:
        """One call delivers all outcomes that came while the reactor was busy."""
        threads = Threads(cast("IReactorFromThreads", self.reactor), 1, Turn(Clock()))
        found: list[threading.Thread] = []
        note = lambda _: found.append(threading.current_thread())  # noqa: E731  # one line says it
        running = [threads.run(note, job()) for _ in range(9)]
        threads.close()
        call = self.reactor.calls.get(timeout=SECONDS)
        found[0].join(SECONDS)
        assert self.reactor.calls.empty()
        call()
        for one in running:
            self.successResultOf(one)

    def test_whatever_is_raised_fails_the_job_alone(self) -> None:
        """``sys.exit`` ends neither the thread nor the program."""

        def leave(_job: WorkerJob) -> None:
            raise SystemExit(3)

        for _ in range(3):
            running = self.threads.run(leave, job())
            while not running.called:
                self.reactor.turn()
            self.failure_of(running, SystemExit)
        assert self.result_of(self.threads.run(lambda one: one.workload, job(b"x"))) == b"x"

    def test_a_cancelled_job_is_told_nothing(self) -> None:
        """Its thread goes on, and takes the next job when it has ended."""
        gate = threading.Event()
        running = self.threads.run(lambda _: gate.wait(SECONDS), job())
        running.cancel()
        self.failure_of(running, CancelledError)
        gate.set()
        self.reactor.turn()
        assert self.result_of(self.threads.run(lambda one: one.workload, job(b"x"))) == b"x"

    def test_closing_lets_threads_end(self) -> None:
        """The present job is finished; the thread is gone then."""
        found: list[threading.Thread] = []
        self.result_of(self.threads.run(lambda _: found.append(threading.current_thread()), job()))
        assert found[0].daemon
        self.threads.close()
        found[0].join(SECONDS)
        assert not found[0].is_alive()


def test_a_worker_has_no_threads_before_it_needs_them() -> None:
    """Making the object starts nothing."""
    before = threading.active_count()
    Threads(cast("IReactorFromThreads", FakeReactor()), 50, Turn(Clock()))
    assert threading.active_count() == before


@pytest.mark.parametrize("kind", ["Deferred", "coroutine"])
def test_what_belongs_in_the_reactor_is_refused(kind: str) -> None:
    """A function that returns a Deferred or a coroutine fails; the error says what to do."""

    async def asynchronous() -> None:
        """Do nothing."""

    reactor = FakeReactor()
    threads = Threads(cast("IReactorFromThreads", reactor), 1, Turn(Clock()))
    running = threads.run(lambda _: Deferred() if kind == "Deferred" else asynchronous(), job())
    told: list[str] = []
    running.addErrback(lambda failure: told.append(failure.getErrorMessage()))
    reactor.turn()
    threads.close()
    assert told == [f"the function returned a {kind} in a thread: register it with place='reactor'"]

"""Run functions where they belong, and give their outcome back in the reactor."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import ensureDeferred
from twisted.internet.interfaces import IReactorFromThreads

from gearman_tx.link import Turn
from gearman_tx.worker.functions import REACTOR, THREAD, WorkerFunction
from gearman_tx.worker.job import WorkerJob
from gearman_tx.worker.processes import Processes
from gearman_tx.worker.threads import Threads


class FunctionRunner(Protocol):
    """What runs the functions of a worker."""

    def run(self, function: WorkerFunction, job: WorkerJob) -> Any:
        """Run ``function`` on ``job``; see :meth:`Runner.run`."""

    def close(self) -> None:
        """End when the present work is done; wait for nothing."""

    def kill(self) -> None:
        """End what can be ended."""


class Runner:
    """The threads and processes of a worker.

    Args:
        reactor: for threads to come back to.
        threads: how many threads to keep at most for plain functions.
        turn: the turn that the outcomes of threads belong to.
    """

    def __init__(self, reactor: IReactorFromThreads, threads: int, turn: Turn) -> None:
        self._threads = Threads(reactor, threads, turn)
        self._processes = Processes(reactor)

    def run(self, function: WorkerFunction, job: WorkerJob) -> Any:
        """Run ``function`` on ``job``.

        Returns:
            What the function returns, if it has ended; else a Deferred that fires with it, and
            fails with what it raises. Cancelling stops an ``async def`` function or a Deferred; a
            thread or process runs on, and its outcome is dropped.

        Raises:
            BaseException: what the function raises, if it has ended.
        """
        if function.place == REACTOR:
            return call_in_reactor(function.call, job)
        if function.place == THREAD:
            return self._threads.run(function.call, job)
        return self._processes.run(function.call, job.data)

    def close(self) -> None:
        """Let threads and processes end when their present work is done; wait for nothing."""
        self._processes.close()
        self._threads.close()

    def kill(self) -> None:
        """Kill the processes; threads cannot be killed, but do not outlive the program."""
        self._processes.kill()
        self.close()


def make_runner(reactor: Any, threads: int, turn: Turn) -> FunctionRunner:
    """Return what runs the functions of a worker: a :class:`Runner`, or what the reactor brings.

    A reactor brings its own by a method ``make_runner``, as that of :mod:`gearman_tx.testing` does,
    which has no threads.
    """
    make: Callable[[int], FunctionRunner] | None = getattr(reactor, "make_runner", None)
    return Runner(reactor, threads, turn) if make is None else make(threads)


def call_in_reactor(call: Any, job: WorkerJob) -> Any:
    """Call ``call(job)``; a coroutine that it returns is started and becomes a Deferred."""
    result = call(job)
    return ensureDeferred(result) if inspect.iscoroutine(result) else result

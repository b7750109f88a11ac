"""Run functions in threads, processes or the reactor; return their outcomes in the reactor."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred

from gearman_tx.link import Turn
from gearman_tx.worker.functions import REACTOR, THREAD, WorkerFunction
from gearman_tx.worker.job import WorkerJob
from gearman_tx.worker.processes import Processes
from gearman_tx.worker.threads import Threads


class FunctionRunner(Protocol):
    """Runs the functions of a worker."""

    def run(self, function: WorkerFunction, job: WorkerJob) -> Any:
        """Run ``function`` on ``job``; see :meth:`Runner.run`."""

    def close(self) -> None:
        """End after the present jobs; return at once."""

    def kill(self) -> None:
        """End everything that can be ended."""


class Runner:
    """The threads and processes of a worker.

    Args:
        reactor: outcomes are delivered in its thread.
        threads: most threads for plain functions.
        turn: the reactor turn that output is gathered in.
    """

    def __init__(self, reactor: Any, threads: int, turn: Turn) -> None:
        self._threads = Threads(reactor, threads, turn)
        self._processes = Processes(reactor)

    def run(self, function: WorkerFunction, job: WorkerJob) -> Any:
        """Run ``function`` on ``job``.

        Returns:
            The function's result, if it has ended; else a Deferred that fires with the result and
            fails with the function's exception, or with ProcessOverdue if the function was ended in
            its process because of its time limit. Cancelling stops an ``async def`` function or a
            Deferred; a thread or process runs on, and its outcome is dropped.

        Raises:
            BaseException: the function's exception, if it has ended.
        """
        if function.place == REACTOR:
            return call_in_reactor(function.call, job)
        if function.place == THREAD:
            return self._threads.run(function.call, job)
        return self._processes.run(function.call, job.data, function.timeout)

    def close(self) -> None:
        """Let threads and processes end after their present jobs; return at once."""
        self._processes.close()
        self._threads.close()

    def kill(self) -> None:
        """Kill the processes. Threads cannot be killed, but end with the program."""
        self._processes.kill()
        self.close()


def make_runner(reactor: Any, threads: int, turn: Turn) -> FunctionRunner:
    """Return the reactor's own runner if it has one, else a :class:`Runner`.

    A reactor has its own if it has a method ``make_runner``. That of :mod:`gearman_tx.testing` has
    it, because it has no threads.
    """
    make: Callable[[int], FunctionRunner] | None = getattr(reactor, "make_runner", None)
    return Runner(reactor, threads, turn) if make is None else make(threads)


def call_in_reactor(call: Any, job: WorkerJob) -> Any:
    """Return the result of ``call(job)``; a coroutine is started and becomes a Deferred."""
    result = call(job)
    return Deferred.fromCoroutine(result) if inspect.iscoroutine(result) else result

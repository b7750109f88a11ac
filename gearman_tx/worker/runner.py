"""Run functions where they belong, and give their outcome back in the reactor."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from twisted.internet.defer import Deferred, ensureDeferred, maybeDeferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

from gearman_tx.worker.functions import REACTOR, THREAD, WorkerFunction
from gearman_tx.worker.job import WorkerJob
from gearman_tx.worker.processes import Processes


class FunctionRunner(Protocol):
    """What runs the functions of a worker."""

    def start(self) -> None:
        """Be ready to run functions."""

    def run(self, function: WorkerFunction, job: WorkerJob) -> Deferred[Any]:
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
    """

    def __init__(self, reactor: IReactorFromThreads, threads: int) -> None:
        self._reactor = reactor
        self._threads = ThreadPool(0, threads, "gearman-worker")
        # A function that never ends must not keep the program from ending.
        self._threads.threadFactory = partial(threading.Thread, daemon=True)  # type: ignore[assignment]  # called only
        self._processes = Processes(reactor)

    def start(self) -> None:
        """Be ready to run functions in threads."""
        self._threads.start()

    def run(self, function: WorkerFunction, job: WorkerJob) -> Deferred[Any]:
        """Run ``function`` on ``job``.

        Returns:
            Fires with what the function returns, fails with what it raises. Cancelling stops an
            ``async def`` function or a Deferred; a thread or process runs on, and its outcome is
            dropped.
        """
        if function.place == REACTOR:
            return maybeDeferred(call_in_reactor, function.call, job)
        if function.place == THREAD:
            return deferToThreadPool(
                self._reactor, self._threads, call_in_thread, function.call, job
            )
        return self._processes.run(function.call, job.data)

    def close(self) -> None:
        """Let threads and processes end when their present work is done; wait for nothing."""
        self._processes.close()
        if self._threads.started:
            # Stopping waits for the threads, and may do so for ever.
            stop = self._threads.stop
            threading.Thread(target=stop, name="gearman-worker-stop", daemon=True).start()

    def kill(self) -> None:
        """Kill the processes; threads cannot be killed, but do not outlive the program."""
        self._processes.kill()
        self.close()


def make_runner(reactor: Any, threads: int) -> FunctionRunner:
    """Return what runs the functions of a worker: a :class:`Runner`, or what the reactor brings.

    A reactor brings its own by a method ``make_runner``, as that of :mod:`gearman_tx.testing` does,
    which has no threads.
    """
    make: Callable[[int], FunctionRunner] | None = getattr(reactor, "make_runner", None)
    return Runner(reactor, threads) if make is None else make(threads)


def call_in_reactor(call: Any, job: WorkerJob) -> Any:
    """Call ``call(job)``; a coroutine that it returns is started and becomes a Deferred."""
    result = call(job)
    return ensureDeferred(result) if inspect.iscoroutine(result) else result


def call_in_thread(call: Any, job: WorkerJob) -> Any:
    """Call ``call(job)`` and return what it returns.

    Raises:
        TypeError: it returned a coroutine or a Deferred, for which a thread has no use.
    """
    result = call(job)
    if inspect.iscoroutine(result):
        result.close()
    elif not isinstance(result, Deferred):
        return result
    kind = type(result).__name__
    raise TypeError(f"the function returned a {kind} in a thread: register it with place='reactor'")

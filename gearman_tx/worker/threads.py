"""Threads for plain functions, which may block: as many threads as jobs run at a time.

Theory of operation. A thread is started when none is idle, and waits for a queue between its jobs.
It appends the outcome of a job to a list and calls the reactor, unless a call is pending already:
one call delivers all outcomes that are there by then. Twisted's own thread pool makes one call per
job and keeps more records, which is a good part of the cost of a short job.

Threads are daemons: a function that never ends must not keep the program from ending.
"""

from __future__ import annotations

import inspect
import threading
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeAlias

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure

from gearman_tx.link import Turn
from gearman_tx.worker.job import WorkerJob

_Work: TypeAlias = tuple[Callable[[Any], Any], WorkerJob, Deferred[Any]]


class Threads:
    """The threads of one worker.

    Args:
        reactor: outcomes are delivered in its thread.
        most: how many threads there may be.
        turn: the reactor turn that output is gathered in, so that results are sent together.
    """

    def __init__(self, reactor: IReactorFromThreads, most: int, turn: Turn) -> None:
        self._reactor = reactor
        self._turn = turn
        self._most = most
        self._started = 0
        self._busy = 0
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._ended: deque[tuple[Deferred[Any], Any]] = deque()
        self._is_called = False  # a call of the reactor is pending

    def run(self, call: Callable[[Any], Any], job: WorkerJob) -> Deferred[Any]:
        """Run ``call(job)`` in a thread.

        Returns:
            Fires with the result; fails with the function's exception. Cancelling it drops the
            outcome; the thread runs on.
        """
        done: Deferred[Any] = Deferred()
        self._busy += 1
        if self._busy > self._started and self._started < self._most:
            self._started += 1
            name = f"gearman-worker-{self._started}"
            threading.Thread(target=self._work, name=name, daemon=True).start()
        self._queue.put((call, job, done))
        return done

    def close(self) -> None:
        """Let the threads end after their present jobs; return at once."""
        for _ in range(self._started):
            self._queue.put(None)
        self._started = self._most = 0

    def _work(self) -> None:
        """In a thread: run jobs until the threads are closed."""
        while (work := self._queue.get()) is not None:
            call, job, done = work
            outcome: Any
            try:
                outcome = call_in_thread(call, job)
            except BaseException:  # noqa: BLE001  # sys.exit() in a function ends only its job
                outcome = Failure()
            self._ended.append((done, outcome))
            if not self._is_called:
                self._is_called = True
                self._reactor.callFromThread(self._deliver)

    def _deliver(self) -> None:
        """In the reactor: fire the Deferreds of the jobs that have ended."""
        self._is_called = False  # first, so that an outcome appended from now on calls again
        self._turn.begin()
        while self._ended:
            done, outcome = self._ended.popleft()
            self._busy -= 1
            if not done.called:  # it is called already if it was cancelled
                done.callback(outcome)
        self._turn.end()


def call_in_thread(call: Any, job: WorkerJob) -> Any:
    """Return the result of ``call(job)``.

    Raises:
        TypeError: the result is a coroutine or a Deferred, which need the reactor.
    """
    result = call(job)
    if inspect.iscoroutine(result):
        result.close()
    elif not isinstance(result, Deferred):
        return result
    kind = type(result).__name__
    raise TypeError(f"the function returned a {kind} in a thread: register it with place='reactor'")

"""Threads for plain functions, which may block: as many as jobs run at a time.

Theory of operation. A thread is started when none is idle, and waits at a queue between its jobs.
It leaves what became of a job in a row and calls the reactor, unless that was called already and
has not looked: one call brings home whatever was done meanwhile. Twisted's own pool makes one for
each job and keeps more books, which is a good part of the cost of a short one.

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
        reactor: where outcomes come back to.
        most: how many threads there may be.
        turn: the turn that outcomes belong to, so that they are sent together.
    """

    def __init__(self, reactor: IReactorFromThreads, most: int, turn: Turn) -> None:
        self._reactor = reactor
        self._turn = turn
        self._most = most
        self._started = 0
        self._busy = 0
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._ended: deque[tuple[Deferred[Any], Any]] = deque()
        self._is_called = False  # the reactor was, and has not looked

    def run(self, call: Callable[[Any], Any], job: WorkerJob) -> Deferred[Any]:
        """Run ``call(job)`` in a thread.

        Returns:
            Fires with what it returns; fails with what it raises. Cancelling it leaves the thread
            alone and drops the outcome.
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
        """Let the threads end when their present work is done; wait for nothing."""
        for _ in range(self._started):
            self._queue.put(None)
        self._started = self._most = 0

    def _work(self) -> None:
        """In a thread: run what comes until there is no more."""
        while (work := self._queue.get()) is not None:
            call, job, done = work
            outcome: Any
            try:
                outcome = call_in_thread(call, job)
            except BaseException:  # noqa: BLE001  # sys.exit() in a function ends its job alone
                outcome = Failure()
            self._ended.append((done, outcome))
            if not self._is_called:
                self._is_called = True
                self._reactor.callFromThread(self._look)

    def _look(self) -> None:
        """In the reactor: tell those who wait."""
        self._is_called = False  # first, so that nothing comes in between unnoticed
        self._turn.begin()
        while self._ended:
            done, outcome = self._ended.popleft()
            self._busy -= 1
            if not done.called:  # else it was cancelled
                done.callback(outcome)
        self._turn.end()


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

"""Processes for functions that compute: one process for each running job, used again afterwards.

Theory of operation. Each process has an executor of its own, because an executor of many processes
fails every job when one process dies. A process is started when no idle one is left, so there are
as many as jobs ran at a time; the worker's slots limit that. A process starts clean (``spawn``): it
inherits no connection to a job server, which would stay open after the worker's death. It ignores
SIGINT and SIGTERM, so that its job is finished when a signal stops the whole process group; and it
ends when the worker has ended.

A function that exceeds its time limit is interrupted: SIGXCPU raises SystemExit in it, so that it
can clean up, and SIGKILL follows if that does not end it. The job is over when the function, or the
process, has ended. The process is not used again. The limit begins when the process has started and
has imported the function. Otherwise a function whose import takes longer would never run.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall

START_SECONDS: Final = 60.0
"""Seconds that a process may take to start and to import a function that has a time limit."""

LEAST_SECONDS: Final = 1.0
"""The least time limit that a job server has."""

KILL_SECONDS: Final = 2.0
"""Seconds that an interrupted function has to clean up before its process is killed."""

_INTERRUPT: Final = getattr(signal, "SIGXCPU", None)  # Windows does not have it


class ProcessOverdue(Exception):
    """A function in a process exceeded its time limit, and was ended.

    Args:
        seconds: the limit.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Processes:
    """The processes of one worker.

    Args:
        reactor: results are delivered in its thread, and it tells the time.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._idle: list[_ProcessExecutor] = []
        self._busy: dict[_ProcessExecutor, None] = {}
        self._is_closed = False

    def run(self, call: Callable[[Any], Any], data: object, timeout: float = 0.0) -> Deferred[Any]:
        """Run ``call(data)`` in a process that runs no other job.

        Args:
            call: the function; it must be importable by its name.
            data: its argument.
            timeout: seconds after which the function is ended; 0 for no limit, and less than 1
                counts as 1, as at the job server.

        Returns:
            Fires with the result. Fails with the function's exception, with BrokenProcessPool when
            the process dies, and with ProcessOverdue when the function has exceeded its time limit
            and has ended. Cancelling it drops the outcome; the process runs on.
        """
        process = self._idle.pop() if self._idle else _ProcessExecutor()
        try:
            future = self._submit(process, call, data, timeout)
        except BrokenProcessPool:  # it died while it was idle
            process.end()
            process = _ProcessExecutor()
            future = self._submit(process, call, data, timeout)
        self._busy[process] = None
        done: Deferred[Any] = Deferred()
        future.add_done_callback(
            lambda future: self._reactor.callFromThread(self._finish, process, future, done)
        )
        return done

    def _submit(
        self, process: _ProcessExecutor, call: Callable[[Any], Any], data: object, timeout: float
    ) -> Future[Any]:
        if not timeout:
            return process.executor.submit(call, data)
        timeout = max(timeout, LEAST_SECONDS)
        imported = process.executor.submit(_import, call)
        future = process.executor.submit(call, data)
        limit: IDelayedCall = self._reactor.callLater(
            START_SECONDS, self._interrupt, process, timeout
        )
        process.limit = limit

        def begin() -> None:
            if process.limit is limit and limit.active():
                limit.reset(timeout)

        imported.add_done_callback(lambda _: self._reactor.callFromThread(begin))
        return future

    def _interrupt(self, process: _ProcessExecutor, timeout: float) -> None:
        process.overdue = ProcessOverdue(timeout)
        if _INTERRUPT is None:
            process.kill()
        else:
            process.send_signal(_INTERRUPT)
            process.limit = self._reactor.callLater(KILL_SECONDS, process.kill)

    def _finish(self, process: _ProcessExecutor, future: Future[Any], done: Deferred[Any]) -> None:
        self._busy.pop(process, None)
        if process.limit is not None and process.limit.active():
            process.limit.cancel()
        error = future.exception()
        if process.overdue is not None:
            error = process.overdue
        if self._is_closed or isinstance(error, BrokenProcessPool | ProcessOverdue):
            process.end()
        else:
            self._idle.append(process)
        if done.called:
            return
        if error is not None:
            done.errback(error)
        else:
            done.callback(future.result())

    def close(self) -> None:
        """Let processes end after their present jobs; return at once."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().executor.shutdown(wait=False)

    def kill(self) -> None:
        """End all processes at once; their jobs fail with BrokenProcessPool."""
        self.close()
        for process in list(self._busy):
            process.end()


class _Context(SpawnContext):
    """A multiprocessing context that lists its processes, which an executor hides."""

    def __init__(self) -> None:
        self.processes: list[SpawnProcess] = []

    def Process(  # type: ignore[override]  # noqa: N802  # a method replaces a class
        self, *args: Any, **options: Any
    ) -> SpawnProcess:
        """Return a process that is not started yet."""
        process = SpawnProcess(*args, **options)
        self.processes.append(process)
        return process


class _ProcessExecutor:
    """One process and its executor.

    Attributes:
        executor: runs one function at a time in the process.
        limit: the call that ends the present function, if that has a time limit.
        overdue: the error of the present function, if that has exceeded its limit.
    """

    def __init__(self) -> None:
        self._context = _Context()
        self.executor = ProcessPoolExecutor(1, self._context, prepare_process)
        self.limit: IDelayedCall | None = None
        self.overdue: ProcessOverdue | None = None

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, if it runs."""
        for process in self._context.processes:
            if process.is_alive() and process.pid is not None:
                with suppress(ProcessLookupError):  # it has just ended
                    os.kill(process.pid, number)

    def kill(self) -> None:
        """Kill the process, which ignores SIGTERM."""
        for process in self._context.processes:
            process.kill()

    def end(self) -> None:
        """Kill the process, so that the executor's thread ends."""
        self.kill()
        self.executor.shutdown(wait=False)


def _import(_call: Callable[[Any], Any]) -> None:
    """In the process: do nothing; to be called, a function must be imported."""


def prepare_process() -> None:
    """In the process: set the signal handlers, and end when the worker has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if _INTERRUPT is not None:
        signal.signal(_INTERRUPT, lambda *_: sys.exit("the time limit of the job has passed"))
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None, "prepare_process runs in a process that multiprocessing started"
    parent.join()
    os._exit(1)

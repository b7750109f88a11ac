"""Processes for functions that compute: one process for each running job, used again afterwards.

Theory of operation. Each process has an executor of its own, because an executor of many processes
fails every job when one process dies. A process is started when no idle one is left, so there are
as many as jobs ran at a time; the worker's slots limit that. A process starts clean (``spawn``): it
inherits no connection to a job server, which would stay open after the worker's death. It ignores
SIGINT and SIGTERM, so that its job is finished when a signal stops the whole process group; and it
ends when the worker has ended.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import parent_process
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads


class Processes:
    """The processes of one worker.

    Args:
        reactor: results are delivered in its thread.
    """

    def __init__(self, reactor: IReactorFromThreads) -> None:
        self._reactor = reactor
        self._idle: list[_ProcessExecutor] = []
        self._busy: dict[_ProcessExecutor, None] = {}
        self._is_closed = False

    def run(self, call: Callable[[Any], Any], data: object) -> Deferred[Any]:
        """Run ``call(data)`` in a process that runs no other job.

        Returns:
            Fires with the result. Fails with the function's exception, and with BrokenProcessPool
            when the process dies. Cancelling it drops the outcome; the process runs on.
        """
        process = self._idle.pop() if self._idle else _ProcessExecutor()
        try:
            future = process.executor.submit(call, data)
        except BrokenProcessPool:  # it died while it was idle
            process.end()
            process = _ProcessExecutor()
            future = process.executor.submit(call, data)
        self._busy[process] = None
        done: Deferred[Any] = Deferred()
        future.add_done_callback(
            lambda future: self._reactor.callFromThread(self._finish, process, future, done)
        )
        return done

    def _finish(self, process: _ProcessExecutor, future: Future[Any], done: Deferred[Any]) -> None:
        self._busy.pop(process, None)
        error = future.exception()
        if self._is_closed or isinstance(error, BrokenProcessPool):
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
    """One process and its executor."""

    def __init__(self) -> None:
        self._context = _Context()
        self.executor = ProcessPoolExecutor(1, self._context, prepare_process)

    def end(self) -> None:
        """Kill the process, which ignores SIGTERM, so that the executor's thread ends."""
        for process in self._context.processes:
            process.kill()
        self.executor.shutdown(wait=False)


def prepare_process() -> None:
    """In the process: ignore signals, and end when the worker has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None, "prepare_process runs in a process that multiprocessing started"
    parent.join()
    os._exit(1)

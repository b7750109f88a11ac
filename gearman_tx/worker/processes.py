"""Processes for functions that compute: one job has one process, which the next job uses again.

Theory of operation. Each seat is an executor with a single process, because an executor of many
fails every job when one process dies. Seats are made when no idle one is left, so there are as
many as jobs ran at a time; the worker's slots bound that. The process of a seat starts clean
(``spawn``): it inherits no connection to a job server, which would keep that open after the
worker's death. It leaves SIGINT and SIGTERM to the worker, so that a job in a process is finished
when the whole process group is told to stop; and it ends when the worker is gone.
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
        reactor: where results come back to.
    """

    def __init__(self, reactor: IReactorFromThreads) -> None:
        self._reactor = reactor
        self._idle: list[_Seat] = []
        self._busy: dict[_Seat, None] = {}
        self._is_closed = False

    def run(self, call: Callable[[Any], Any], data: object) -> Deferred[Any]:
        """Run ``call(data)`` in a process that does nothing else meanwhile.

        Returns:
            Fires with what it returns; fails with what it raises, and with BrokenProcessPool when
            its process dies. Cancelling it leaves the process alone and drops the outcome.
        """
        seat = self._idle.pop() if self._idle else _Seat()
        try:
            future = seat.executor.submit(call, data)
        except BrokenProcessPool:  # it died while it was idle
            seat.end()
            seat = _Seat()
            future = seat.executor.submit(call, data)
        self._busy[seat] = None
        done: Deferred[Any] = Deferred()
        future.add_done_callback(
            lambda future: self._reactor.callFromThread(self._finish, seat, future, done)
        )
        return done

    def _finish(self, seat: _Seat, future: Future[Any], done: Deferred[Any]) -> None:
        self._busy.pop(seat, None)
        error = future.exception()
        if self._is_closed or isinstance(error, BrokenProcessPool):
            seat.end()
        else:
            self._idle.append(seat)
        if done.called:
            return
        if error is not None:
            done.errback(error)
        else:
            done.callback(future.result())

    def close(self) -> None:
        """Let processes end when their present work is done; wait for nothing."""
        self._is_closed = True
        while self._idle:
            self._idle.pop().executor.shutdown(wait=False)

    def kill(self) -> None:
        """End all processes at once; what runs in them fails with BrokenProcessPool."""
        self.close()
        for seat in list(self._busy):
            seat.end()


class _Context(SpawnContext):
    """A context that remembers its processes, which an executor hides."""

    def __init__(self) -> None:
        self.processes: list[SpawnProcess] = []

    def Process(  # type: ignore[override]  # noqa: N802  # a method where there was a class
        self, *args: Any, **options: Any
    ) -> SpawnProcess:
        """Return a process that does not run yet."""
        process = SpawnProcess(*args, **options)
        self.processes.append(process)
        return process


class _Seat:
    """One process, and the executor that feeds it."""

    def __init__(self) -> None:
        self._context = _Context()
        self.executor = ProcessPoolExecutor(1, self._context, prepare_process)

    def end(self) -> None:
        """Kill the process, which would not hear SIGTERM, so that the executor's thread ends."""
        for process in self._context.processes:
            process.kill()
        self.executor.shutdown(wait=False)


def prepare_process() -> None:
    """In the process: leave signals to the worker, and end when the worker is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    assert parent is not None, "prepare_process runs in a process that multiprocessing started"
    parent.join()
    os._exit(1)

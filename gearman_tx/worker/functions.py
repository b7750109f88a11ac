"""The functions of a worker, and the ways to run them: in a thread, a process, or the reactor."""

from __future__ import annotations

import inspect
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen, validators
from twisted.internet.defer import Deferred, ensureDeferred, maybeDeferred
from twisted.internet.threads import deferToThreadPool

from gearman_tx.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from twisted.internet.interfaces import IReactorFromThreads
    from twisted.python.threadpool import ThreadPool

    from gearman_tx.worker.job import WorkerJob

REACTOR: Final = "reactor"
THREAD: Final = "thread"
PROCESS: Final = "process"
PLACES: Final = (REACTOR, THREAD, PROCESS)


@frozen
class WorkerFunction:
    """One registered function.

    Attributes:
        name: what clients call it, namespace included.
        call: what runs, given a :class:`WorkerJob`; given ``job.data`` alone in a process.
        timeout: seconds after which the job server gives the job to another worker; 0 for never.
        place: ``reactor`` for an ``async def`` function or one that returns a Deferred, ``thread``
            for a plain function that may block, ``process`` for one that computes.
    """

    name: bytes
    call: Callable[[Any], Any]
    timeout: float = field(default=0.0, validator=validators.ge(0))
    place: str = field(default=THREAD, validator=validators.in_(PLACES))


def place_of(call: Callable[[Any], Any], place: str | None) -> str:
    """Return where ``call`` is to run: as asked, or in the reactor if it is ``async def``.

    Raises:
        ConfigurationError: ``place`` is unknown, or an ``async def`` function is to run elsewhere.
    """
    is_async = inspect.iscoroutinefunction(call)
    if place is None:
        return REACTOR if is_async else THREAD
    if place not in PLACES:
        raise ConfigurationError(f"the place {place!r} is none of {', '.join(PLACES)}")
    if is_async and place != REACTOR:
        raise ConfigurationError(f"an async def function runs in the reactor, not in a {place}")
    return place


class Runner:
    """Run functions where they belong.

    Args:
        reactor: for threads to come back to.
        threads: where plain functions run.
        processes: how many processes to keep for functions that compute.
    """

    def __init__(self, reactor: IReactorFromThreads, threads: ThreadPool, processes: int) -> None:
        self._reactor = reactor
        self._threads = threads
        self._processes = processes
        self._pool: ProcessPoolExecutor | None = None

    def run(self, function: WorkerFunction, job: WorkerJob) -> Deferred[Any]:
        """Run ``function`` on ``job``.

        Returns:
            Fires with what the function returns, fails with what it raises. Cancelling stops an
            ``async def`` function or a Deferred; a thread or process runs on, and its outcome is
            dropped.
        """
        if function.place == REACTOR:
            return maybeDeferred(_call, function.call, job)
        if function.place == THREAD:
            return deferToThreadPool(self._reactor, self._threads, function.call, job)
        return self._in_process(function, job)

    def _in_process(self, function: WorkerFunction, job: WorkerJob) -> Deferred[Any]:
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self._processes)
        done: Deferred[Any] = Deferred()
        future = self._pool.submit(function.call, job.data)

        def finish(future: Future[Any]) -> None:
            error = future.exception()
            if done.called:
                return
            if error is not None:
                done.errback(error)
            else:
                done.callback(future.result())

        future.add_done_callback(
            lambda future: self._reactor.callFromThread(finish, future)  # it runs in a thread
        )
        return done

    def close(self) -> None:
        """Wait for nothing: processes end when their present work is done."""
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
            self._pool = None


def _call(call: Callable[[WorkerJob], Any], job: WorkerJob) -> Any:
    result = call(job)
    return ensureDeferred(result) if inspect.iscoroutine(result) else result

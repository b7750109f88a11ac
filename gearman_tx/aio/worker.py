"""The worker for asyncio programs: ``async def`` functions run in the program's event loop.

Theory of operation. The worker of ``gearman_tx`` runs in the reactor's thread. A function for the
event loop is registered there as one that returns a Deferred: for each job it starts a task of
asyncio in the loop, and the end of that task fires the Deferred. Plain functions run in threads or
processes and know nothing of the loop.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from contextvars import Context, copy_context
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from twisted.internet.defer import Deferred

from gearman_tx import worker
from gearman_tx.aio.bridge import in_reactor
from gearman_tx.aio.idle_reactor import IdleReactor
from gearman_tx.aio.job import Job
from gearman_tx.errors import ConfigurationError
from gearman_tx.link import Server, parse_servers
from gearman_tx.reactor_thread import THREAD, PerProcess
from gearman_tx.worker.functions import PLACES, REACTOR, place_of

F = TypeVar("F", bound=Callable[[Any], Any])

LOOP: Final = "loop"
"""The place of a function that runs in the event loop."""

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


class Worker:
    """Runs functions for job servers, in an asyncio program.

    ``async with worker:`` runs it beside the rest of the program, and at the end takes no more jobs
    and finishes the running ones. ``asyncio.run(worker.run())`` is a whole program.

    Args:
        servers: the job servers: ``"host:port"``, ``"host"`` or Twisted client endpoint strings.
            Some may be down: the worker connects to each on its own, and tries again.
        concurrency: how many jobs to run at a time, over all servers.
        options: the other options of :class:`gearman_tx.Worker`: ``client_id``, ``namespace``,
            ``encoder``, ``exceptions``, ``limits`` and ``link_limits``.

    Raises:
        ConfigurationError: a server is not valid, ``concurrency`` is below 1, or a name contains
            NUL.
    """

    def __init__(
        self, servers: str | Iterable[str | Server], *, concurrency: int = 1, **options: Any
    ) -> None:
        known = parse_servers(servers)
        # It has the functions and options; each process runs a copy of it.
        idle = IdleReactor()
        self._template = worker.Worker(known, concurrency=concurrency, reactor=idle, **options)
        self._workers = PerProcess(
            lambda: THREAD.call(lambda: self._template.copy(known, reactor=THREAD.start()))
        )
        self._loop: asyncio.AbstractEventLoop | None = None
        self._context = Context()

    # ------------------------------------------------------------------------------- functions

    def function(
        self, name: str | bytes, *, timeout: float = 0.0, place: str | None = None
    ) -> Callable[[F], F]:
        """Return a decorator that registers a function; see :meth:`register`.

        The decorated function itself is not changed.
        """

        def decorate(call: F) -> F:
            self.register(name, call, timeout=timeout, place=place)
            return call

        return decorate

    def register(
        self,
        name: str | bytes,
        call: Callable[[Any], Any],
        *,
        timeout: float = 0.0,
        place: str | None = None,
    ) -> None:
        """Offer a function to all job servers; it replaces one of the same name.

        Args:
            name: the name of the function, without the namespace.
            call: takes a job and returns the result; an exception is sent as WORK_EXCEPTION. In a
                process it takes ``job.data`` instead of the job.
            timeout: seconds after which the job server gives the job to another worker; 0 is never.
            place: where it runs: ``"loop"``, the event loop, for ``async def`` functions and for
                others that never block; ``"thread"``, the default for plain functions;
                ``"process"``, for functions that compute, which must be importable by name.

        Raises:
            ConfigurationError: the name is empty or contains NUL, or the place is unknown or does
                not fit the function.
            RuntimeError: the worker has started already.
            ValueError: the timeout is negative.
        """
        if self._workers.peek() is not None:
            raise RuntimeError("functions are registered before the worker starts")
        if place == REACTOR or place not in {None, LOOP, *PLACES}:
            known = ", ".join([LOOP, *(one for one in PLACES if one != REACTOR)])
            raise ConfigurationError(f"the place {place!r} is none of {known}")
        if place == LOOP or place_of(call, None) == REACTOR:
            if place not in {None, LOOP}:
                raise ConfigurationError(
                    f"an async def function runs in the loop, not in a {place}"
                )
            call, place = self._in_loop(call), REACTOR
        self._template.register(name, call, timeout=timeout, place=place)

    def _in_loop(self, call: Callable[[Job], Any]) -> Callable[[worker.WorkerJob], Any]:
        """Return a function for the reactor that runs ``call`` in the event loop."""

        def run(job: worker.WorkerJob) -> Deferred[Any]:
            assert self._loop is not None, "set when the worker started"
            running = _Running(call, Job(job), self._loop, self._context)
            if not running.begin():
                self._workers().give_back("the event loop is closed")
            return running.done

        return run

    # ---------------------------------------------------------------------------- start and stop

    def start(self) -> None:
        """Connect to the job servers and run their jobs, in the event loop that runs now.

        Functions see the context variables of the caller. :meth:`when_connected` waits for a
        server.

        Raises:
            ReactorUnavailable: Twisted's reactor cannot be started, or has ended.
            RuntimeError: no event loop runs, or the worker was started or stopped before.
        """
        if self._workers.peek() is not None:
            raise RuntimeError("the worker was started or stopped before; make a new one")
        self._loop = asyncio.get_running_loop()
        self._context = copy_context()
        THREAD.begin(self._workers().start)

    async def stop(self, reason: str = "it was asked to stop") -> str:
        """Take no more jobs, finish the running ones, then disconnect.

        Cancelling it gives the unfinished jobs back, as :meth:`give_back` does.

        Args:
            reason: for the log and :meth:`when_ended`.

        Returns:
            The reason why the worker ended, when it has.
        """
        try:
            ended: str = await in_reactor(self._workers().stop, reason)
        except asyncio.CancelledError:
            THREAD.post(self._workers().give_back)
            raise
        return ended

    async def give_back(self, reason: str = "it was asked to stop at once") -> str:
        """Disconnect at once; the job servers give the unfinished jobs to other workers.

        Functions in the event loop are cancelled and processes are killed. Threads run on and end
        with the program.

        Args:
            reason: why, unless the worker is stopping already for another reason.

        Returns:
            The reason why the worker ended, when it has.
        """
        ended: str = await in_reactor(self._workers().give_back, reason)
        return ended

    async def run(self) -> str:
        """Start, and return the reason when the worker has ended: a whole program.

        In the main thread, the first SIGTERM or SIGINT has it take no more jobs and finish the
        running ones, and the second one gives unfinished jobs back. So does cancelling it, once
        and again.

        Returns:
            The reason why the worker ended.

        Raises:
            RuntimeError: the worker was started before.
        """
        loop = asyncio.get_running_loop()
        handled = []
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                with suppress(NotImplementedError):  # loops of Windows do not know signals
                    loop.add_signal_handler(number, self._handle_signal, number)
                    handled.append(number)
        try:
            self.start()
            return await self.when_ended()
        except asyncio.CancelledError:
            await self.stop("it was cancelled")
            raise
        finally:
            for number in handled:
                loop.remove_signal_handler(number)

    def _handle_signal(self, number: signal.Signals) -> None:
        inner = self._workers()
        end = inner.give_back if inner.is_stopping else inner.stop
        THREAD.post(end, f"{number.name} came")

    async def __aenter__(self) -> Self:
        self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop("its block has ended")

    # ------------------------------------------------------------------------------------- state

    async def when_connected(self) -> None:
        """Wait until a job server is connected, or the worker is stopped before."""
        await in_reactor(self._workers().when_connected)

    async def when_ended(self) -> str:
        """Wait until the worker has ended; return the reason. Cancelling it stops the waiting."""
        reason: str = await in_reactor(self._workers().when_ended)
        return reason

    @property
    def running(self) -> int:
        """How many jobs are running."""
        inner = self._workers.peek()
        return 0 if inner is None else inner.running


class _Running:
    """One job that runs in the event loop; made in the reactor's thread."""

    def __init__(
        self,
        call: Callable[[Job], Any],
        job: Job,
        loop: asyncio.AbstractEventLoop,
        context: Context,
    ) -> None:
        self.done: Deferred[Any] = Deferred(self._cancel)
        self._call = call
        self._job = job
        self._loop = loop
        self._context = context
        self._task: asyncio.Task[Any] | None = None

    def begin(self) -> bool:
        """Start the function; return whether there is a loop for it."""
        return self._soon(self._start)

    def _soon(self, function: Callable[[], object]) -> bool:
        try:
            self._loop.call_soon_threadsafe(function)
        except RuntimeError:  # the loop is closed
            return False
        return True

    def _cancel(self, _done: Deferred[Any]) -> None:
        self._soon(self._cancel_task)

    # ------------------------------------------------------------------------------- in the loop

    def _start(self) -> None:
        self._task = self._loop.create_task(self._run(), context=self._context.copy())
        self._task.add_done_callback(self._has_ended)

    async def _run(self) -> Any:
        result = self._call(self._job)
        return await result if hasattr(result, "__await__") else result

    def _cancel_task(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _has_ended(self, task: asyncio.Task[Any]) -> None:
        if task.cancelled():
            error: BaseException | None = asyncio.CancelledError("the function was cancelled")
        else:
            error = task.exception()
        if error is not None:
            THREAD.post(self._fire, self.done.errback, error)
        else:
            THREAD.post(self._fire, self.done.callback, task.result())

    def _fire(self, fire: Callable[[Any], object], outcome: Any) -> None:
        """In the reactor's thread: end the job, unless it was cancelled."""
        if not self.done.called:
            fire(outcome)

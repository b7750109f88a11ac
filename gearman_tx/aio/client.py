"""The client for asyncio programs."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import AsyncIterable, Callable, Iterable
from contextvars import copy_context
from datetime import datetime
from functools import partial
from types import TracebackType
from typing import Any, Generic, Self

from typing_extensions import TypeVar

from gearman_tx import client
from gearman_tx.aio.batch import Batch
from gearman_tx.aio.bridge import in_loop, in_reactor
from gearman_tx.aio.idle_reactor import IdleReactor
from gearman_tx.aio.task import Task
from gearman_tx.client import JobStatus, MakeChoice
from gearman_tx.client.client import ACCEPT_TIMEOUT, CLOSE_WAIT, DEFAULT_UNANSWERED
from gearman_tx.client.ports import NO_CALLBACKS, Callbacks
from gearman_tx.client.preparation import Priority
from gearman_tx.client.submission import Submission
from gearman_tx.client.submit_packet import DEFAULT_MAX_UNIQUE
from gearman_tx.client.window import DEFAULT_WINDOW
from gearman_tx.encoders import BYTES, Encoder
from gearman_tx.link import DEFAULT_HEARTBEAT, Server, parse_servers
from gearman_tx.reactor_thread import THREAD, PerProcess
from gearman_tx.values.kinds import check_encoder, check_seconds
from gearman_tx.wire import DEFAULT_MAX_PACKET

T = TypeVar("T", default=bytes)


class Client(Generic[T]):
    """Submits tasks to job servers and waits for their results, in an asyncio program.

    It belongs to no event loop: a client that a module makes serves every loop and thread of the
    program, and each process that is forked from it. It connects to all its servers when it is
    first used, and reconnects to each server that it loses. ``async with`` closes it at the end.

    Args:
        servers: ``"host:port"``, ``"host"`` or Twisted endpoint strings such as
            ``"tls:host:port"``, in a list or with commas between them.
        choice: which server gets a task: by the ``"hash"`` of its unique, ``"in order"``,
            ``"round robin"``, ``"random"``, or a function that makes a :class:`Choice`.
        encoder: the type of workloads and results: ``BYTES``, ``TEXT``, ``JSON``, or any object
            with ``encode`` and ``decode``.
        namespace: the prefix of each function's name.
        accept_timeout: seconds, by default 30, that a task may wait for a server to be up; then it
            fails with NoServer. None for no limit.
        heartbeat: seconds of silence, by default 15, before a server is probed; a server that stays
            silent for two to three times as long is lost. 0 for no probes.
        max_packet: the largest packet body, and so the largest result, in bytes; by default
            128 MiB.
        max_unique: the longest unique, in bytes; by default 64.
        unanswered: how many submissions, by default 4096, one server may leave unanswered.

    Raises:
        ConfigurationError: a server is not valid, or the choice is not known.
    """

    def __init__(  # noqa: PLR0913  # each has a default that most programs keep
        self,
        servers: str | Iterable[str | Server],
        *,
        choice: str | MakeChoice = "hash",
        encoder: Encoder[T] = BYTES,  # type: ignore[assignment]  # T is bytes when left out
        namespace: str | bytes = b"",
        accept_timeout: float | None = ACCEPT_TIMEOUT,
        heartbeat: float = DEFAULT_HEARTBEAT,
        max_packet: int = DEFAULT_MAX_PACKET,
        max_unique: int = DEFAULT_MAX_UNIQUE,
        unanswered: int = DEFAULT_UNANSWERED,
    ) -> None:
        make = partial(
            client.Client,
            parse_servers(servers),
            choice=choice,
            namespace=namespace,
            accept_timeout=accept_timeout,
            heartbeat=heartbeat,
            max_packet=max_packet,
            max_unique=max_unique,
            unanswered=unanswered,
        )
        make(reactor=IdleReactor())  # raises what is wrong with the arguments, and starts nothing
        check_encoder(encoder)
        self._encode = encoder.encode
        self._decode = encoder.decode
        self._clients = clients = PerProcess(
            lambda: THREAD.call(lambda: make(reactor=THREAD.start()))
        )
        finalizer = weakref.finalize(self, _close, clients)
        finalizer.atexit = False

    async def connect(self) -> None:
        """Connect now, instead of at the first use, and wait until one server is up.

        Raises:
            NoServer: all servers are down; the client goes on trying.
            ConnectionLost: the client is closed.
        """
        await in_reactor(self._clients().connect)

    async def close(self, wait: float = CLOSE_WAIT) -> None:
        """Close all connections for good.

        Submitted tasks get ``wait`` seconds to be accepted. After that, every task that has not
        ended fails with ConnectionLost, and so does every later call.

        Args:
            wait: seconds that servers have to accept submitted tasks, by default 5; 0 for none.
        """
        await in_reactor(self._clients().close, wait)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close(CLOSE_WAIT if error is None else 0)

    def submit(  # noqa: PLR0913  # a task has as many options; all but two have defaults
        self,
        function: str | bytes,
        workload: T,
        *,
        unique: str | bytes = b"",
        priority: Priority = "normal",
        background: bool = False,
        at: float | datetime | None = None,
        reducer: str | bytes | None = None,
        retries: int = 0,
        try_timeout: float | None = None,
        timeout: float | None = None,
        on_data: Callable[[bytes], object] | None = None,
        on_warning: Callable[[bytes], object] | None = None,
        on_status: Callable[[int, int], object] | None = None,
        on_retry: Callable[[Exception], object] | None = None,
    ) -> Task[T]:
        """Submit one task; see :meth:`gearman_tx.Client.submit` for what happens to it.

        The callbacks are called in the event loop that runs now, with the present context
        variables.

        Args:
            function: the name of the function, without the namespace.
            workload: the data for the function; the encoder turns it into bytes.
            unique: submissions with the same unique become one job, while the job is queued or
                runs. Empty: never joined; ``-``: joined by equal workloads.
            priority: ``"high"``, ``"normal"`` or ``"low"``.
            background: do not wait for the result. The task is done when a server has accepted it.
            at: the earliest time to run it: seconds since 1970, or a datetime with a time zone.
                Only for background tasks.
            reducer: the function that combines partial results, for workers that split the job.
            retries: how often to try again after a failed try.
            try_timeout: seconds that one try may take.
            timeout: seconds that all tries may take; then the task fails with TimedOut.
            on_data: called with each part of the result that the worker sends early.
            on_warning: called with each warning.
            on_status: called with numerator and denominator of each progress report.
            on_retry: called with the error of each try that is followed by another one.

        Returns:
            The task, which gives access to the handle, the updates and the result.

        Raises:
            LocalProtocolError: Gearman has no packet for the arguments.
            ReactorUnavailable: Twisted's reactor cannot be started, or has ended.
            RuntimeError: there are callbacks, and no event loop runs.
            Exception: what the encoder raises when it cannot encode the workload.
        """
        callbacks = NO_CALLBACKS
        if on_data or on_warning or on_status or on_retry:
            callbacks = _called_in_loop(on_data, on_warning, on_status, on_retry)
        check_seconds("timeout", timeout)
        submission, task = self._prepare(
            workload,
            unique,
            function,
            priority,
            background,
            at,
            reducer,
            retries,
            try_timeout,
            callbacks,
        )
        THREAD.begin(submission.start, timeout)
        return task

    def submit_many(  # noqa: PLR0913  # it has the options of one task
        self,
        function: str | bytes,
        workloads: Iterable[T] | AsyncIterable[T],
        *,
        unique: str | bytes | Callable[[T], str | bytes] = b"",
        priority: Priority = "normal",
        background: bool = False,
        at: float | datetime | None = None,
        reducer: str | bytes | None = None,
        retries: int = 0,
        try_timeout: float | None = None,
        timeout: float | None = None,
        window: int = DEFAULT_WINDOW,
        in_order: bool = True,
    ) -> Batch[T]:
        """Submit one task for each workload, with a limited number of tasks under way.

        ``async for task in client.submit_many(...)`` gives each task when it has ended; ``await
        client.submit_many(...)`` gives a list of all results. Nothing is submitted before that.

        Args:
            function: the name of the function.
            workloads: an iterable or an asynchronous iterable, of any length; it is read as places
                in the window become free.
            unique: as for :meth:`submit`, or a function that makes it from the workload.
            priority: as for :meth:`submit`.
            background: a task is done when a server has accepted it.
            at: the earliest time to run the tasks.
            reducer: the function that combines partial results.
            retries: how often to try each task again.
            try_timeout: seconds that one try of one task may take.
            timeout: seconds that all tries of one task may take, from its submission on.
            window: how many tasks, by default 1000, may be submitted and not yet taken by the
                caller.
            in_order: give tasks in the order of the workloads; else as they end.

        Returns:
            The batch, to be iterated over or awaited.

        Raises:
            ValueError: the window is below 1.
        """
        check_seconds("timeout", timeout)
        fixed, make_unique = (b"", unique) if callable(unique) else (unique, None)
        prepare = self._prepare

        def begin(workload: T) -> tuple[Submission[Any], Task[T]]:
            return prepare(
                workload,
                fixed if make_unique is None else make_unique(workload),
                function,
                priority,
                background,
                at,
                reducer,
                retries,
                try_timeout,
            )

        return Batch(begin, workloads, timeout=timeout, window=window, in_order=in_order)

    def _prepare(self, workload: T, *options: Any) -> tuple[Submission[Any], Task[T]]:
        """Return a submission that is not started, and its task; encode in this thread."""
        submission, task = self._clients().prepare(self._encode(workload), *options)
        return submission, Task(task, workload, self._decode)

    async def status(self, handle: str | bytes, server: str | None = None) -> JobStatus:
        """Ask all servers, or only the named one, for the status of the job with ``handle``.

        Returns:
            The answer of the server that knows the job. The job is unknown when no server knows it,
            because it has ended or never existed.

        Raises:
            LocalProtocolError: the handle has a NUL byte, or no server has that name.
            NoServer: no server is up in time.
            ConnectionLost: no server knows the job, and not all of them could be asked.
            TimedOut: the same, because a server did not answer.
        """
        status: JobStatus = await in_reactor(self._clients().status, handle, server)
        return status

    async def status_by_unique(self, unique: str | bytes) -> JobStatus:
        """Ask all servers for the status of the job with ``unique``, of any function.

        Returns:
            As :meth:`status`, and also how many clients wait for the job.

        Raises:
            GearmanError: as :meth:`status`.
        """
        status: JobStatus = await in_reactor(self._clients().status_by_unique, unique)
        return status

    async def echo(self, data: bytes) -> bytes:
        """Have a server send ``data`` back, to check that it works.

        Raises:
            NoServer: no server is up in time.
            ConnectionLost: the server is lost.
            TimedOut: the server does not answer.
        """
        answer: bytes = await in_reactor(self._clients().echo, data)
        return answer

    async def set_option(self, name: str | bytes) -> None:
        """Set an option on all connections. Servers know ``exceptions``, which is always set.

        Raises:
            Refused: a server does not know the option.
            GearmanError: as :meth:`echo`; the name has a NUL byte.
        """
        await in_reactor(self._clients().set_option, name)


def _called_in_loop(
    on_data: Callable[[bytes], object] | None,
    on_warning: Callable[[bytes], object] | None,
    on_status: Callable[[int, int], object] | None,
    on_retry: Callable[[Exception], object] | None,
) -> Callbacks:
    """Return callbacks for the reactor's thread that call the given ones in the running loop."""
    loop = asyncio.get_running_loop()
    context = copy_context()

    def wrapped(callback: Callable[..., object] | None) -> Callable[..., None] | None:
        return None if callback is None else in_loop(loop, context, callback)

    return Callbacks(wrapped(on_data), wrapped(on_warning), wrapped(on_status), wrapped(on_retry))


def _close(of_process: PerProcess[client.Client[bytes]]) -> None:
    """Close the client of this process, if it has one: the program has dropped it."""
    inner = of_process.peek()
    if inner is not None:
        THREAD.post(inner.close, 0)

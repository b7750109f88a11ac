"""The client: submit tasks to job servers, and ask about jobs."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable
from datetime import datetime
from random import Random
from types import TracebackType
from typing import Any, Final, Generic, Self

from twisted.internet.defer import Deferred
from typing_extensions import TypeVar

from gearman_tx.client.batch import DEFAULT_WINDOW, Batch
from gearman_tx.client.choice import MakeChoice
from gearman_tx.client.connection import DEFAULT_UNANSWERED
from gearman_tx.client.inquiry import ask_everywhere, echo, set_option
from gearman_tx.client.packets import as_bytes
from gearman_tx.client.ports import NO_CALLBACKS, Callbacks
from gearman_tx.client.preparation import Preparation, Priority
from gearman_tx.client.router import Router
from gearman_tx.client.submission import Submission
from gearman_tx.client.task import Task
from gearman_tx.client.updates import JobStatus
from gearman_tx.encoders import BYTES, Encoder
from gearman_tx.link import DEFAULT_HEARTBEAT, LinkLimits, Server, parse_servers
from gearman_tx.wire import DEFAULT_MAX_PACKET

T = TypeVar("T", default=bytes)

ACCEPT_TIMEOUT: Final = 30.0
"""Seconds that a task may be without a server that is up."""

CLOSE_WAIT: Final = 5.0
"""Seconds that servers have, when the client closes, to accept what was submitted."""


class Client(Generic[T]):
    """Submits tasks to job servers and waits for their results.

    It connects to all its servers when it is first used, and for ever to each one that it loses.
    ``async with`` closes it at the end.

    Args:
        servers: ``"host:port"``, ``"host"`` or Twisted endpoint strings such as
            ``"tls:host:port"``, in a list or with commas between them; see :func:`parse_server`.
        reactor: the reactor, or None for the one that Twisted has installed.
        choice: which server a task is given to: by the ``"hash"`` of its unique, ``"in order"``,
            ``"round robin"``, ``"random"``, or as a :class:`Choice` says that this function makes.
        encoder: what workloads and results are: ``BYTES``, ``TEXT``, ``JSON``, or any object with
            ``encode`` and ``decode``.
        namespace: put in front of each function's name.
        accept_timeout: seconds, usually 30, without a server until NoServer; None for ever.
        heartbeat: seconds of silence, usually 15, before a server is asked for a sign of life; one
            that stays silent for two to three times as long is lost. 0 never asks.
        max_packet: the largest packet body, and so the largest result, in bytes; usually 128 MiB.
        unanswered: how many submissions, usually 4096, one server may leave unanswered.
        random: draws delays, and servers where chance decides; for tests.

    Raises:
        ConfigurationError: a server, or the choice between them, is not one.
    """

    def __init__(  # noqa: PLR0913  # each has a default that most programs keep
        self,
        servers: str | Iterable[str | Server],
        *,
        reactor: Any = None,
        choice: str | MakeChoice = "hash",
        encoder: Encoder[T] = BYTES,  # type: ignore[assignment]  # T is bytes when left out
        namespace: str | bytes = b"",
        accept_timeout: float | None = ACCEPT_TIMEOUT,
        heartbeat: float = DEFAULT_HEARTBEAT,
        max_packet: int = DEFAULT_MAX_PACKET,
        unanswered: int = DEFAULT_UNANSWERED,
        random: Random | None = None,
    ) -> None:
        if reactor is None:
            from twisted.internet import reactor  # importing it chooses one
        self._router = Router(
            parse_servers(servers),
            reactor,
            choice=choice,
            random=random or Random(),  # noqa: S311  # keeps nothing secret
            limits=LinkLimits(packet=max_packet, heartbeat=heartbeat),
            window=unanswered,
            accept_timeout=accept_timeout,
        )
        self._prepare = Preparation(self._router, encoder, as_bytes(namespace)).prepare

    def connect(self) -> Deferred[None]:
        """Connect now, instead of at the first use.

        Returns:
            Fires when one server is up. Fails with NoServer when all are down, and the client goes
            on trying; with ConnectionLost when it is closed. Cancelling it only stops the waiting.
        """
        return self._router.when_up_or_down()

    def close(self, wait: float = CLOSE_WAIT) -> Deferred[None]:
        """Close all connections for good.

        What was submitted and is not accepted yet is given the time to be. After that every task
        that has not ended fails with ConnectionLost, and so does whatever is asked for later.

        Args:
            wait: seconds that servers have for accepting, usually 5; 0 for none.

        Returns:
            Fires when nothing is open any more; never fails. Cancelling it ends the waiting.
        """
        return self._router.close(wait)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close(CLOSE_WAIT if error is None else 0)

    def submit(  # noqa: PLR0913  # what Gearman can say about a task; all but two have defaults
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
        """Submit one task.

        It is sent to the first server, in the order that the choice puts them, which is not down.
        When that one is lost before it has accepted the task, the task goes to the next one: it
        may then be run twice, if the lost server had taken it already. When a server is lost after
        it accepted the task, the task fails with ConnectionLost unless there are retries left.

        Args:
            function: the name of what to do; the namespace goes in front.
            workload: what to do it with; the encoder turns it into bytes.
            unique: submissions with the same one become one job, while it is queued or runs. Empty:
                never; ``-``: those with the same workload do. At most 64 bytes.
            priority: ``"high"``, ``"normal"`` or ``"low"``.
            background: do not wait for the result. The task is done when a server accepted it.
            at: run it no earlier: seconds since 1970, or a datetime with a time zone. Only in the
                background.
            reducer: the function that puts the results of parts together, for workers that split.
            retries: how often to try again when a try failed: the job failed, its server was lost,
                the server refused it, or ``try_timeout`` was over.
            try_timeout: seconds that one try may take.
            timeout: seconds that all tries may take; then the task fails with TimedOut.
            on_data: called with each part of the result that is sent early.
            on_warning: called with each warning.
            on_status: called with numerator and denominator when the worker tells them.
            on_retry: called with the error, before the task is tried again; it may cancel it.

        Returns:
            The task, from which the handle, the updates and the result come.

        Raises:
            LocalProtocolError: Gearman cannot say this: a name with a NUL byte, a unique that is
                too long, a foreground task for later, a time without a zone.
            Exception: what the encoder raises when it cannot encode the workload.
        """
        callbacks = NO_CALLBACKS
        if on_data or on_warning or on_status or on_retry:
            callbacks = Callbacks(on_data, on_warning, on_status, on_retry)
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
        submission.start(timeout)
        return task

    def submit_many(  # noqa: PLR0913  # as many as for one task
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
        """Submit one task for each workload, many at a time and never too many.

        ``async for task in client.submit_many(...)`` gives each task when it has ended; ``await
        client.submit_many(...)`` gives a list of all results. Nothing is submitted before that.

        Args:
            function: what to do.
            workloads: an iterable or an asynchronous one, of any length; it is read as places in
                the window become free.
            unique: as for :meth:`submit`, or a function that makes it from the workload.
            priority: as for :meth:`submit`, and so are those that follow.
            background: a task is done when a server accepted it.
            at: run them no earlier.
            reducer: the function that puts the results of parts together.
            retries: how often to try each task again.
            try_timeout: seconds that one try of one task may take.
            timeout: seconds that all tries of one task may take, from its submission on.
            window: how many tasks, usually 1000, may be submitted and not yet taken by the caller.
            in_order: give tasks in the order of the workloads; else in the order of their ends.

        Returns:
            The batch, to be iterated over or awaited.

        Raises:
            ValueError: the window is below 1.
        """
        fixed, make_unique = (b"", unique) if callable(unique) else (unique, None)
        prepare = self._prepare

        def begin(workload: T) -> tuple[Submission[T], Task[T]]:
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

        return Batch(
            begin,
            self._router.after_read.call,
            workloads,
            timeout=timeout,
            window=window,
            in_order=in_order,
        )

    def status(self, handle: str | bytes, server: str | None = None) -> Deferred[JobStatus]:
        """Ask all servers about the job with ``handle``, or only the one that is named.

        Returns:
            Fires with what the server that knows the job says, or with an unknown job when all
            servers said that they know none: it has ended, or never was. Fails with NoServer when
            no server is up in time; with ConnectionLost, or TimedOut, when no server knows the job
            and not all could be asked. Cancelling it only stops the waiting.

        Raises:
            LocalProtocolError: the handle has a NUL byte. It fails so if no server has that name.
        """
        key = as_bytes(handle)
        asking = ask_everywhere(self._router, lambda line: line.job_status(key), server)
        return Deferred.fromCoroutine(asking)

    def status_by_unique(self, unique: str | bytes) -> Deferred[JobStatus]:
        """Ask all servers about the job with ``unique``, of whatever function.

        Returns:
            As :meth:`status`; it says in addition how many clients wait for the job.

        Raises:
            LocalProtocolError: the unique has a NUL byte.
        """
        key = as_bytes(unique)
        asking = ask_everywhere(self._router, lambda line: line.unique_status(key))
        return Deferred.fromCoroutine(asking)

    def echo(self, data: bytes) -> Deferred[bytes]:
        """Have a server send ``data`` back: a sign of life.

        Returns:
            Fires with the data. Fails with NoServer when no server is up in time, with
            ConnectionLost when it is lost, with TimedOut when it does not answer. Cancelling it
            only stops the waiting.
        """
        return Deferred.fromCoroutine(echo(self._router, data))

    def set_option(self, name: str | bytes) -> Deferred[None]:
        """Set an option on all connections; servers know ``exceptions``, which is always set.

        Returns:
            Fires when all servers that are up have set it. Fails with Refused when one does not
            know it; otherwise as :meth:`echo`. Cancelling it only stops the waiting.

        Raises:
            LocalProtocolError: the name has a NUL byte.
        """
        return Deferred.fromCoroutine(set_option(self._router, as_bytes(name)))

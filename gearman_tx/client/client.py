"""The client: submit tasks to job servers, and ask about jobs."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable
from datetime import datetime
from random import Random
from types import TracebackType
from typing import Any, Final, Generic, Self

from twisted.internet.defer import Deferred
from typing_extensions import TypeVar

from gearman_tx.client.batch import Batch
from gearman_tx.client.choice import MakeChoice
from gearman_tx.client.ports import NO_CALLBACKS, Callbacks
from gearman_tx.client.preparation import Preparation, Priority
from gearman_tx.client.queries import ask_everywhere, echo, set_option
from gearman_tx.client.router import Router
from gearman_tx.client.submission import Submission
from gearman_tx.client.submit_packet import DEFAULT_MAX_UNIQUE, LIMIT_NAME, as_bytes
from gearman_tx.client.task import Task
from gearman_tx.client.updates import JobStatus
from gearman_tx.client.window import DEFAULT_WINDOW
from gearman_tx.encoders import BYTES, Encoder
from gearman_tx.link import DEFAULT_HEARTBEAT, LinkLimits, Server, keep_steady, parse_servers
from gearman_tx.values.kinds import check_count, check_encoder, check_seconds
from gearman_tx.wire import DEFAULT_MAX_PACKET, PacketType, limited, request
from gearman_tx.wire.limits import LARGEST_SIZE

T = TypeVar("T", default=bytes)

ACCEPT_TIMEOUT: Final = 30.0
"""Seconds that a task may wait for a server to be up."""

DEFAULT_UNANSWERED: Final = 4096
"""Submissions that one server may leave unanswered; further ones wait in the client."""

CLOSE_WAIT: Final = 5.0
"""Seconds that servers have to accept submitted tasks when the client closes."""


class Client(Generic[T]):
    """Submits tasks to job servers and waits for their results.

    It connects to all its servers when it is first used, and reconnects to each server that it
    loses. ``async with`` closes it at the end.

    Args:
        servers: ``"host:port"``, ``"host"`` or Twisted endpoint strings such as
            ``"tls:host:port"``, in a list or with commas between them; see :func:`parse_server`.
        reactor: the reactor, or None for the one that Twisted has installed. Its timed calls follow
            the monotonic clock from then on.
        choice: which server gets a task: by the ``"hash"`` of its unique, ``"in order"``,
            ``"round robin"``, ``"random"``, or a function that makes a :class:`Choice`.
        encoder: the type of workloads and results: ``BYTES``, ``TEXT``, ``JSON``, or any object
            with ``encode`` and ``decode``.
        namespace: the prefix of each function's name.
        accept_timeout: seconds, by default 30, that a task may wait for a server to be up; then it
            fails with NoServer. None forever.
        heartbeat: seconds of silence, by default 15, before a server is probed; a server that stays
            silent for two to three times as long is lost. 0 for no probes.
        max_packet: the largest packet body, and so about the largest workload and the largest
            result, in bytes; by default 128 MiB, as the job server's limit. A task with a larger
            result fails with TooLarge.
        max_unique: the longest unique, in bytes; by default 64, as in job servers. A server that is
            started with ``--max-unique`` takes longer ones.
        unanswered: how many submissions, by default 4096, one server may leave unanswered.
        random: draws delays and, for some choices, servers; for tests.

    Raises:
        ConfigurationError: a server is not valid, or the choice is not known.
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
        max_unique: int = DEFAULT_MAX_UNIQUE,
        unanswered: int = DEFAULT_UNANSWERED,
        random: Random | None = None,
    ) -> None:
        check_encoder(encoder)
        check_seconds("accept_timeout", accept_timeout)
        check_seconds("heartbeat", heartbeat)
        check_count("max_packet", max_packet)
        check_count("max_unique", max_unique)
        check_count("unanswered", unanswered)
        if reactor is None:
            from twisted.internet import reactor  # importing it chooses one
        keep_steady(reactor)
        self._router = Router(
            parse_servers(servers),
            reactor,
            choice=choice,
            random=random or Random(),  # noqa: S311  # keeps nothing secret
            limits=LinkLimits(packet=max_packet, heartbeat=heartbeat),
            window=unanswered,
            accept_timeout=accept_timeout,
        )
        self._largest = min(max_packet, LARGEST_SIZE)
        preparation = Preparation(
            self._router, encoder, as_bytes(namespace), self._largest, max_unique
        )
        # For the room ``aio``, whose tasks are prepared in another thread and started in this one.
        self.prepare = preparation.prepare

    def connect(self) -> Deferred[None]:
        """Connect now, instead of at the first use.

        Returns:
            Fires when one server is up. Fails with NoServer when all are down, while the client
            goes on trying; with ConnectionLost when the client is closed. Cancelling it only stops
            the waiting.
        """
        return self._router.when_up_or_down()

    def close(self, wait: float = CLOSE_WAIT) -> Deferred[None]:
        """Close all connections for good.

        Submitted tasks get ``wait`` seconds to be accepted. After that, every task that has not
        ended fails with ConnectionLost, and so does every later call.

        Args:
            wait: seconds that servers have to accept submitted tasks, by default 5; 0 for none.

        Returns:
            Fires when every connection is closed; never fails. Cancelling it ends the waiting.
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
        """Submit one task.

        The task is sent to the first server, in the order of the choice, that is not down. It waits
        one second for a server that is being connected for the first time. If its server is lost
        before it has accepted the task, the task goes to the next server; it may then run twice, if
        the lost server had taken it already. If a server is lost after it accepted the task, the
        task fails with ConnectionLost unless retries are left.

        Args:
            function: the name of the function, without the namespace.
            workload: the data for the function; the encoder turns it into bytes.
            unique: submissions with the same unique become one job, while the job is queued or
                runs. Empty: never joined; ``-``: joined by equal workloads. At most 64 bytes,
                or ``max_unique``.
            priority: ``"high"``, ``"normal"`` or ``"low"``.
            background: do not wait for the result. The task is done when a server has accepted it.
            at: the earliest time to run it: seconds since 1970, or a datetime with a time zone.
                Only for background tasks.
            reducer: the function that combines partial results, for workers that split the job.
            retries: how often to try again after a failed try: the job failed, its server was lost,
                the server refused it, or ``try_timeout`` has passed.
            try_timeout: seconds that one try may take.
            timeout: seconds that all tries may take; then the task fails with TimedOut.
            on_data: called with each part of the result that the worker sends early.
            on_warning: called with each warning.
            on_status: called with numerator and denominator of each progress report.
            on_retry: called with the error before each retry; it may cancel the task.

        Returns:
            The task, which gives access to the handle, the updates and the result.

        Raises:
            LocalProtocolError: Gearman has no packet for the arguments: a name with a NUL byte, a
                unique that is too long, a foreground task for later, a time without a time zone.
            TooLarge: the packet would be larger than ``max_packet``; nothing is sent.
            Exception: what the encoder raises when it cannot encode the workload.
        """
        callbacks = NO_CALLBACKS
        if on_data or on_warning or on_status or on_retry:
            callbacks = Callbacks(on_data, on_warning, on_status, on_retry)
        check_seconds("timeout", timeout)
        submission, task = self.prepare(
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
        prepare = self.prepare

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
        """Ask all servers, or only the named one, for the status of the job with ``handle``.

        Returns:
            Fires with the answer of the server that knows the job, or with an unknown job when no
            server knows it: it has ended, or never existed. Fails with NoServer when no server is
            up in time; with ConnectionLost or TimedOut when no server knows the job and not all of
            them could be asked; with LocalProtocolError when no server has that name. Cancelling it
            only stops the waiting.

        Raises:
            LocalProtocolError: the handle has a NUL byte.
        """
        key = as_bytes(handle)
        asking = ask_everywhere(self._router, lambda link: link.job_status(key), server)
        return Deferred.fromCoroutine(asking)

    def status_by_unique(self, unique: str | bytes) -> Deferred[JobStatus]:
        """Ask all servers for the status of the job with ``unique``, of any function.

        Returns:
            As :meth:`status`, and also how many clients wait for the job.

        Raises:
            LocalProtocolError: the unique has a NUL byte.
        """
        key = as_bytes(unique)
        asking = ask_everywhere(self._router, lambda link: link.unique_status(key))
        return Deferred.fromCoroutine(asking)

    def echo(self, data: bytes) -> Deferred[bytes]:
        """Have a server send ``data`` back, to check that it works.

        Returns:
            Fires with the data. Fails with NoServer when no server is up in time, with
            ConnectionLost when the server is lost, with TimedOut when it does not answer.
            Cancelling it only stops the waiting.

        Raises:
            TooLarge: the data is larger than ``max_packet``.
        """
        packet = limited(request(PacketType.ECHO_REQ, data), self._largest, LIMIT_NAME)
        return Deferred.fromCoroutine(echo(self._router, packet, data))

    def set_option(self, name: str | bytes) -> Deferred[None]:
        """Set an option on all connections. Servers know ``exceptions``, which is always set.

        Returns:
            Fires when all servers that are up have set the option. Fails with Refused when a server
            does not know it, and otherwise as :meth:`echo`. Cancelling it only stops the waiting.

        Raises:
            LocalProtocolError: the name has a NUL byte.
        """
        return Deferred.fromCoroutine(set_option(self._router, as_bytes(name)))

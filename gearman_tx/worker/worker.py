"""The worker: functions on one side, job servers on the other, slots between them.

Theory of operation. A worker keeps a connection to each of its job servers and registers its
functions with all of them. :class:`Slots` decides whom to ask for the next job. A job takes a slot
until its function is done, also when its job server is lost meanwhile.

Ending has two speeds. ``stop`` drains: no job is asked for any more, what runs is finished, and a
connection is closed with its last job. ``give_back`` closes the connections at once, and the job
servers give the unfinished jobs to other workers. The functions are not taken back first: the C
server would requeue the running jobs.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterable
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred, DeferredList, succeed
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool

from gearman_tx.encoders import BYTES, Encoder
from gearman_tx.errors import ConfigurationError
from gearman_tx.link import Backoff, LinkLimits, Reconnecting, Server, Turn, parse_servers
from gearman_tx.worker.connection import WorkerConnection
from gearman_tx.worker.execution import Execution
from gearman_tx.worker.functions import Runner, WorkerFunction, place_of
from gearman_tx.worker.job import WorkerJob
from gearman_tx.worker.limits import Life, LifeLimits
from gearman_tx.worker.program import run
from gearman_tx.worker.slots import Slots

F = TypeVar("F", bound=Callable[[Any], Any])

_LOOK_SECONDS: Final = 1.0  # how often the limits of life are looked at
_log = Logger("gearman_tx.worker")


class Worker:
    """Run functions for job servers.

    Args:
        servers: the job servers: ``"host:port"``, ``"host"`` or Twisted client endpoint strings.
            Some may be down: each is connected to, again and again, on its own.
        concurrency: how many jobs to run at a time, over all servers.
        client_id: what the job servers' reports call this worker.
        namespace: put in front of every function's name.
        encoder: what turns results into bytes, and workloads into ``job.data``.
        limits: when to end by itself, for a supervisor to start a fresh worker.
        link_limits: what a connection may cost, and how long it may be silent.
        reactor: the reactor; the global one when None.

    Attributes:
        functions: the registered functions by name, namespace included.
        slots: the free places for jobs.
        reason: why the worker stopped or is stopping, once it is.

    Raises:
        ConfigurationError: a server's name means nothing, or ``concurrency`` is below 1.
    """

    def __init__(  # noqa: PLR0913  # everything but the servers is optional
        self,
        servers: str | Iterable[str | Server],
        *,
        concurrency: int = 1,
        client_id: str | bytes = b"",
        namespace: str | bytes = b"",
        encoder: Encoder[Any] = BYTES,
        limits: LifeLimits | None = None,
        link_limits: LinkLimits | None = None,
        reactor: Any = None,
    ) -> None:
        if concurrency < 1:
            raise ConfigurationError(f"the concurrency {concurrency} is below 1")
        if reactor is None:
            from twisted.internet import reactor
        self.reactor = reactor
        self.client_id = _to_bytes(client_id)
        self.functions: dict[bytes, WorkerFunction] = {}
        self.slots = Slots(concurrency)
        self.reason: str | None = None
        self._namespace = _to_bytes(namespace)
        self._limits = limits or LifeLimits()
        self._link_limits = link_limits or LinkLimits()
        self._turn = Turn(reactor)
        self._threads = ThreadPool(0, concurrency, "gearman-worker")
        self._runner = Runner(reactor, self._threads, concurrency)
        self._execution = Execution(self._runner, encoder)
        self._connections: dict[WorkerConnection, None] = {}
        self._services = [self._service(server) for server in parse_servers(servers)]
        self._life: Life | None = None
        self._look = LoopingCall(self._look_at_life)
        self._look.clock = reactor
        self._thread: int | None = None
        self._when_connected: list[Deferred[None]] = []
        self._when_ended: list[Deferred[str]] = []
        self._has_ended = False

    def _service(self, server: Server) -> Reconnecting:
        def build() -> WorkerConnection:
            return WorkerConnection(self, server.name, self._turn, self._link_limits)

        def failed(reason: Failure) -> None:
            text = "job server {server} is not there: {reason}; it will be tried again"
            _log.warn(text, server=server.name, reason=reason.getErrorMessage())

        backoff = Backoff(self.reactor.seconds, random.random)
        return Reconnecting(server, self.reactor, build, backoff=backoff, failed=failed)

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
        """Offer a function, from now on, to all job servers; a second one replaces the first.

        Args:
            name: what clients call it; the namespace goes in front.
            call: is given a :class:`WorkerJob` and returns the result, a Deferred of it or a
                coroutine; what it raises becomes WORK_EXCEPTION. In a process it is given
                ``job.data`` instead of the job.
            timeout: seconds after which the job server gives the job to another worker; 0 is never.
            place: where it runs: ``"thread"``, the default for plain functions; ``"process"``, for
                those that compute, which must be importable by name; ``"reactor"``, the default for
                ``async def``, and for plain functions that return a Deferred.

        Raises:
            ConfigurationError: the place is unknown or does not fit the function.
            ValueError: the timeout is negative.
        """
        full_name = self._namespace + _to_bytes(name)
        function = WorkerFunction(full_name, call, timeout, place_of(call, place))
        self.functions[full_name] = function
        for connection in self._connections:
            connection.announce(function)

    def unregister(self, name: str | bytes) -> None:
        """Offer a function no more; jobs of it that run go on.

        The C server gives those to other workers all the same, and refuses their results.

        Raises:
            KeyError: it is not registered.
        """
        full_name = self._namespace + _to_bytes(name)
        del self.functions[full_name]
        for connection in self._connections:
            connection.withdraw(full_name)

    def start(self) -> Deferred[None]:
        """Connect to the job servers and run what they give.

        Returns:
            Fires when the first job server is connected, or when the worker is stopped before;
            never fails. Cancelling it only stops the waiting.
        """
        self._thread = threading.get_ident()
        self._life = Life(self._limits, self.reactor.seconds())
        self._threads.start()
        self._look.start(_LOOK_SECONDS, now=False)
        for service in self._services:
            service.startService()
        return self.when_connected()

    def when_connected(self) -> Deferred[None]:
        """Return a Deferred that fires when a job server is connected; see :meth:`start`."""
        if self._connections or self._has_ended:
            return succeed(None)
        waiting: Deferred[None] = Deferred(self._when_connected.remove)
        self._when_connected.append(waiting)
        return waiting

    def when_ended(self) -> Deferred[str]:
        """Return a Deferred that fires when the worker has ended, with the reason.

        It never fails. Cancelling it only stops the waiting.
        """
        if self._has_ended:
            return succeed(self.reason or "")
        waiting: Deferred[str] = Deferred(self._when_ended.remove)
        self._when_ended.append(waiting)
        return waiting

    def stop(self, reason: str = "it was asked to stop") -> Deferred[str]:
        """Take no more jobs, finish those that run, then disconnect.

        Returns:
            Fires when the worker has ended, with the reason; see :meth:`when_ended`.
        """
        if self.reason is None:
            self.reason = reason
            _log.info(
                "the worker stops: {reason}; {running} jobs run still",
                reason=reason,
                running=self.slots.running,
            )
            self.slots.close()
            for connection in list(self._connections):
                self._close_if_done(connection)
            self._end_if_done()
        return self.when_ended()

    def give_back(self, reason: str = "it was asked to stop at once") -> Deferred[str]:
        """Disconnect at once; the job servers give the unfinished jobs to other workers.

        Functions that run in the reactor are left to themselves, as are threads; their outcome
        goes nowhere.

        Returns:
            Fires when the worker has ended, with the reason; see :meth:`when_ended`.
        """
        self.reason = self.reason or reason
        self.slots.close()
        for connection in list(self._connections):
            connection.abort()
        self._end()
        return self.when_ended()

    def run(self) -> str:
        """Run the worker, and the reactor, until the worker has ended; see :func:`program.run`.

        Returns:
            Why it ended.
        """
        return run(self)

    def is_in_reactor(self) -> bool:
        """Return whether the calling thread is the reactor's."""
        return threading.get_ident() == self._thread

    def connected(self, connection: WorkerConnection) -> None:
        """For connections: this one is ready."""
        self._connections[connection] = None
        _log.info("connected to job server {server}", server=connection.server)
        waiting, self._when_connected = self._when_connected, []
        for deferred in waiting:
            deferred.callback(None)
        self.slots.has_work(connection)
        self._close_if_done(connection)

    def disconnected(self, connection: WorkerConnection) -> None:
        """For connections: this one is over, and its jobs are somebody else's."""
        if self._connections.pop(connection, self) is None:
            self.slots.lost(connection)
            if self.reason is None:
                _log.warn(
                    "job server {server} is lost with {count} jobs of it running: {reason}",
                    server=connection.server,
                    count=len(connection.jobs),
                    reason=connection.reason,
                )

    def take(self, connection: WorkerConnection, job: WorkerJob) -> None:
        """For connections: run a job that came, and send what becomes of it."""
        running = self._execution.run(self.functions.get(job.function), job)
        running.addCallback(lambda packet: connection.end(job, packet))
        running.addBoth(lambda _: self._job_ended(connection))

    def _job_ended(self, connection: WorkerConnection) -> None:
        self.slots.job_ended()
        if self._life is not None:
            self._life.jobs_done += 1
        self._look_at_life()
        self._close_if_done(connection)
        self._end_if_done()

    def _look_at_life(self) -> None:
        if self._life is not None and self.reason is None:
            reason = self._life.reason_to_end(self.reactor.seconds())
            if reason is not None:
                self.stop(reason)

    def _close_if_done(self, connection: WorkerConnection) -> None:
        if self.reason is not None and not connection.jobs:
            connection.close()

    def _end_if_done(self) -> None:
        if self.reason is not None and not self.slots.running:
            self._end()

    def _end(self) -> None:
        """Close what is open, then tell who waits."""
        if self._has_ended:
            return
        self._has_ended = True
        if self._look.running:
            self._look.stop()
        self._runner.close()
        closing = DeferredList(
            [service.stopService() for service in self._services if service.running]
        )
        closing.addCallback(self._tell_end)

    def _tell_end(self, _: object) -> None:
        # Threads may still run what nobody waits for; waiting for them would block the reactor.
        threading.Thread(target=self._threads.stop, name="gearman-worker-stop").start()
        _log.info("the worker has ended: {reason}", reason=self.reason)
        for deferred in self._when_connected:
            deferred.callback(None)
        ended, self._when_ended = self._when_ended, []
        for waiting in ended:
            waiting.callback(self.reason or "")


def _to_bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text

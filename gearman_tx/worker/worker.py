"""The worker: functions on one side, job servers on the other, slots between them.

Theory of operation. A worker keeps a connection to each of its job servers and registers its
functions with all of them. :class:`Slots` decides whom to ask for the next job. A job takes a slot
until its function is done, also when its job server is lost meanwhile.

Ending has two speeds. ``stop`` drains: no job is asked for any more, one that is on its way is
still taken, what runs is finished, and a connection is closed when its last job is over.
``give_back`` cuts the connections at once, and the job servers give the unfinished jobs to other
workers.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from random import Random
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from gearman_tx.encoders import BYTES, Encoder
from gearman_tx.errors import ConfigurationError
from gearman_tx.link import LinkLimits, Server, SocketSet, Turn
from gearman_tx.worker.connection import WorkerConnection
from gearman_tx.worker.execution import Execution
from gearman_tx.worker.functions import WorkerFunction, place_of, to_name
from gearman_tx.worker.held_jobs import HeldJobs
from gearman_tx.worker.job import WorkerJob
from gearman_tx.worker.limits import Life, LifeLimits
from gearman_tx.worker.program import run
from gearman_tx.worker.runner import make_runner
from gearman_tx.worker.server_links import Lines
from gearman_tx.worker.service import WorkerService
from gearman_tx.worker.slots import Slots
from gearman_tx.worker.waiters import Waiters

F = TypeVar("F", bound=Callable[[Any], Any])

_LOOK_SECONDS: Final = 1.0  # how often limits and times are looked at
_log = Logger("gearman_tx.worker")


class Worker:
    """Run functions for job servers.

    All methods are for the reactor's thread.

    Args:
        servers: the job servers: ``"host:port"``, ``"host"`` or Twisted client endpoint strings.
            Some may be down: each is connected to, again and again, on its own.
        concurrency: how many jobs to run at a time, over all servers.
        client_id: what the job servers' reports call this worker.
        namespace: put in front of every function's name.
        encoder: what turns results into bytes, and workloads into ``job.data``.
        exceptions: whether a client is told by WORK_EXCEPTION what a function raised. False means
            WORK_WARNING with the same text, then WORK_FAIL. That is for clients based on
            libgearman (C, PHP) which do not ask for exceptions, at a C job server: it makes a
            WORK_FAIL of the exception that they do not understand, and they wait for ever.
        limits: when to end by itself, for a supervisor to start a fresh worker.
        link_limits: what a connection may cost, and how long it may be silent; a result may have
            as many bytes as a packet, usually 128 MiB.
        reactor: the reactor; the global one when None.
        random: draws the delays before a lost server is tried again; for tests.

    Attributes:
        reason: why the worker stopped or is stopping, once it is.

    Raises:
        ConfigurationError: a server's name means nothing, ``concurrency`` is below 1, or a name
            contains NUL.
    """

    def __init__(  # noqa: PLR0913  # everything but the servers is optional
        self,
        servers: str | Iterable[str | Server],
        *,
        concurrency: int = 1,
        client_id: str | bytes = b"",
        namespace: str | bytes = b"",
        encoder: Encoder[Any] = BYTES,
        exceptions: bool = True,
        limits: LifeLimits | None = None,
        link_limits: LinkLimits | None = None,
        reactor: Any = None,
        random: Random | None = None,
    ) -> None:
        if concurrency < 1:
            raise ConfigurationError(f"the concurrency {concurrency} is below 1")
        if reactor is None:
            from twisted.internet import reactor
        self.reactor = reactor
        self.client_id = to_name(client_id)
        self.namespace = to_name(namespace)
        self.functions: dict[bytes, WorkerFunction] = {}
        self.limits = limits or LifeLimits()
        self.slots = Slots(concurrency, self.limits.jobs)
        self.reason: str | None = None
        self.link_limits = link_limits or LinkLimits()
        self._turn = Turn(reactor)
        self._sockets = SocketSet(reactor, self._turn)
        self._runner = make_runner(reactor, concurrency, self._turn)
        self.execution = Execution(self._runner, encoder, self.link_limits.packet, exceptions)
        self._lines = Lines(servers, reactor, self._connect, random or Random())  # noqa: S311  # no secret
        self._jobs = HeldJobs(self.execution, self.slots, self._end_if_done)
        self._life: Life | None = None
        self._look = LoopingCall(self._look_at_time)
        self._look.clock = reactor
        self._thread: int | None = None
        self._connected: Waiters[None] = Waiters()
        self._ended: Waiters[str] = Waiters()
        self._is_ending = False
        self._has_ended = False

    def _connect(self, server: str, misunderstood: int) -> WorkerConnection:
        return WorkerConnection(
            self, server, self._turn, self._sockets, self.link_limits, misunderstood
        )

    @property
    def is_stopping(self) -> bool:
        """Whether the worker takes no more jobs, or has ended."""
        return self.reason is not None

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
                those that compute, which must be importable by name; ``"reactor"``, for functions
                that return a Deferred, and the default for ``async def``, ``inlineCallbacks`` and
                functions annotated to return a Deferred.

        Raises:
            ConfigurationError: the name is empty or contains NUL, or the place is unknown or does
                not fit the function.
            ValueError: the timeout is negative.
        """
        full_name = self.namespace + to_name(name)
        if not name:
            raise ConfigurationError("the name of a function is empty")
        function = WorkerFunction(full_name, call, timeout, place_of(call, place))
        replaced = self.functions.get(full_name)
        self.functions[full_name] = function
        for connection in list(self._lines.open):
            if not connection.is_over:
                connection.add(function, replaced)

    def unregister(self, name: str | bytes) -> None:
        """Offer a function no more.

        Jobs of it that run, or are on their way, are finished first.

        Raises:
            KeyError: it is not registered.
        """
        function = self.functions.pop(self.namespace + to_name(name))
        for connection in list(self._lines.open):
            connection.withdraw(function)

    def start(self) -> Deferred[None]:
        """Connect to the job servers and run what they give.

        Returns:
            Fires when the first job server is connected, or when the worker is stopped before;
            never fails. Cancelling it only stops the waiting.

        Raises:
            RuntimeError: it was started, or stopped, before; make a new worker.
        """
        if self._life is not None or self.reason is not None:
            raise RuntimeError("a worker starts only once; make a new one")
        self._thread = threading.get_ident()
        self._life = Life(self.limits, self.reactor.seconds())
        self._look.start(_LOOK_SECONDS, now=False)
        self._lines.start()
        return self.when_connected()

    def when_connected(self) -> Deferred[None]:
        """Return a Deferred that fires when a job server is connected; see :meth:`start`."""
        if self._lines.is_connected or self._has_ended:
            return succeed(None)
        return self._connected.add()

    def when_down(self) -> Deferred[None]:
        """Return a Deferred that fires when all job servers are lost, or were tried in vain.

        The worker goes on trying. It never fails. Cancelling it only stops the waiting.
        """
        return self._lines.when_down()

    def when_ended(self) -> Deferred[str]:
        """Return a Deferred that fires when the worker has ended, with the reason.

        It never fails. Cancelling it only stops the waiting.
        """
        return succeed(self.reason or "") if self._has_ended else self._ended.add()

    def stop(self, reason: str = "it was asked to stop") -> Deferred[str]:
        """Take no more jobs, finish those that run, then disconnect.

        Args:
            reason: what the log, :meth:`when_ended` and :meth:`run` say about it.

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
            self._lines.stop_unconnected()
            for connection in list(self._lines.open):
                connection.withdraw(*self.functions.values())
            self._end_if_done()
        return self.when_ended()

    def give_back(self, reason: str = "it was asked to stop at once") -> Deferred[str]:
        """Disconnect at once; the job servers give the unfinished jobs to other workers.

        What runs in the reactor is cancelled, processes are killed, threads are left to themselves
        and end with the program.

        Args:
            reason: why, unless it was stopping already for another one.

        Returns:
            Fires when the worker has ended, with the reason; see :meth:`when_ended`.
        """
        self.reason = self.reason or reason
        self.slots.close()
        for connection in list(self._lines.open):
            connection.abort()
        self._jobs.cancel()
        self._runner.kill()
        self._end()
        return self.when_ended()

    def run(self) -> str:
        """Run the worker, and the reactor, until the worker has ended: a whole program.

        The first SIGTERM or SIGINT lets it finish what runs and take no more; the second one, or
        whoever stops the reactor, gives unfinished jobs back, as :meth:`give_back` does.

        Returns:
            Why it ended.

        Raises:
            RuntimeError: it was started, or stopped, before.
        """
        return run(self)

    def service(self, patience: float | None = None) -> WorkerService:
        """Return the worker as a part of a Twisted application; see :class:`WorkerService`."""
        return WorkerService(self, patience)

    def is_in_reactor(self) -> bool:
        """Return whether the calling thread is the reactor's."""
        return threading.get_ident() == self._thread

    def connected(self, connection: WorkerConnection) -> None:
        """For connections: this one is ready."""
        self._lines.add(connection)
        _log.info("connected to job server {server}", server=connection.server)
        self._connected.fire(None)
        self.slots.has_work(connection)

    def disconnected(self, connection: WorkerConnection, lost: int) -> None:
        """For connections: this one is over, and ``lost`` jobs are somebody else's."""
        self.slots.lost(connection)
        if self.reason is None or lost:
            _log.warn(
                "job server {server} is lost with {count} jobs of it running: {reason}",
                server=connection.server,
                count=lost,
                reason=connection.reason,
            )

    def closed(self, connection: WorkerConnection) -> None:
        """For connections: this one is gone."""
        self._lines.remove(connection)
        if self.reason is not None:
            self._lines.stop(connection.server)
            self._end_if_done()

    def take(self, connection: WorkerConnection, job: WorkerJob, function: WorkerFunction) -> None:
        """For connections: run a job that came, and send what becomes of it."""
        self._jobs.run(connection, job, function)
        if self.slots.quota == 0:
            self.stop(f"{self.limits.jobs} jobs were taken, as many as it may")

    def _look_at_time(self) -> None:
        now = self.reactor.seconds()
        for connection in list(self._lines.open):
            connection.look_at_time(now)
        if self._life is not None and self.reason is None:
            reason = self._life.reason_to_end(now)
            if reason is not None:
                self.stop(reason)

    def _end_if_done(self) -> None:
        if self.reason is not None and not self.slots.running and not self._lines.open:
            self._end()

    def _end(self) -> None:
        """Close what is open, then tell who waits."""
        if not self._is_ending:
            self._is_ending = True
            if self._look.running:
                self._look.stop()
            self._runner.close()
            self._lines.close().addCallback(self._tell_end)

    def _tell_end(self, _: object) -> None:
        self._has_ended = True
        _log.info("the worker has ended: {reason}", reason=self.reason)
        self._connected.fire(None)
        self._ended.fire(self.reason or "")

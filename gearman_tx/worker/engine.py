"""The inside of a worker: its connections, slots and running jobs, from start to end.

Theory of operation. A worker keeps a connection to each of its job servers and announces its
functions to all of them. :class:`Slots` decides which server is asked for the next job. A job takes
a slot until its function has ended, even when its job server is lost before that.

There are two ways to end. ``stop`` drains: no further job is asked for, a job that was asked for is
still taken, running jobs are finished, and each connection is closed after its last job.
``give_back`` aborts the connections at once, and the job servers give the unfinished jobs to other
workers.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from random import Random
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import LoopingCall
from twisted.logger import Logger

from gearman_tx.encoders import Encoder
from gearman_tx.link import LinkLimits, Server, SocketSet, Turn
from gearman_tx.worker.connection import WorkerConnection
from gearman_tx.worker.execution import Execution
from gearman_tx.worker.functions import WorkerFunction
from gearman_tx.worker.held_jobs import HeldJobs
from gearman_tx.worker.job import WorkerJob
from gearman_tx.worker.limits import Life, LifeLimits
from gearman_tx.worker.runner import make_runner
from gearman_tx.worker.server_links import ServerLinks
from gearman_tx.worker.slots import Slots
from gearman_tx.worker.waiters import Waiters

_CHECK_SECONDS: Final = 1.0  # between two checks of limits and timeouts
_log = Logger("gearman_tx.worker")


class WorkerEngine:
    """Runs one worker; a ``ConnectionOwner`` to its connections.

    Args:
        servers: the job servers.
        reactor: the reactor.
        concurrency: how many jobs to run at a time.
        client_id: the worker's name in the job servers' reports.
        namespace: the prefix of every function's name.
        encoder: decodes workloads and encodes results.
        exceptions: whether WORK_EXCEPTION reports a function that raises.
        limits: when to end.
        link_limits: what a connection may cost.
        random: draws the delays before a lost server is tried again.

    Attributes:
        reactor: the reactor.
        client_id: as given.
        namespace: as given.
        functions: the registered functions, by their full names.
        slots: the slots that jobs take.
        reason: why the worker stopped or is stopping; else None.

    Raises:
        ConfigurationError: a server is not valid.
    """

    def __init__(  # noqa: PLR0913  # the worker is the only caller
        self,
        servers: str | Iterable[str | Server],
        reactor: Any,
        *,
        concurrency: int,
        client_id: bytes,
        namespace: bytes,
        encoder: Encoder[Any],
        exceptions: bool,
        limits: LifeLimits,
        link_limits: LinkLimits,
        random: Random,
    ) -> None:
        self.reactor = reactor
        self.client_id = client_id
        self.namespace = namespace
        self.functions: dict[bytes, WorkerFunction] = {}
        self.slots = Slots(concurrency, limits.jobs)
        self.reason: str | None = None
        self._limits = limits
        self._link_limits = link_limits
        self._turn = Turn(reactor)
        self._sockets = SocketSet(reactor, self._turn)
        self._runner = make_runner(reactor, concurrency, self._turn)
        execution = Execution(self._runner, encoder, link_limits.packet, exceptions)
        self._links = ServerLinks(servers, reactor, self._connect, random)
        self._jobs = HeldJobs(execution, self.slots, self._end_if_done)
        self._life: Life | None = None
        self._check = LoopingCall(self._check_time)
        self._check.clock = reactor
        self._thread: int | None = None
        self._connected: Waiters[None] = Waiters()
        self._ended: Waiters[str] = Waiters()
        self._is_ending = False
        self._has_ended = False

    def _connect(self, server: str, misunderstood: int) -> WorkerConnection:
        return WorkerConnection(
            self, server, self._turn, self._sockets, self._link_limits, misunderstood
        )

    @property
    def is_stopping(self) -> bool:
        """Whether the worker takes no more jobs, or has ended."""
        return self.reason is not None

    def is_in_reactor(self) -> bool:
        """Return whether the calling thread is the reactor's."""
        return threading.get_ident() == self._thread

    # --------------------------------------------------------------------- called by the worker

    def register(self, function: WorkerFunction) -> None:
        """Offer a function to all job servers, in place of another one of that name."""
        replaced = self.functions.get(function.name)
        self.functions[function.name] = function
        for connection in list(self._links.open):
            if not connection.is_over:
                connection.add(function, replaced)

    def unregister(self, name: bytes) -> None:
        """Withdraw a function from all job servers.

        Raises:
            KeyError: the function is not registered.
        """
        function = self.functions.pop(name)
        for connection in list(self._links.open):
            connection.withdraw(function)

    def start(self) -> None:
        """Connect to all job servers; see ``Worker.start``."""
        if self._life is not None or self.reason is not None:
            raise RuntimeError("a worker starts only once; make a new one")
        self._thread = threading.get_ident()
        self._life = Life(self._limits, self.reactor.seconds())
        self._check.start(_CHECK_SECONDS, now=False)
        self._links.start()

    def stop(self, reason: str) -> None:
        """Take no more jobs, finish the running ones, then disconnect."""
        if self.reason is None:
            self.reason = reason
            _log.info(
                "the worker stops: {reason}; {running} jobs are still running",
                reason=reason,
                running=self.slots.running,
            )
            self.slots.close()
            self._links.stop_unconnected()
            for connection in list(self._links.open):
                connection.withdraw(*self.functions.values())
            self._end_if_done()

    def give_back(self, reason: str) -> None:
        """Disconnect at once; cancel and kill what can be."""
        self.reason = self.reason or reason
        self.slots.close()
        for connection in list(self._links.open):
            connection.abort()
        self._jobs.cancel()
        self._runner.kill()
        self._end()

    def when_connected(self) -> Deferred[None]:
        """Return a Deferred that fires when a job server is connected, or the worker has ended."""
        if self._links.is_connected or self._has_ended:
            return succeed(None)
        return self._connected.add()

    def when_down(self) -> Deferred[None]:
        """Return a Deferred that fires when all job servers are down; see ``Worker.when_down``."""
        return self._links.when_down()

    def when_ended(self) -> Deferred[str]:
        """Return a Deferred that fires when the worker has ended, with the reason."""
        return succeed(self.reason or "") if self._has_ended else self._ended.add()

    # ------------------------------------------------------------------ called by a connection

    def connected(self, connection: WorkerConnection) -> None:
        """ConnectionOwner: the connection is ready."""
        self._links.add(connection)
        _log.info("connected to job server {server}", server=connection.server)
        self._connected.fire(None)
        self.slots.has_work(connection)

    def take(self, connection: WorkerConnection, job: WorkerJob, function: WorkerFunction) -> None:
        """ConnectionOwner: run a job and send its outcome over the connection."""
        self._jobs.run(connection, job, function)
        if self.slots.quota == 0:
            self.stop(f"{self._limits.jobs} jobs were taken, as many as it may")

    def disconnected(self, connection: WorkerConnection, lost: int) -> None:
        """ConnectionOwner: the connection is over, and its ``lost`` jobs go to other workers."""
        self.slots.lost(connection)
        if self.reason is None or lost:
            _log.warn(
                "job server {server} is lost with {count} jobs of it running: {reason}",
                server=connection.server,
                count=lost,
                reason=connection.reason,
            )

    def closed(self, connection: WorkerConnection) -> None:
        """ConnectionOwner: the connection is closed."""
        self._links.remove(connection)
        if self.reason is not None:
            self._links.stop(connection.server)
            self._end_if_done()

    # ----------------------------------------------------------------------------- time and end

    def _check_time(self) -> None:
        now = self.reactor.seconds()
        for connection in list(self._links.open):
            connection.check_time(now)
        if self._life is not None and self.reason is None:
            reason = self._life.reason_to_end(now)
            if reason is not None:
                self.stop(reason)

    def _end_if_done(self) -> None:
        if self.reason is not None and not self.slots.running and not self._links.open:
            self._end()

    def _end(self) -> None:
        """Close everything, then fire the Deferreds that wait for the end."""
        if not self._is_ending:
            self._is_ending = True
            if self._check.running:
                self._check.stop()
            self._runner.close()
            self._links.close().addCallback(self._all_closed)

    def _all_closed(self, _: object) -> None:
        self._has_ended = True
        _log.info("the worker has ended: {reason}", reason=self.reason)
        self._connected.fire(None)
        self._ended.fire(self.reason or "")

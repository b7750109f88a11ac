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

import os
import socket
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
_WAITING_SECONDS: Final = 30.0  # between two log lines about the jobs that a stop waits for
_MOST_NAMES: Final = 20
_log = Logger("gearman_tx.worker")


class WorkerEngine:
    """Runs one worker; a ``ConnectionOwner`` to its connections.

    Args:
        servers: the job servers.
        reactor: the reactor.
        concurrency: how many jobs to run at a time.
        client_id: the worker's name in the job servers' reports; None for ``host:pid``.
        namespace: the prefix of every function's name.
        encoder: decodes workloads and encodes results.
        exceptions: whether WORK_EXCEPTION reports a function that raises.
        limits: when to end.
        link_limits: what a connection may cost.
        random: draws the delays before a lost server is tried again.

    Attributes:
        reactor: the reactor.
        client_id: the worker's name in the job servers' reports.
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
        client_id: bytes | None,
        namespace: bytes,
        encoder: Encoder[Any],
        exceptions: bool,
        limits: LifeLimits,
        link_limits: LinkLimits,
        random: Random,
    ) -> None:
        self.reactor = reactor
        self.client_id = client_id or b""
        self._has_default_id = client_id is None
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
        self._jobs = HeldJobs(execution, self.slots, reactor.seconds, self._end_if_done)
        self._life: Life | None = None
        self._check = LoopingCall(self._check_time)
        self._check.clock = reactor
        self._thread: int | None = None
        self._connected: Waiters[None] = Waiters()
        self._ended: Waiters[str] = Waiters()
        self._waiting_logged = 0.0  # the time of the last log line about the jobs it waits for
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
        if self._has_default_id:
            self.client_id = _default_client_id()
        self._thread = threading.get_ident()
        self._life = Life(self._limits, self.reactor.seconds())
        self._check.start(_CHECK_SECONDS, now=False)
        self._links.start()

    def stop(self, reason: str) -> None:
        """Take no more jobs, finish the running ones, then disconnect."""
        if self.reason is None:
            self._stop(reason)
            self._log_waiting()

    def _stop(self, reason: str) -> None:
        self.reason = reason
        self._waiting_logged = self.reactor.seconds()
        _log.info("the worker stops: {reason}", reason=reason)
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
        _log.info(
            "connected to {server}, offers {functions}",
            server=connection.server,
            functions=_list_names(self.functions),
        )
        self._connected.fire(None)
        self.slots.has_work(connection)

    def take(self, connection: WorkerConnection, job: WorkerJob, function: WorkerFunction) -> None:
        """ConnectionOwner: run a job and send its outcome over the connection."""
        self._jobs.take(connection, job, function)
        if self.slots.quota == 0 and self.reason is None:
            self._stop(f"{self._limits.jobs} jobs were taken, as many as it may")

    def disconnected(self, connection: WorkerConnection, lost: list[WorkerJob]) -> None:
        """ConnectionOwner: the connection is over, and its ``lost`` jobs go to other workers."""
        self._jobs.lose(lost)
        self.slots.lost(connection)
        if self.reason is None or lost:
            _log.warn(
                "lost job server {server}: {reason}; jobs of it that were running: {count}",
                server=connection.server,
                reason=connection.reason,
                count=len(lost),
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
        elif now - self._waiting_logged >= _WAITING_SECONDS:
            self._waiting_logged = now
            self._log_waiting()

    def _log_waiting(self) -> None:
        """Log which jobs a worker that stops waits for."""
        if self.slots.running and not self._is_ending:
            _log.warn("the worker waits for {jobs}", jobs=self._jobs.describe())

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


def _default_client_id() -> bytes:
    """Return the host and the process id, which tell the workers of a network apart."""
    return f"{socket.gethostname()}:{os.getpid()}".encode()


def _list_names(functions: Iterable[bytes]) -> str:
    """Return the names of functions for a log line."""
    names = sorted(name.decode("utf-8", "backslashreplace") for name in functions)
    more = len(names) - _MOST_NAMES
    text = ", ".join(names[:_MOST_NAMES]) or "no function"
    return f"{text} and {more} more" if more > 0 else text

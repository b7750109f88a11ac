"""The worker: the public class over :class:`~gearman_tx.worker.engine.WorkerEngine`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from random import Random
from types import MappingProxyType
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

from gearman_tx.encoders import BYTES, Encoder
from gearman_tx.errors import ConfigurationError
from gearman_tx.link import LinkLimits, Server, keep_steady
from gearman_tx.process import standard_streams
from gearman_tx.values.kinds import check_count, check_encoder, check_seconds
from gearman_tx.worker.engine import WorkerEngine
from gearman_tx.worker.functions import WorkerFunction, place_of, to_name
from gearman_tx.worker.limits import LifeLimits
from gearman_tx.worker.log import begin_logging
from gearman_tx.worker.program import run
from gearman_tx.worker.service import WorkerService

F = TypeVar("F", bound=Callable[[Any], Any])


class Worker:
    """Runs functions for job servers.

    All methods must be called in the reactor's thread.

    Args:
        servers: the job servers: ``"host:port"``, ``"host"`` or Twisted client endpoint strings.
            Some may be down: the worker connects to each on its own, and tries again.
        concurrency: how many jobs to run at a time, over all servers.
        client_id: the worker's name in the job servers' reports; None for ``host:pid``, an empty
            one for no name.
        namespace: the prefix of every function's name.
        encoder: encodes results, and decodes workloads to ``job.data``.
        exceptions: whether WORK_EXCEPTION tells the client what a function raised. If False,
            WORK_WARNING with the same text does, followed by WORK_FAIL. That is for clients based
            on libgearman (C, PHP) which do not ask for exceptions, at a C job server: it turns the
            exception into a WORK_FAIL that they do not understand, and they wait forever.
        limits: when to end, so that a supervisor starts a new worker.
        link_limits: what a connection may cost, and how long it may be silent. The packet limit,
            by default 128 MiB, also limits results.
        reactor: the reactor; None for the one that Twisted has installed. Its timed calls follow
            the monotonic clock from then on.
        random: draws the delays before a lost server is tried again; for tests.

    Attributes:
        reactor: the reactor.
        options: the arguments from ``concurrency`` to ``link_limits``, by name; read only.

    Raises:
        ConfigurationError: a server is not valid, ``concurrency`` is below 1, or a name contains
            NUL.
    """

    def __init__(  # noqa: PLR0913  # everything but the servers is optional
        self,
        servers: str | Iterable[str | Server],
        *,
        concurrency: int = 1,
        client_id: str | bytes | None = None,
        namespace: str | bytes = b"",
        encoder: Encoder[Any] = BYTES,
        exceptions: bool = True,
        limits: LifeLimits | None = None,
        link_limits: LinkLimits | None = None,
        reactor: Any = None,
        random: Random | None = None,
    ) -> None:
        check_count("concurrency", concurrency)
        check_encoder(encoder)
        if concurrency < 1:
            raise ConfigurationError(f"the concurrency {concurrency} is below 1")
        if reactor is None:
            standard_streams.open_closed()  # a reactor that is made now opens files
            from twisted.internet import reactor
        keep_steady(reactor)
        self.reactor = reactor
        self._namespace = to_name(namespace)
        options: dict[str, Any] = {
            "concurrency": concurrency,
            "client_id": None if client_id is None else to_name(client_id),
            "namespace": self._namespace,
            "encoder": encoder,
            "exceptions": exceptions,
            "limits": limits or LifeLimits(),
            "link_limits": link_limits or LinkLimits(),
        }
        self.options: Mapping[str, Any] = MappingProxyType(options)
        self._engine = WorkerEngine(
            servers,
            reactor,
            random=random or Random(),  # noqa: S311  # no secret
            **options,
        )

    def copy(
        self, servers: str | Iterable[str | Server], *, reactor: Any, random: Random | None = None
    ) -> Worker:
        """Return a new worker with the same functions and options.

        Args:
            servers: its job servers.
            reactor: its reactor.
            random: draws its delays.
        """
        worker = Worker(servers, reactor=reactor, random=random, **self.options)
        for function in self._engine.functions.values():
            worker._engine.register(function)
        return worker

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
        """Offer a function to all job servers from now on; it replaces one of the same name.

        Args:
            name: the name of the function, without the namespace.
            call: takes a :class:`WorkerJob` and returns the result, a Deferred of it or a
                coroutine; an exception is sent as WORK_EXCEPTION. In a process it takes
                ``job.data`` instead of the job.
            timeout: seconds after which the job server gives the job to another worker, and a
                function in a process is ended; 0 is never, and less than 1 counts as 1.
            place: where it runs: ``"thread"``, the default for plain functions; ``"process"``, for
                functions that compute, which must be importable by name; ``"reactor"``, for
                functions that return a Deferred, and the default for ``async def``,
                ``inlineCallbacks`` and functions annotated to return a Deferred.

        Raises:
            ConfigurationError: the name is empty or contains NUL, or the place is unknown or does
                not fit the function.
            ValueError: the timeout is negative.
        """
        check_seconds("timeout", timeout)
        full_name = self._namespace + to_name(name)
        if not name:
            raise ConfigurationError("the name of a function is empty")
        self._engine.register(WorkerFunction(full_name, call, timeout, place_of(call, place)))

    def unregister(self, name: str | bytes) -> None:
        """Withdraw a function.

        Its jobs that run, or were asked for already, are finished first.

        Raises:
            KeyError: the function is not registered.
        """
        self._engine.unregister(self._namespace + to_name(name))

    @property
    def functions(self) -> Mapping[bytes, WorkerFunction]:
        """The registered functions by their full names; it cannot be changed."""
        return MappingProxyType(self._engine.functions)

    # ----------------------------------------------------------------------- start, pause, stop

    def start(self) -> Deferred[None]:
        """Connect to the job servers and run their jobs.

        Returns:
            Fires when the first job server is connected, or when the worker is stopped before;
            never fails. Cancelling it only stops the waiting.

        Raises:
            RuntimeError: the worker was started or stopped before; make a new one.
        """
        self._engine.start()
        return self.when_connected()

    def pause(self) -> None:
        """Take no more jobs until :meth:`resume`; jobs that run go on.

        The worker stays connected and its functions stay registered. A job that a server was asked
        for before the pause may still come, and is run.
        """
        self._engine.slots.close()

    def resume(self) -> None:
        """Take jobs again after :meth:`pause`; do nothing if the worker is stopping."""
        if not self.is_stopping:
            self._engine.slots.reopen()

    def lend_slot(self) -> None:
        """Run one more job at a time, until :meth:`return_slot`.

        This is for a job that is left unfinished, to be ended much later: other jobs need not wait
        for its slot.
        """
        self._engine.slots.lend()

    def return_slot(self) -> None:
        """Return a slot that was lent; call it before the unfinished job ends.

        A job that runs, or was asked for already, is not affected.
        """
        self._engine.slots.take_back()

    def stop(self, reason: str = "it was asked to stop") -> Deferred[str]:
        """Take no more jobs, finish the running ones, then disconnect.

        Args:
            reason: given to the log, :meth:`when_ended` and :meth:`run`.

        Returns:
            Fires when the worker has ended, with the reason; see :meth:`when_ended`.
        """
        self._engine.stop(reason)
        return self.when_ended()

    def give_back(self, reason: str = "it was asked to stop at once") -> Deferred[str]:
        """Disconnect at once; the job servers give the unfinished jobs to other workers.

        Functions in the reactor are cancelled and processes are killed. Threads run on and end with
        the program.

        Args:
            reason: why, unless the worker is stopping already for another reason.

        Returns:
            Fires when the worker has ended, with the reason; see :meth:`when_ended`.
        """
        self._engine.give_back(reason)
        return self.when_ended()

    def run(self, *, log: bool = True) -> str:
        """Run the worker and the reactor until the worker has ended: a whole program.

        After the first SIGTERM or SIGINT it takes no more jobs and finishes the running ones. The
        second signal, or stopping the reactor, gives unfinished jobs back, as :meth:`give_back`
        does.

        Args:
            log: whether to log connections, warnings and errors to standard error, unless the
                program has begun logging or has added a log observer.

        Returns:
            The reason why it ended.

        Raises:
            RuntimeError: the worker was started or stopped before.
        """
        if log:
            begin_logging()
        return run(self)

    def service(self, patience: float | None = None) -> WorkerService:
        """Return the worker as a part of a Twisted application; see :class:`WorkerService`."""
        return WorkerService(self, patience)

    # ----------------------------------------------------------------------------------- state

    @property
    def reason(self) -> str | None:
        """Why the worker stopped or is stopping; None before that."""
        return self._engine.reason

    @property
    def is_stopping(self) -> bool:
        """Whether the worker takes no more jobs for good, or has ended."""
        return self._engine.is_stopping

    @property
    def is_paused(self) -> bool:
        """Whether the worker is paused; a worker that is stopping is not."""
        return not (self._engine.slots.is_open or self.is_stopping)

    @property
    def concurrency(self) -> int:
        """How many jobs may run at a time, with the slots that are lent."""
        return self._engine.slots.size

    @property
    def running(self) -> int:
        """How many jobs are running."""
        return self._engine.slots.running

    def when_connected(self) -> Deferred[None]:
        """Return a Deferred that fires when a job server is connected; see :meth:`start`."""
        return self._engine.when_connected()

    def when_down(self) -> Deferred[None]:
        """Return a Deferred that fires when all job servers are lost or could not be connected.

        The worker goes on trying. The Deferred never fails. Cancelling it only stops the waiting.
        """
        return self._engine.when_down()

    def when_ended(self) -> Deferred[str]:
        """Return a Deferred that fires when the worker has ended, with the reason.

        It never fails. Cancelling it only stops the waiting.
        """
        return self._engine.when_ended()

    def is_in_reactor(self) -> bool:
        """Return whether the calling thread is the reactor's."""
        return self._engine.is_in_reactor()

"""Job servers, clients and workers together in memory, for tests of their functions."""

from __future__ import annotations

from collections.abc import Awaitable
from random import Random
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from gearman_tx.client import Client
from gearman_tx.testing.reactor import MemoryReactor
from gearman_tx.testing.server import DEFAULT_ADDRESS, MemoryServer
from gearman_tx.worker import Worker

T = TypeVar("T")

CLOSING_TIME: Final = 5.0
"""Seconds of the stage's time that closing takes: longer than any connection needs to close."""

MOMENT: Final = 0.1
"""Seconds of the stage's time that may pass for a result by default."""


class NoResult(AssertionError):  # it fails a test as an assertion does
    """The result did not come within the given time."""


class Stage:
    """A reactor in memory, and job servers on it that run.

    Use it in a ``with`` statement, or call :meth:`close` at the end.

    Args:
        addresses: where the job servers are, ``"host:port"`` each.
        durable: whether background jobs survive a restart of their server.

    Attributes:
        reactor: the reactor for clients and workers that a test makes itself.
        servers: the job servers, in the order of the addresses.

    Raises:
        ConfigurationError: an address is malformed.
    """

    def __init__(self, *addresses: str, durable: bool = False) -> None:
        self.reactor = MemoryReactor()
        self.servers = [
            MemoryServer(self.reactor, address, durable=durable)
            for address in addresses or (DEFAULT_ADDRESS,)
        ]
        self._random = Random(0)  # noqa: S311  # the same delays in every run
        self._clients: list[Client[Any]] = []
        self._workers: list[Worker] = []

    @property
    def server(self) -> MemoryServer:
        """The job server; the first one if there are several."""
        return self.servers[0]

    @property
    def urls(self) -> list[str]:
        """The addresses of the job servers, as clients and workers take them."""
        return [server.url for server in self.servers]

    def client(self, **options: Any) -> Client[Any]:
        """Return a client of all job servers; the stage closes it when it is closed.

        Args:
            options: as for :class:`gearman_tx.Client`.
        """
        client: Client[Any] = Client(
            self.urls, reactor=self.reactor, **{"random": self._random, **options}
        )
        self._clients.append(client)
        return client

    def worker(self, **options: Any) -> Worker:
        """Return a worker of all job servers; give it functions, then :meth:`start` it.

        Args:
            options: as for :class:`gearman_tx.Worker`.
        """
        return Worker(self.urls, reactor=self.reactor, **{"random": self._random, **options})

    def start(self, worker: Worker) -> Worker:
        """Start a worker; the stage stops it when it is closed.

        Args:
            worker: a worker of this stage's reactor is started as it is. Of any other worker, such
                as that of a program, a copy is started: with the same functions and options, but
                the job servers of the stage.

        Returns:
            The running worker.
        """
        if worker.reactor is not self.reactor:
            worker = worker.copy(self.urls, reactor=self.reactor, random=self._random)
        worker.start()
        self._workers.append(worker)
        self.reactor.advance(0)
        return worker

    def advance(self, seconds: float) -> None:
        """Let time pass; each call runs when it becomes due."""
        self.reactor.advance(seconds)

    def result(self, waiting: Awaitable[T], within: float = MOMENT) -> T:
        """Return the result of a task, a Deferred or a coroutine.

        Args:
            waiting: the task, Deferred or coroutine; a coroutine is started.
            within: the most seconds that may pass; no more pass than are needed. The default is
                enough for the short pauses of a busy client or worker.

        Raises:
            NoResult: there is no result yet. A task or a Deferred may be asked for again.
            Exception: the error that it failed with.
        """
        outcomes: list[Any] = []
        Deferred.fromCoroutine(_wait(waiting)).addBoth(outcomes.append)
        end = self.reactor.seconds() + within
        self.reactor.advance(0)
        due = self.reactor.next_time()
        while not outcomes and due is not None and due <= end:
            self.reactor.advance(max(0.0, due - self.reactor.seconds()))
            due = self.reactor.next_time()
        if not outcomes:
            self.reactor.advance(end - self.reactor.seconds())
            raise NoResult(self._why(within, due))
        (outcome,) = outcomes
        if isinstance(outcome, Failure):
            outcome.raiseException()
        result: T = outcome
        return result

    def _why(self, within: float, due: float | None) -> str:
        text = f"there is no result within {within:g} seconds"
        if due is None:
            return f"{text}, and nothing is due any more: it would wait forever"
        return f"{text}; the next thing is due {due - self.reactor.seconds():g} seconds from now"

    def close(self) -> None:
        """End everything: tasks of clients fail, running jobs are given back, servers are lost."""
        for client in self._clients:
            client.close(wait=0)
        for worker in self._workers:
            worker.give_back("the stage is closed")
        self.reactor.advance(CLOSING_TIME)
        for server in self.servers:
            server.lose()
        self.reactor.advance(0)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


async def _wait(waiting: Awaitable[T]) -> T:
    return await waiting

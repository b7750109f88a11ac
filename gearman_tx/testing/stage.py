"""Job servers, clients and workers together in memory, for tests of what runs in them."""

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
"""Seconds of the stage's time that the end takes: longer than any connection needs to close."""


MOMENT: Final = 0.1
"""Seconds that may pass for a result unless a test says otherwise."""


class NoResult(AssertionError):  # it fails a test as an assertion does
    """What was waited for did not come in the time that was given."""


class Stage:
    """A reactor in memory, and job servers on it that run.

    Use it in a ``with`` statement, or call :meth:`close` at the end.

    Args:
        addresses: where the job servers are, ``"host:port"`` each.
        durable: whether their background jobs outlive a restart.

    Attributes:
        reactor: for clients and workers of your own.
        servers: the job servers, in the order of the addresses.

    Raises:
        ConfigurationError: an address is none.
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
        """Where the job servers are, as clients and workers take it."""
        return [server.url for server in self.servers]

    def client(self, **options: Any) -> Client[Any]:
        """Return a client of all job servers; the stage closes it at its end.

        Args:
            options: as for :class:`gearman_tx.Client`.
        """
        client: Client[Any] = Client(
            self.urls, reactor=self.reactor, **{"random": self._random, **options}
        )
        self._clients.append(client)
        return client

    def worker(self, **options: Any) -> Worker:
        """Return a worker of all job servers, to be given functions and to :meth:`start`.

        Args:
            options: as for :class:`gearman_tx.Worker`.
        """
        return Worker(self.urls, reactor=self.reactor, **{"random": self._random, **options})

    def start(self, worker: Worker) -> Worker:
        """Start a worker; the stage ends it at its own end.

        Args:
            worker: one of this stage's reactor is started as it is. One of another reactor, such as
                the worker of a program, is left alone, and a copy is started: with the same
                functions and options, but the job servers of the stage.

        Returns:
            The worker that runs.
        """
        if worker.reactor is not self.reactor:
            worker = worker.copy(self.urls, reactor=self.reactor, random=self._random)
        worker.start()
        self._workers.append(worker)
        self.reactor.advance(0)
        return worker

    def advance(self, seconds: float) -> None:
        """Let time pass: all that becomes due happens, each thing at its own time."""
        self.reactor.advance(seconds)

    def result(self, waiting: Awaitable[T], within: float = MOMENT) -> T:
        """Return the result of a task, a Deferred or a coroutine.

        Args:
            waiting: what to wait for; a coroutine is started.
            within: seconds that may pass meanwhile. No more pass than it needs; the default is
                enough for the short rests that client and worker take when there is much to do.

        Raises:
            NoResult: there is none yet. A task or a Deferred may be asked for again.
            Exception: what it failed with.
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
            return f"{text}, and nothing is due any more: it would wait for ever"
        return f"{text}; the next thing is due {due - self.reactor.seconds():g} seconds from now"

    def close(self) -> None:
        """End everything: what clients wait for fails, what runs is given up, servers are gone."""
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

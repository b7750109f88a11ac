"""Run one operation on several job servers at the same time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import click
from attrs import define

from gearman_tx.cli.errors import CommandError, explain, print_error
from gearman_tx.cli.waiting import explaining, say_waiting
from gearman_tx.errors import GearmanError

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred
    from twisted.python.failure import Failure

    from gearman_tx.admin import AdminClient
    from gearman_tx.link import Server

T = TypeVar("T")
Operation: TypeAlias = "Callable[[AdminClient], Deferred[T] | Coroutine[Deferred[Any], Any, T]]"


async def ask_all(
    servers: Sequence[Server],
    admins: Sequence[AdminClient],
    operation: Operation[T],
    reactor: Any,
    *,
    is_silent: bool = False,
) -> list[T | CommandError]:
    """Run ``operation`` on all servers and wait for all of them.

    Args:
        servers: the job servers.
        admins: a client for each of them.
        operation: is called with each client.
        reactor: has the clock.
        is_silent: whether to print no remark on servers that take long to answer.

    Returns:
        For each server the result of the operation, or the reason why it failed.

    Raises:
        Exception: an operation failed because of a fault in this program.
    """
    from twisted.internet.defer import Deferred, DeferredList  # noqa: PLC0415  # Twisted, which the Tab key does not need
    from twisted.python.failure import Failure  # noqa: PLC0415  # as above

    running = [Deferred.fromCoroutine(_awaited(operation(admin))) for admin in admins]

    def explain() -> None:
        late = [
            server.name
            for server, answer in zip(servers, running, strict=True)
            if not answer.called
        ]
        if not is_silent:
            say_waiting(f"no answer yet from {', '.join(late)}")

    with explaining(reactor, explain):
        answers: list[tuple[bool, Any]] = await DeferredList(running, consumeErrors=True)
    return [
        _error_of(answer, server) if isinstance(answer, Failure) else answer
        for server, (_, answer) in zip(servers, answers, strict=True)
    ]


def ask_everywhere(
    servers: Sequence[Server], timeout: float, operation: Operation[T]
) -> list[T | CommandError]:
    """Run the reactor until ``operation`` has ended on all servers.

    Args:
        servers: the job servers.
        timeout: seconds that each server has to connect, and to answer.
        operation: is called with a client for each server.

    Returns:
        For each server the result of the operation, or the reason why it failed.
    """
    from gearman_tx.admin import AdminClient  # noqa: PLC0415  # Twisted, which the Tab key does not need
    from gearman_tx.cli.running import run  # noqa: PLC0415  # as above

    async def ask(reactor: Any) -> list[T | CommandError]:
        admins = [AdminClient(server, timeout=timeout, reactor=reactor) for server in servers]
        return await ask_all(servers, admins, operation, reactor)

    return run(ask)


@define(eq=False)
class Everywhere:
    """Several job servers, for a command that asks them more than once.

    Attributes:
        servers: the job servers that have not failed.
        admins: a client for each of them.
        reactor: the reactor that runs.
        status: the highest exit status of the servers that have failed.
    """

    servers: list[Server]
    admins: list[AdminClient]
    reactor: Any
    status: int = 0

    async def do(self, operation: Operation[T]) -> dict[str, T]:
        """Run ``operation`` on the servers that have not failed, and print why some fail.

        Returns:
            The results of the operation by the names of the servers.
        """
        results: dict[str, T] = {}
        answers = await ask_all(self.servers, self.admins, operation, self.reactor)
        left: list[tuple[Server, AdminClient]] = []
        for server, admin, answer in zip(self.servers, self.admins, answers, strict=True):
            if isinstance(answer, CommandError):
                print_error(answer.message)
                self.status = max(self.status, answer.status)
            else:
                results[server.name] = answer
                left.append((server, admin))
        self.servers = [server for server, _ in left]
        self.admins = [admin for _, admin in left]
        return results


def run_everywhere(
    servers: Sequence[Server],
    timeout: float,
    main: Callable[[Everywhere], Coroutine[Deferred[Any], Any, T]],
) -> T:
    """Run the reactor until ``main`` has ended.

    Args:
        servers: the job servers.
        timeout: seconds that each server has to connect, and to answer.
        main: is called with the servers.

    Returns:
        The result of ``main``.

    Raises:
        click.exceptions.Exit: a server failed; the reason is printed on stderr.
    """
    from gearman_tx.admin import AdminClient  # noqa: PLC0415  # Twisted, which the Tab key does not need
    from gearman_tx.cli.running import run  # noqa: PLC0415  # as above

    found: list[Everywhere] = []

    async def begin(reactor: Any) -> T:
        admins = [AdminClient(server, timeout=timeout, reactor=reactor) for server in servers]
        found.append(Everywhere(list(servers), admins, reactor))
        return await main(found[0])

    result = run(begin)
    if found[0].status:
        raise click.exceptions.Exit(found[0].status)
    return result


def do_everywhere(
    servers: Sequence[Server], timeout: float, operation: Operation[T]
) -> dict[str, T]:
    """Run the reactor until ``operation`` has ended on all servers.

    Args:
        servers: the job servers.
        timeout: seconds that each server has to connect, and to answer.
        operation: is called with a client for each server.

    Returns:
        The results of the operation by the names of the servers.

    Raises:
        click.exceptions.Exit: it failed on some servers; the reasons are printed on stderr.
    """
    return run_everywhere(servers, timeout, lambda everywhere: everywhere.do(operation))


def _error_of(failure: Failure, server: Server) -> CommandError:
    """Return ``failure`` as a message that names ``server``.

    Raises:
        Exception: the failure is a fault in this program.
    """
    if not failure.check(CommandError, GearmanError):
        failure.raiseException()
    error = explain(failure.value)  # type: ignore[arg-type]  # its type was checked
    if server.name not in error.message:
        return CommandError(f"{server.name}: {error.message}", error.status)
    return error


async def _awaited(running: Deferred[T] | Coroutine[Deferred[Any], Any, T]) -> T:
    return await running

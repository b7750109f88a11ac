"""Run one operation on several job servers at the same time."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeAlias, TypeVar

import click
from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure

from gearman_tx.admin import AdminClient
from gearman_tx.cli.errors import CommandError, explain, print_error
from gearman_tx.cli.running import run
from gearman_tx.errors import GearmanError
from gearman_tx.link import Server

T = TypeVar("T")
Operation: TypeAlias = Callable[[AdminClient], Deferred[T] | Coroutine[Deferred[Any], Any, T]]


async def ask_all(
    servers: Sequence[Server], admins: Sequence[AdminClient], operation: Operation[T]
) -> list[T | CommandError]:
    """Run ``operation`` on all servers and wait for all of them.

    Args:
        servers: the job servers.
        admins: a client for each of them.
        operation: is called with each client.

    Returns:
        For each server the result of the operation, or the reason why it failed.

    Raises:
        Exception: an operation failed because of a fault in this program.
    """
    running = [Deferred.fromCoroutine(_awaited(operation(admin))) for admin in admins]
    answers: list[tuple[bool, Any]] = await DeferredList(running, consumeErrors=True)
    return [
        _error_of(answer, server) if isinstance(answer, Failure) else answer
        for server, (_, answer) in zip(servers, answers, strict=True)
    ]


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

    async def ask(reactor: Any) -> list[T | CommandError]:
        admins = [AdminClient(server, timeout=timeout, reactor=reactor) for server in servers]
        return await ask_all(servers, admins, operation)

    results: dict[str, T] = {}
    exit_code = 0
    for server, answer in zip(servers, run(ask), strict=True):
        if isinstance(answer, CommandError):
            print_error(answer.message)
            exit_code = max(exit_code, answer.status)
        else:
            results[server.name] = answer
    if exit_code:
        raise click.exceptions.Exit(exit_code)
    return results


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

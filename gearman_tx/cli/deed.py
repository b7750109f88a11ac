"""Deeds: something is done at each of several job servers, and each one's answer is told."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

import click
from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure

from gearman_tx.admin import AdminClient
from gearman_tx.cli.report import trouble_of
from gearman_tx.cli.running import run
from gearman_tx.cli.trouble import say
from gearman_tx.link import Server

T = TypeVar("T")


def do_everywhere(
    servers: list[Server],
    timeout: float,
    deed: Callable[[AdminClient], Deferred[T] | Coroutine[Deferred[Any], Any, T]],
) -> dict[str, T]:
    """Do ``deed`` at all servers at the same time.

    Args:
        servers: where.
        timeout: seconds that each may take to connect, and to answer.
        deed: is called with the way to one server.

    Returns:
        What the deed returned, by the name of the server.

    Raises:
        click.exceptions.Exit: not all servers did it. Which ones, and why, was told on stderr.
    """

    async def do_all(reactor: Any) -> list[tuple[bool, Any]]:
        doing = []
        for server in servers:
            admin = AdminClient(server, timeout=timeout, reactor=reactor)
            doing.append(Deferred.fromCoroutine(_awaited(deed(admin))))
        return await DeferredList(doing, consumeErrors=True)

    done: dict[str, T] = {}
    exit_code = 0
    for server, (_, answer) in zip(servers, run(do_all), strict=True):
        if isinstance(answer, Failure):
            trouble = trouble_of(answer, server)
            say(trouble.message)
            exit_code = max(exit_code, trouble.status)
        else:
            done[server.name] = answer
    if exit_code:
        raise click.exceptions.Exit(exit_code)
    return done


async def _awaited(doing: Deferred[T] | Coroutine[Deferred[Any], Any, T]) -> T:
    return await doing

"""Run the reactor until the coroutine of a command has ended."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ReactorNotRunning
from twisted.python.failure import Failure

from gearman_tx.cli.errors import CommandError, ExitStatus

T = TypeVar("T")


def run(main: Callable[[Any], Coroutine[Deferred[Any], Any, T]]) -> T:
    """Run ``main`` in the reactor until it has ended.

    SIGINT and SIGTERM cancel it. A reactor can run only once in a process, so this function can be
    called only once.

    Args:
        main: is called with the reactor.

    Returns:
        The result of ``main``.

    Raises:
        CommandError: a signal cancelled it.
        Exception: the exception of ``main``.
    """
    from twisted.internet import reactor  # importing it installs one

    outcome: list[T | Failure] = []

    def start() -> None:
        running = Deferred.fromCoroutine(main(reactor))
        reactor.addSystemEventTrigger("before", "shutdown", running.cancel)
        running.addBoth(outcome.append)
        running.addBoth(lambda _: stop())

    def stop() -> None:
        with suppress(ReactorNotRunning):  # a signal has stopped it
            reactor.stop()

    reactor.callWhenRunning(start)
    reactor.run()
    result = outcome[0] if outcome else Failure(CancelledError())
    if not isinstance(result, Failure):
        return result
    if result.check(CancelledError):
        raise CommandError("interrupted", ExitStatus.INTERRUPTED)
    raise result.value  # type: ignore[misc]  # it is an exception

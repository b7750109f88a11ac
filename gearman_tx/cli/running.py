"""Run a coroutine, and with it the reactor, for a command."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ReactorNotRunning
from twisted.python.failure import Failure

from gearman_tx.cli import exit_status
from gearman_tx.cli.trouble import Trouble

T = TypeVar("T")


def run(main: Callable[[Any], Coroutine[Deferred[Any], Any, T]]) -> T:
    """Run ``main`` to its end.

    SIGINT and SIGTERM cancel it. The reactor runs once in a process, and so does this.

    Args:
        main: is called with the reactor.

    Returns:
        What it returns.

    Raises:
        Trouble: a signal came first.
        Exception: what it raises.
    """
    from twisted.internet import reactor  # importing it chooses one

    outcome: list[T | Failure] = []

    def begin() -> None:
        running = Deferred.fromCoroutine(main(reactor))
        reactor.addSystemEventTrigger("before", "shutdown", running.cancel)
        running.addBoth(outcome.append)
        running.addBoth(lambda _: stop())

    def stop() -> None:
        with suppress(ReactorNotRunning):  # it is stopping already: a signal came
            reactor.stop()

    reactor.callWhenRunning(begin)
    reactor.run()
    result = outcome[0] if outcome else Failure(CancelledError())
    if not isinstance(result, Failure):
        return result
    if result.check(CancelledError):
        raise Trouble("interrupted", exit_status.INTERRUPTED)
    raise result.value  # type: ignore[misc]  # an exception

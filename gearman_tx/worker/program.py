"""A worker as a whole program: it runs until it is told to stop, once politely, twice at once."""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gearman_tx.worker.worker import Worker


def run(worker: Worker) -> str:
    """Start ``worker`` and run its reactor until the worker has ended.

    The first SIGTERM or SIGINT lets it finish what runs and take no more; the second gives the
    unfinished jobs back to the job servers.

    Returns:
        Why it ended.

    Raises:
        twisted.internet.error.ReactorNotRestartable: the reactor ran before.
    """
    reactor = worker.reactor
    reasons: list[str] = []

    def ended(reason: str) -> None:
        reasons.append(reason)
        reactor.stop()

    def told(number: int, _frame: object) -> None:
        name = signal.Signals(number).name
        tell: Callable[[str], Any] = worker.stop if worker.reason is None else worker.give_back
        reactor.callFromThread(tell, f"{name} came")

    def begin() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, told)
        worker.when_ended().addCallback(ended)
        worker.start()

    reactor.callWhenRunning(begin)
    reactor.run(installSignalHandlers=False)
    return reasons[0]

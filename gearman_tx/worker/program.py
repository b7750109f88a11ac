"""A worker as a whole program: it runs until it is told to stop, once politely, twice at once."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from gearman_tx.worker.worker import Worker

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def run(worker: Worker) -> str:
    """Start ``worker`` and run its reactor until the worker has ended.

    The first SIGTERM or SIGINT lets it finish what runs and take no more; the second gives the
    unfinished jobs back to the job servers. When somebody else stops the reactor, they are given
    back as well.

    Returns:
        Why it ended.

    Raises:
        RuntimeError: the worker was started, or stopped, before.
        twisted.internet.error.ReactorNotRestartable: the reactor ran before.
    """
    reactor = worker.reactor

    def tell(name: str) -> None:
        end: Callable[[str], Any] = worker.give_back if worker.is_stopping else worker.stop
        end(f"{name} came")

    def told(number: int, _frame: FrameType | None) -> None:
        # A handler may run at any moment; the reactor is told as by another thread.
        reactor.callFromThread(tell, signal.Signals(number).name)

    def begin() -> None:
        for number in SIGNALS:
            signal.signal(number, told)  # in the place of Twisted's, which end the reactor

    def stopped() -> Any:
        ended.cancel()
        return worker.give_back("the reactor was stopped")

    worker.start()
    ended = worker.when_ended()
    ended.addCallbacks(lambda _: reactor.stop(), lambda _: None)
    reactor.addSystemEventTrigger("before", "shutdown", stopped)
    reactor.callWhenRunning(begin)
    before = [(number, signal.getsignal(number)) for number in SIGNALS]
    try:
        reactor.run()
    finally:
        for number, handler in before:
            signal.signal(number, handler)
    return worker.reason or ""

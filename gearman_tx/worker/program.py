"""A worker as a whole program: it runs until a signal stops it, or two signals at once."""

from __future__ import annotations

import signal
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from twisted.logger import Logger

if TYPE_CHECKING:
    from gearman_tx.worker.worker import Worker

_log = Logger("gearman_tx.worker")

SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


def run(worker: Worker) -> str:
    """Start ``worker`` and run its reactor until the worker has ended.

    After the first SIGTERM or SIGINT it takes no more jobs and finishes the running ones; the
    second signal gives the unfinished jobs back to the job servers. They are also given back when
    the program itself stops the reactor.

    Returns:
        The reason why it ended.

    Raises:
        RuntimeError: the worker was started, or stopped, before.
        twisted.internet.error.ReactorNotRestartable: the reactor ran before.
    """
    reactor = worker.reactor

    def stop(name: str) -> None:
        if worker.is_stopping:
            worker.give_back(f"{name} came")
        else:
            worker.stop(f"{name} came")
            if worker.running:
                _log.warn("another SIGTERM or SIGINT gives its jobs back to the job servers")

    def handle_signal(number: int, _frame: FrameType | None) -> None:
        # A signal handler may run at any moment, like another thread.
        reactor.callFromThread(stop, signal.Signals(number).name)

    def set_handlers() -> None:
        for number in SIGNALS:
            signal.signal(number, handle_signal)  # replaces Twisted's, which stops the reactor

    def reactor_stops() -> Any:
        ended.cancel()
        return worker.give_back("the reactor was stopped")

    worker.start()
    ended = worker.when_ended()
    ended.addCallbacks(lambda _: reactor.stop(), lambda _: None)
    reactor.addSystemEventTrigger("before", "shutdown", reactor_stops)
    reactor.callWhenRunning(set_handlers)
    before = [(number, signal.getsignal(number)) for number in SIGNALS]
    try:
        reactor.run()
    finally:
        for number, handler in before:
            signal.signal(number, handler)
    return worker.reason or ""

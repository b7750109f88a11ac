"""The reactor in a thread of its own, for programs that do not use Twisted themselves.

Theory of operation. The first call that needs a job server starts Twisted's reactor in a daemon
thread; one thread serves the whole process. Calls are passed to it through crochet and wait for the
outcome in the caller's thread, where Ctrl-C can interrupt them. If the program runs the reactor
itself, or lets crochet run it, that reactor is used.

The thread ends with the interpreter, after all threads that the program waits for: crochet's own
set-up would end it with the main thread, and workers in other threads with it. A forked process
does not have the thread, so its calls raise an error.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Final, cast

from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.logger import (
    FilteringLogObserver,
    LogEvent,
    PredicateResult,
    STDLibLogObserver,
    globalLogPublisher,
)
from twisted.python.failure import Failure

from gearman_tx.blocking.errors import ReactorUnavailable
from gearman_tx.errors import TimedOut

try:
    import crochet
except ImportError as error:
    text = "gearman_tx.blocking needs the package crochet: pip install 'gearman-tx[blocking]'"
    raise ImportError(text) from error

STOP_SECONDS: Final = 5.0
"""Seconds that the thread has to end when the interpreter does."""

_PACKAGE: Final = "gearman_tx"
_FORKED: Final = (
    "this process was forked from one that had used gearman_tx.blocking already, and does not have "
    "the thread that talks to the job servers: fork before the first call that needs a job server, "
    "or start processes with multiprocessing's method 'spawn' or 'forkserver'"
)
_ENDED: Final = (
    "the thread that talks to the job servers has ended: the interpreter is shutting down, or the "
    "program stopped the reactor, which does not start twice"
)


class ReactorThread:
    """The reactor for all blocking calls of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: int | None = None
        self._thread: threading.Thread | None = None
        self._reactor: Any = None
        self._has_ended = False

    def start(self) -> Any:
        """Return the reactor; start it if that is not done yet.

        Raises:
            ReactorUnavailable: this process was forked from one that started it, or it has ended.
        """
        if self._process is None:
            with self._lock:
                if self._process is None:
                    self._begin()
                    self._process = os.getpid()
        if self._process != os.getpid():
            raise ReactorUnavailable(_FORKED)
        if self._has_ended:
            raise ReactorUnavailable(_ENDED)
        return self._reactor

    def call(
        self, function: Callable[..., Any], *arguments: Any, timeout: float | None = None
    ) -> Any:
        """Call a function in the reactor's thread and wait for its outcome.

        Args:
            function: the function; it may return a Deferred.
            arguments: its arguments.
            timeout: seconds to wait, or None for ever. A Deferred is cancelled when it takes
                longer, or when the waiting is interrupted.

        Returns:
            The function's result, or that of its Deferred.

        Raises:
            TimedOut: the timeout has passed.
            ReactorUnavailable: the process was forked, or the reactor has ended.
            RuntimeError: this is the reactor's thread, which must not wait.
            Exception: the exception of the function or of its Deferred.
        """
        self.start()
        try:
            result = _begin(function, *arguments)
        except crochet.ReactorStopped as error:
            raise ReactorUnavailable(_ENDED) from error
        try:
            return result.wait(cast("float", timeout))  # None is for ever
        except crochet.ReactorStopped as error:
            raise ReactorUnavailable(_ENDED) from error
        except crochet.TimeoutError:
            self._abandon(result)
            raise TimedOut(f"it took more than {timeout:g} seconds") from None
        except BaseException:
            self._abandon(result)
            raise

    def post(self, function: Callable[..., object], *arguments: Any) -> None:
        """Call a function in the reactor's thread, and return without waiting for it."""
        if self._process == os.getpid():
            self._reactor.callFromThread(function, *arguments)

    def _abandon(self, result: Any) -> None:
        """Cancel a call that no thread waits for; crochet needs the result until that is done."""
        result.cancel()
        self._reactor.callFromThread(lambda _result: None, result)

    def _begin(self) -> None:
        from twisted.internet import reactor

        self._reactor = reactor
        try:
            crochet.no_setup()
        except RuntimeError:
            return  # the program has set crochet up, and crochet runs the reactor
        if self._reactor.running:
            return  # a program that uses Twisted calls from one of its threads
        _log_to_logging()
        # Host names are resolved in the reactor's pool; its threads must not outlive the program.
        pool = self._reactor.getThreadPool()
        pool.threadFactory = partial(threading.Thread, daemon=True)
        self._thread = threading.Thread(
            target=partial(self._reactor.run, installSignalHandlers=False),
            name="gearman_tx-reactor",
            daemon=True,
        )
        self._thread.start()
        atexit.register(self._end)

    def _end(self) -> None:
        """End the thread with the interpreter that started it.

        Only daemon threads may still wait for a call; they end without an error.
        """
        if self._thread is not None and self._process == os.getpid():
            self._has_ended = True
            self._reactor.callFromThread(self._reactor.crash)
            self._thread.join(STOP_SECONDS)


THREAD: Final = ReactorThread()
"""The reactor thread of this process."""


@crochet.run_in_reactor
def _begin(function: Callable[..., Any], *arguments: Any) -> Deferred[Any]:
    """Call ``function``; ignore a cancelled outcome, because no thread waits for it any more."""
    return maybeDeferred(function, *arguments).addErrback(_forget_cancelled)


def _forget_cancelled(reason: Failure) -> None:
    reason.trap(CancelledError)


def _log_to_logging() -> None:
    """Pass the log of this package to Python's ``logging``, as the logger ``gearman_tx``."""
    logging.getLogger(_PACKAGE).addHandler(logging.NullHandler())
    observer = FilteringLogObserver(STDLibLogObserver(_PACKAGE), [cast("Any", _is_ours)])
    globalLogPublisher.addObserver(observer)


def _is_ours(event: LogEvent) -> Any:
    """Return whether a log event comes from this package."""
    namespace = str(event.get("log_namespace", ""))
    is_ours = namespace == _PACKAGE or namespace.startswith(f"{_PACKAGE}.")
    return PredicateResult.maybe if is_ours else PredicateResult.no

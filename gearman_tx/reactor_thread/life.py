"""The reactor while it runs for one process, and the calls that wait for it.

Theory of operation. The first call starts a thread, which runs the reactor. If the program runs the
reactor itself, or another library does, the thread only watches that reactor. Either way it is the
thread that notices the end, however the reactor ends, and then fails every call that still waits:
no caller waits for an answer that cannot come. A later call begins again, which succeeds only if
the program runs its reactor once more.

The thread ends with the interpreter, after all threads that the program waits for. Only daemon
threads may still wait for a call then; they end without an error.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from functools import partial
from typing import Any, Final

from twisted.internet.error import ReactorAlreadyRunning, ReactorNotRestartable
from twisted.python import threadable

from gearman_tx.errors import ReactorUnavailable
from gearman_tx.reactor_thread.installed import is_run_here, reactor_to_run, will_be_hidden
from gearman_tx.reactor_thread.log import log_to_logging
from gearman_tx.reactor_thread.outcome import Outcome

START_SECONDS: Final = 10.0
"""Seconds that the reactor may take to start."""

STOP_SECONDS: Final = 5.0
"""Seconds that the thread has to end when the interpreter does."""

LOOK_SECONDS: Final = 0.5
"""Seconds between two looks at a reactor that the program runs itself."""

_ENDED: Final = (
    "the thread that talks to the job servers has ended: the interpreter is shutting down, or the "
    "program stopped the reactor, which does not start twice"
)


class Life:
    """The reactor's thread in one process."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._lock = threading.Lock()  # held by the thread that starts the reactor
        self._reactor: Any = None  # while it runs
        self._pending: dict[Outcome, None] = {}
        self._is_over = False  # the interpreter ends

    @property
    def running(self) -> Any:
        """The reactor if it runs, else None."""
        return self._reactor

    def reactor(self) -> Any:
        """Return the reactor, which runs; start it if it does not.

        Raises:
            ReactorUnavailable: it cannot be started.
        """
        reactor = self._reactor
        if reactor is None:
            with self._lock:
                reactor = self._reactor
                if reactor is None:
                    reactor = self._start()
        return reactor

    def begin(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Outcome:
        """Have the reactor's thread call ``function``.

        Raises:
            ReactorUnavailable: the reactor cannot be started.
        """
        reactor = self.reactor()
        outcome = Outcome()
        self._pending[outcome] = None
        outcome.add_done_callback(self._is_done)
        reactor.callFromThread(outcome.run, function, arguments)
        if self._reactor is not reactor and not self._is_over:
            outcome.fail(ReactorUnavailable(_ENDED))  # it ended just now, and may have missed this
        return outcome

    def _is_done(self, outcome: Future[Any]) -> None:
        assert isinstance(outcome, Outcome), "this is the callback of no other future"
        self._pending.pop(outcome, None)
        reactor = self._reactor
        if outcome.cancelled() and reactor is not None:
            reactor.callFromThread(outcome.stop)

    def _start(self) -> Any:
        if self._is_over:
            raise ReactorUnavailable(_ENDED)
        reactor = reactor_to_run()
        started: Future[None] = Future()
        thread = threading.Thread(
            target=self._live, args=(reactor, started), name="gearman_tx-reactor", daemon=True
        )
        try:
            thread.start()
            if is_run_here(reactor) and threadable.isInIOThread():
                self._has_started(reactor, started, thread)  # this is the reactor's own thread
            started.result(START_SECONDS)
        except TimeoutError:
            text = f"Twisted's reactor did not start in {START_SECONDS:g} seconds"
            raise ReactorUnavailable(text) from None
        except RuntimeError as error:
            text = f"the thread of Twisted's reactor cannot be started: {error}"
            raise ReactorUnavailable(text) from error
        return reactor

    def _live(self, reactor: Any, started: Future[None]) -> None:
        """In the thread: run the reactor, or watch it, until it has ended."""
        why: BaseException | None = None
        try:
            reactor.callFromThread(self._has_started, reactor, started, threading.current_thread())
            self._run_or_watch(reactor, started)
        except BaseException as error:  # noqa: BLE001  # raised again in the threads that wait
            why = error
        finally:
            unavailable = ReactorUnavailable(_ENDED if why is None else f"{_ENDED}: {why!r}")
            unavailable.__cause__ = why
            if not started.done():
                started.set_exception(unavailable)
            self._fail_all(unavailable)

    @staticmethod
    def _run_or_watch(reactor: Any, started: Future[None]) -> None:
        if not is_run_here(reactor):
            try:
                reactor.run(installSignalHandlers=False)
            except ReactorAlreadyRunning:
                pass  # another library was faster
            except ReactorNotRestartable:
                return
            else:
                return
        wait([started], START_SECONDS)
        pause = threading.Event()
        while is_run_here(reactor):
            pause.wait(LOOK_SECONDS)

    def _has_started(self, reactor: Any, started: Future[None], thread: threading.Thread) -> None:
        """In the reactor's thread: it runs."""
        if started.done():
            return
        if threading.current_thread() is thread:
            will_be_hidden(reactor)
            log_to_logging()
            # Host names are resolved in the reactor's pool; its threads must not outlive the
            # program.
            pool = reactor.getThreadPool()
            pool.threadFactory = partial(threading.Thread, daemon=True)
            atexit.register(self._end_with_interpreter, reactor, thread)
        else:
            ended = ReactorUnavailable(_ENDED)
            reactor.addSystemEventTrigger("before", "shutdown", self._fail_all, ended)
        self._reactor = reactor
        started.set_result(None)

    def _fail_all(self, error: ReactorUnavailable) -> None:
        """Fail the calls that wait: the reactor has ended, or is about to."""
        self._reactor = None
        while self._pending and not self._is_over:
            outcome, _ = self._pending.popitem()
            outcome.fail(error)

    def _end_with_interpreter(self, reactor: Any, thread: threading.Thread) -> None:
        """End the thread; only daemon threads may still wait for a call."""
        if os.getpid() == self._process and self._reactor is reactor:
            self._is_over = True
            self._reactor = None
            reactor.callFromThread(reactor.crash)
            thread.join(STOP_SECONDS)

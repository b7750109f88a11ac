"""Calls from other threads, in the one reactor thread of the process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.python import threadable

from gearman_tx.errors import TimedOut
from gearman_tx.reactor_thread.life import Life
from gearman_tx.reactor_thread.outcome import Outcome
from gearman_tx.reactor_thread.per_process import PerProcess


class ReactorThread:
    """The reactor for all calls of this process that come from other threads.

    It starts with the first call. If the program runs the reactor itself, or lets another library
    do so, that reactor is used. A forked process starts a reactor of its own.
    """

    def __init__(self) -> None:
        self._lives = PerProcess(Life)

    def start(self) -> Any:
        """Return the reactor, which runs.

        Raises:
            ReactorUnavailable: it cannot be started.
        """
        return self._lives().reactor()

    def begin(self, function: Callable[..., Any], *arguments: Any) -> Outcome:
        """Have a function called in the reactor's thread, and return without waiting.

        Args:
            function: the function; it may return a Deferred or a coroutine.
            arguments: its arguments.

        Returns:
            A future that ends with the function's result, or with that of its Deferred; with
            ReactorUnavailable when the reactor ends before. Cancelling it cancels the Deferred.

        Raises:
            ReactorUnavailable: the reactor cannot be started.
        """
        return self._lives().begin(function, arguments)

    def call(
        self, function: Callable[..., Any], *arguments: Any, timeout: float | None = None
    ) -> Any:
        """Call a function in the reactor's thread and wait for its outcome.

        Args:
            function: the function; it may return a Deferred or a coroutine.
            arguments: its arguments.
            timeout: seconds to wait; None for as long as it takes. A Deferred is cancelled when it
                takes longer, or when the waiting is interrupted.

        Returns:
            The function's result, or that of its Deferred.

        Raises:
            TimedOut: the timeout has passed.
            ReactorUnavailable: the reactor cannot be started, or has ended meanwhile.
            RuntimeError: this is the reactor's thread, which must not wait.
            Exception: the exception of the function or of its Deferred.
        """
        self.start()
        if threadable.isInIOThread():
            raise RuntimeError("a call that waits was made in the reactor's own thread")
        outcome = self.begin(function, *arguments)
        try:
            return outcome.result(timeout)
        except TimeoutError:
            if not outcome.cancel():  # it has ended just now, or with a TimeoutError of its own
                return outcome.result()
            raise TimedOut(f"it took more than {timeout:g} seconds") from None
        finally:
            outcome.cancel()  # has an effect only if the waiting was interrupted

    def post(self, function: Callable[..., object], *arguments: Any) -> None:
        """Have a function called in the reactor's thread if that runs; else do nothing."""
        life = self._lives.peek()
        reactor = None if life is None else life.running
        if reactor is not None:
            reactor.callFromThread(function, *arguments)


THREAD: Final = ReactorThread()
"""The reactor thread of this process."""

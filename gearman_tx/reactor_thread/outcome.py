"""The outcome of one call in the reactor's thread, for a thread or an event loop that waits."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure


class Outcome(Future[Any]):
    """A future that one call in the reactor's thread ends.

    Whatever the call does, it ends the future: with its result, with that of its Deferred, or with
    an exception of any kind. Cancelling the future cancels the Deferred.
    """

    def __init__(self) -> None:
        super().__init__()
        self._deferred: Deferred[Any] | None = None

    def run(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """In the reactor's thread: make the call, unless the future was cancelled meanwhile."""
        if self.cancelled():
            return
        try:
            result = function(*arguments)
            if inspect.iscoroutine(result):
                result = Deferred.fromCoroutine(result)
        except BaseException as error:  # noqa: BLE001  # raised again where it is waited for
            self.fail(error)
            return
        if isinstance(result, Deferred):
            self._deferred = result
            result.addCallbacks(self._succeed, self._failed)
        else:
            self._succeed(result)

    def stop(self) -> None:
        """In the reactor's thread: cancel the Deferred, because the future was cancelled."""
        if self._deferred is not None:
            self._deferred.cancel()

    def fail(self, error: BaseException | None) -> None:
        """End with ``error``, unless it has ended."""
        with suppress(InvalidStateError):
            self.set_exception(error)

    def _succeed(self, result: Any) -> None:
        with suppress(InvalidStateError):
            self.set_result(result)

    def _failed(self, reason: Failure) -> None:
        self.fail(reason.value)

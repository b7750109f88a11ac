"""Signals: what they do to the job server, as in the C server."""

from __future__ import annotations

import signal
import threading
from typing import TYPE_CHECKING, Any

from attrs import define, field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Handlers = Mapping[signal.Signals, Callable[[], None]]


@define(eq=False)
class SignalHandlers:
    """Have functions called in the reactor when signals arrive.

    A signal interrupts the program anywhere, so the handler itself only tells the reactor.

    Args:
        reactor: calls the functions.
        handlers: what to call for each signal.
    """

    _reactor: Any
    _handlers: Handlers
    _before: dict[signal.Signals, Any] = field(factory=dict)

    def install(self) -> None:
        """Take the signals over; again, when somebody else took them meanwhile.

        Only the main thread can; in another one, and so in tests, nothing happens.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        for number in self._handlers:
            before = signal.signal(number, self._arrived)
            self._before.setdefault(number, before)

    def _arrived(self, number: int, _frame: object) -> None:
        self._reactor.callFromThread(self._handlers[signal.Signals(number)])

    def restore(self) -> None:
        """Give the signals back to whom they belonged."""
        while self._before:
            number, before = self._before.popitem()
            signal.signal(number, before if before is not None else signal.SIG_DFL)

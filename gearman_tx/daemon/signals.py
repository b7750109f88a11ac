"""The signals of the job server, with the meanings of the C server."""

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
    """Calls functions in the reactor when signals arrive.

    A signal interrupts the program anywhere, so the signal handler only schedules the call.

    Args:
        reactor: calls the functions.
        handlers: the function of each signal.
    """

    _reactor: Any
    _handlers: Handlers
    _before: dict[signal.Signals, Any] = field(factory=dict)

    def install(self) -> None:
        """Take the signals; a second call takes back signals that other code took meanwhile.

        Python allows this only in the main thread. In another thread nothing happens.
        """
        if threading.current_thread() is not threading.main_thread():
            return
        for number in self._handlers:
            before = signal.signal(number, self._arrived)
            self._before.setdefault(number, before)

    def _arrived(self, number: int, _frame: object) -> None:
        self._reactor.callFromThread(self._handlers[signal.Signals(number)])

    def restore(self) -> None:
        """Restore the signal handlers from before :meth:`install`."""
        while self._before:
            number, before = self._before.popitem()
            signal.signal(number, before if before is not None else signal.SIG_DFL)

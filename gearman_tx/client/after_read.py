"""What is done once for a read, however many packets it brings."""

from __future__ import annotations

from collections.abc import Callable


class AfterRead:
    """Calls functions when all packets of the present read are dealt with.

    All connections of a client share one: while one of them reads, no other one does.
    """

    def __init__(self) -> None:
        self._is_reading = False
        self._calls: list[Callable[[], None]] = []

    def call(self, function: Callable[[], None]) -> None:
        """Call ``function`` when the read ends, or at once when there is none."""
        if self._is_reading:
            self._calls.append(function)
        else:
            function()

    def begin(self) -> None:
        """Note that a read begins."""
        self._is_reading = True

    def end(self) -> None:
        """Note that its packets are dealt with, and make the calls."""
        self._is_reading = False
        if self._calls:
            calls, self._calls = self._calls, []
            for function in calls:
                function()

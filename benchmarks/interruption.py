"""Ctrl-C and SIGTERM end a run in good order.

A signal raises KeyboardInterrupt, so that every context stops what it started. A signal that comes
while a process is being started waits until a context can stop that process. Later signals are
ignored, because they would interrupt the stopping.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from typing import Final

from attrs import define


@define(eq=False)
class Interruption:
    """Whether the user wants to end the run.

    Attributes:
        is_wanted: whether a signal came.
        is_raised: whether the run was interrupted for it.
        shields: number of contexts that delay it.
    """

    is_wanted: bool = False
    is_raised: bool = False
    shields: int = 0

    @contextlib.contextmanager
    def listening(self) -> Iterator[None]:
        """Handle signals until the context ends."""
        self.is_wanted = self.is_raised = False
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = [(number, signal.signal(number, self._heard)) for number in numbers]
        try:
            yield
        finally:
            for number, handler in before:
                signal.signal(number, handler)

    def _heard(self, *_: object) -> None:
        self.is_wanted = True
        self._raise()

    def _raise(self) -> None:
        if self.is_wanted and not self.is_raised and not self.shields:
            self.is_raised = True
            raise KeyboardInterrupt

    @contextlib.contextmanager
    def put_off(self) -> Iterator[None]:
        """Delay an interruption until the context ends."""
        self.shields += 1
        try:
            yield
        finally:
            self.shields -= 1
        self._raise()


INTERRUPTION: Final = Interruption()
"""The one of this process: signals belong to a process."""

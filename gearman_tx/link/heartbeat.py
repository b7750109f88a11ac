"""Notice a server that is gone without having said so: nobody answers, nobody hangs up.

A tick every ``interval`` seconds. One in which nothing was heard sends a probe; another one
without a sound and the peer is dead. So a silent peer is found after two to three intervals, and a
busy connection pays one attribute per read, not a look at the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime

DEFAULT_HEARTBEAT: Final = 15.0
"""Seconds of silence after which a server is asked whether it is there."""


@define(eq=False)
class Heartbeat:
    """The watch over one connection.

    Attributes:
        clock: calls at each tick.
        interval: seconds between two ticks; 0 means no watch at all.
        probe: sends something that the peer answers.
        unsent: how many bytes wait to be taken by the peer; a change is a sign of life too.
        dead: told what was found, once.
        is_heard: whether something was heard since the last tick; set it to True on every read.
    """

    clock: IReactorTime
    interval: float
    probe: Callable[[], None]
    unsent: Callable[[], int]
    dead: Callable[[str], None]
    is_heard: bool = field(default=False, init=False)
    _unsent_before: int = field(default=0, init=False)
    _is_probed: bool = field(default=False, init=False)
    _call: IDelayedCall | None = field(default=None, init=False)

    def start(self) -> None:
        """Begin to watch."""
        if self.interval > 0:
            self._call = self.clock.callLater(self.interval, self._tick)

    def stop(self) -> None:
        """Watch no longer."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _tick(self) -> None:
        unsent = self.unsent()
        if self.is_heard or unsent != self._unsent_before:
            self.is_heard = self._is_probed = False
        elif self._is_probed:
            # A program that kept the reactor busy may not have read an answer that is there.
            self._call = self.clock.callLater(0, self._decide)
            return
        else:
            self._is_probed = True
            self.probe()
            unsent = self.unsent()
        self._unsent_before = unsent
        self._call = self.clock.callLater(self.interval, self._tick)

    def _decide(self) -> None:
        """Find the peer dead, now that all which had arrived is read."""
        if self.is_heard:
            self._tick()
        else:
            self._call = None
            self.dead(f"nothing was heard for more than {2 * self.interval:g} seconds")

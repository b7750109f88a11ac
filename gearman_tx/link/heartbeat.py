"""Notice a server that is gone without closing its connection.

There is a tick every ``interval`` seconds. If nothing was received since the last tick, a probe is
sent; if nothing was received until the next one either, the peer is dead. So a silent peer is found
after two to three intervals, and a busy connection pays one attribute per read, not a clock call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime

DEFAULT_HEARTBEAT: Final = 15.0
"""Seconds of silence after which a server is probed."""


@define(eq=False)
class Heartbeat:
    """The watch over one connection.

    Attributes:
        clock: the reactor.
        interval: seconds between two ticks; 0 disables the watch.
        probe: sends a packet that the peer answers.
        unsent: returns how many bytes the peer has not taken yet; a change is a sign of life too.
        dead: called once with the reason when the peer is found dead.
        is_heard: whether bytes arrived since the last tick; set it to True on every read.
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
        """Start the watch."""
        if self.interval > 0:
            self._call = self.clock.callLater(self.interval, self._tick)

    def stop(self) -> None:
        """Stop the watch."""
        if self._call is not None:
            self._call.cancel()
            self._call = None

    def _tick(self) -> None:
        unsent = self.unsent()
        if self.is_heard or unsent != self._unsent_before:
            self.is_heard = self._is_probed = False
        elif self._is_probed:
            # If the program kept the reactor busy, an answer may have arrived unread.
            self._call = self.clock.callLater(0, self._decide)
            return
        else:
            self._is_probed = True
            self.probe()
            unsent = self.unsent()
        self._unsent_before = unsent
        self._call = self.clock.callLater(self.interval, self._tick)

    def _decide(self) -> None:
        """Decide whether the peer is dead, now that all bytes that had arrived are read."""
        if self.is_heard:
            self._tick()
        else:
            self._call = None
            self.dead(f"nothing was heard for more than {2 * self.interval:g} seconds")

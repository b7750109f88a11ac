"""The delays before a lost server is tried again: doubling, capped, jittered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import define, field, validators

FIRST_DELAY: Final = 0.2
MOST_DELAY: Final = 30.0
STABLE_AFTER: Final = 10.0

_FACTOR: Final = 2.0
_MOST_DOUBLINGS: Final = 64  # far above any cap, and no float overflows


@define(eq=False)
class Backoff:
    """The delays before one server is tried again, for a ``ClientService``.

    A delay is drawn between half and all of the nominal delay, so that the clients of a restarted
    server do not come back at the same time. A connection that lasted resets the delay; one that
    ended at once does not, so a server that accepts and closes is not tried in a hot loop.

    Attributes:
        seconds: tells the time.
        random: draws from 0 to 1.
        first: the nominal delay after the first failure, in seconds.
        most: the largest nominal delay, in seconds.
        stable_after: how long a connection must last to reset the delay, in seconds.
    """

    seconds: Callable[[], float]
    random: Callable[[], float]
    first: float = field(default=FIRST_DELAY, validator=validators.gt(0))
    most: float = field(default=MOST_DELAY, validator=validators.gt(0))
    stable_after: float = field(default=STABLE_AFTER, validator=validators.ge(0))
    _failures: int = field(default=0, init=False)
    _connected_at: float | None = field(default=None, init=False)

    def connected(self) -> None:
        """Note that a connection was made just now."""
        self._connected_at = self.seconds()

    def __call__(self, _attempt: int) -> float:
        """Return the seconds to wait; called once for each failed or lost connection.

        Twisted's own count of attempts is not used: every connection resets it.
        """
        if self._connected_at is not None:
            if self.seconds() - self._connected_at >= self.stable_after:
                self._failures = 0
            self._connected_at = None
        due = min(self.most, self.first * _FACTOR ** min(self._failures, _MOST_DOUBLINGS))
        self._failures += 1
        return due * (0.5 + self.random() / 2)

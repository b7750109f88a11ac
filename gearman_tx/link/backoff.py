"""How long to wait before a lost server is tried again: doubling, capped, jittered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from attrs import define, field, validators

FIRST_DELAY: Final = 0.2
MOST_DELAY: Final = 30.0
STABLE_AFTER: Final = 10.0

_FACTOR: Final = 2.0
_MOST_DOUBLINGS: Final = 64  # far above any cap, far below what a float cannot hold


@define(eq=False)
class Backoff:
    """The delays before one server is tried again, for a ``ClientService``.

    A delay is drawn between half and all of what is due, so that the clients of a server that
    restarts do not come back in one moment. A connection that lasted begins the row anew; one that
    ended at once does not, so a server that accepts and hangs up is not tried in a hot loop.

    Attributes:
        seconds: tells the time.
        random: draws from 0 to 1.
        first: what is due after the first failure, in seconds.
        most: what is due at most, in seconds.
        stable_after: how long a connection must last to begin the row anew, in seconds.
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

        Twisted's own count of attempts is not used: it begins anew with every connection.
        """
        if self._connected_at is not None:
            if self.seconds() - self._connected_at >= self.stable_after:
                self._failures = 0
            self._connected_at = None
        due = min(self.most, self.first * _FACTOR ** min(self._failures, _MOST_DOUBLINGS))
        self._failures += 1
        return due * (0.5 + self.random() / 2)

"""Let a reactor measure time with the monotonic clock, which is never set.

Theory of operation. A reactor of Twisted keeps for each timed call the time of day at which it is
due, and reads the system clock for it. When that clock is set back by an hour, every call comes an
hour late, and so does everything that waits for one: time limits, reconnections, the end of a turn.
When it is set forward, every call comes at once. Only the reactor itself can be mended, because
Twisted's own transports and endpoints ask it for their calls.

So the reactor gets another source of time, which goes on from the system clock's present seconds
with those that the monotonic clock counts. There is no step, so calls that wait already, and
programs that read ``reactor.seconds()`` as Unix time, do not notice the change. What the system
clock is set to later does not matter any more.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from gearman_tx.link.twisted_probe import reads_system_clock

if TYPE_CHECKING:
    from collections.abc import Callable


def keep_steady(reactor: Any) -> None:
    """Make the timed calls of ``reactor`` independent of changes of the system clock.

    Call it in the reactor's thread, before or while it runs. A reactor that has another source of
    time than Twisted's usual one, such as a test's clock, is left as it is; so is one that is
    steady already.

    Args:
        reactor: any reactor.
    """
    if reads_system_clock(reactor):
        reactor.seconds = seconds = _going_on_from(reactor.seconds())
        for call in reactor.getDelayedCalls():
            call.seconds = seconds  # it would be reset by the system clock


def _going_on_from(now: float) -> Callable[[], float]:
    monotonic = time.monotonic
    offset = now - monotonic()

    def seconds() -> float:
        """Return seconds since 1970, as if the system clock had not been set since the start."""
        return offset + monotonic()

    return seconds

"""The one reactor timer that serves every deadline of every job."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twisted.internet.interfaces import IDelayedCall

    from gearman_tx.core import JobServer
    from gearman_tx.link import Turn
    from gearman_tx.server.clocks import Clocks


class DeadlineTimer:
    """Call ``deadlines.tick`` at the next deadline.

    Args:
        job_server: the core.
        turn: the reactor turn; deadlines may change in each.
        clocks: tell the core the time at each deadline.
    """

    def __init__(self, job_server: JobServer, turn: Turn, clocks: Clocks) -> None:
        self._deadlines = job_server.deadlines
        self._act = job_server.act
        self._clock = turn.clock
        self._clocks = clocks
        self._call: IDelayedCall | None = None
        self._when = 0.0
        self._is_stopped = False

    def adjust(self) -> None:
        """Once a turn: make sure that the timer fires no later than the next deadline.

        It may fire early when a deadline was cancelled; that costs less than moving it each turn.
        """
        when = self._deadlines.next_time()
        if when is None or self._is_stopped or (self._call is not None and self._when <= when):
            return
        if self._call is not None:
            self._call.cancel()
        self._when = when
        self._call = self._clock.callLater(max(0.0, when - self._clock.seconds()), self._fire)

    def _fire(self) -> None:
        self._call = None
        now = self._clocks.tell()
        self._act(now, lambda: self._deadlines.tick(now))

    def stop(self) -> None:
        """Cancel the timer for good."""
        self._is_stopped = True
        if self._call is not None:
            self._call.cancel()
            self._call = None

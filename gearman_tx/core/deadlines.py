"""Everything that happens because time passes, behind one question: when is the next deadline?

One timer of the caller serves all jobs: the caller asks :meth:`Deadlines.next_time` after each turn
and calls :meth:`Deadlines.tick` at that time.

Delayed jobs wait for a time of the system clock, which may be set while they wait. So while there
are some, there is a deadline every :data:`LOOK_SECONDS`, at which the caller sets the time again.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearman_tx.core.retry import TIMED_OUT

if TYPE_CHECKING:
    from gearman_tx.core.dispatch import Dispatch
    from gearman_tx.core.retry import Retry
    from gearman_tx.core.tables import Tables

LOOK_SECONDS: Final = 5.0
"""How often the system clock is looked at while jobs wait for it."""


class Deadlines:
    """Delayed jobs that become due, running jobs that time out, ignored wake-ups, sweeps."""

    __slots__ = ("dispatch", "retry", "tables")

    def __init__(self, tables: Tables, dispatch: Dispatch, retry: Retry) -> None:
        self.tables = tables
        self.dispatch = dispatch
        self.retry = retry

    def next_time(self) -> float | None:
        """Return the time at which :meth:`tick` has something to do, as ``now``, or None."""
        tables = self.tables
        if tables.sweeps:
            return tables.now
        first = tables.delayed.next_time()
        if first is not None:
            first = min(first - tables.ahead, tables.now + LOOK_SECONDS)
        time = tables.timeouts.next_time()
        if first is None or (time is not None and time < first):
            first = time
        woken = self.dispatch.woken
        if woken and (first is None or woken[0][0] < first):
            first = woken[0][0]
        return first

    def tick(self, now: float) -> None:
        """Do what is due at ``now``; the caller has told the time of the system clock before."""
        tables = self.tables
        tables.now = now
        while (job := tables.delayed.pop_due(tables.unix_time)) is not None:
            job.function.delayed -= 1
            self.dispatch.enqueue(job)
        while (job := tables.timeouts.pop_due(now)) is not None:
            self.retry.try_ended(job, TIMED_OUT)
        woken = self.dispatch.woken
        while woken and woken[0][0] <= now:
            _, peer, wakes = woken.popleft()
            if peer.woken_for is not None and peer.wakes == wakes:
                self.dispatch.wake(peer.woken_for)
        sweeps = tables.sweeps
        if sweeps and not sweeps[0].step():
            sweeps.popleft()

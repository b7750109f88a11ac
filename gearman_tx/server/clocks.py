"""The two clocks of a job server: one for what takes time, one for the times that people name.

Time limits and everything else that takes time follow the reactor, whose clock is never set
(``link/steady_time.py``). Only delayed jobs, and the times that are stored and shown, follow the
system clock. The core gets the reactor's time in each turn. It gets the system clock's, read
together with the reactor's, where it matters: when a delayed job comes, when one may be due, and
when jobs are stored or loaded. So it never compares a time of one clock with a time of the other,
and other packets cost no look at the system clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearman_tx.core import JobServer


class Clocks:
    """Tells the core the time by both clocks.

    Args:
        job_server: the core.
        seconds: the reactor's ``seconds``.
        unix_time: returns the time by the system clock, in Unix seconds.
    """

    __slots__ = ("_seconds", "_tables", "_unix_time")

    def __init__(
        self,
        job_server: JobServer,
        seconds: Callable[[], float],
        unix_time: Callable[[], float],
    ) -> None:
        self._tables = job_server.tables
        self._seconds = seconds
        self._unix_time = unix_time
        self.tell()

    def tell(self) -> float:
        """Tell the core the time by both clocks; return the one of the reactor."""
        now = self._seconds()
        self._tables.set_time(now, self._unix_time())
        return now

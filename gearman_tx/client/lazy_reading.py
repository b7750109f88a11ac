"""Read in larger pieces while many jobs are under way.

Theory of operation. A server sends each result when it has it. A client that waits for hundreds of
them and has nothing else to do would wake for every single one, and a wake costs twice as much as
all the rest that is done for a task. So after a small read it rests, and then finds in one read
what came meanwhile. The more jobs are under way, the longer each of them waits for those before it,
and the longer is the rest: it adds little to that, and takes a half or more off the cost of a task.
A client with few jobs under way never rests, nor does one that is busy: its reads are large by
themselves.
"""

from __future__ import annotations

from typing import Any, Final

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime

MANY_JOBS: Final = 250
"""Jobs under way on one connection from which on its client rests."""

SMALL_READ: Final = 4096
"""Bytes of a read after which it does: some forty packets with short results."""

REST_PER_JOB: Final = 4e-6
"""Seconds of a rest for each job under way."""

LONGEST_REST: Final = 0.005


@define(eq=False)
class LazyReading:
    """The rests of one connection.

    Attributes:
        clock: ends each rest.
        transport: is not read meanwhile.
    """

    clock: IReactorTime
    transport: Any
    _end: IDelayedCall | None = field(default=None, init=False)

    def has_read(self, size: int, jobs: int) -> None:
        """Note a read of ``size`` bytes; rest if it was a small one, with many ``jobs`` under way.

        That a transport may give something during a rest, as TLS does, makes no second one.
        """
        if jobs >= MANY_JOBS and size < SMALL_READ and self._end is None:
            self.transport.pauseProducing()
            rest = min(jobs * REST_PER_JOB, LONGEST_REST)
            self._end = self.clock.callLater(rest, self._go_on)

    def _go_on(self) -> None:
        self._end = None
        self.transport.resumeProducing()

    def stop(self) -> None:
        """Rest no more: the connection is over."""
        if self._end is not None:
            self._end.cancel()
            self._end = None

"""Handle many packets per read: larger reads while many jobs run, and one call after each read.

Theory of operation. A server sends each result when it has it. A client that waits for hundreds of
results and has nothing else to do would wake for every single one, and one wake-up costs twice as
much as all other work for a task. So after a small read the client rests; its next read then brings
everything that came meanwhile. The rest is longer the more jobs run, because each job then waits
longer for the jobs before it anyway: the rest adds little to that time and saves half or more of
the cost of a task. A client with few jobs under way never rests. Neither does a busy client,
because its reads are large anyway.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from attrs import define, field
from twisted.internet.interfaces import IDelayedCall, IReactorTime

MANY_JOBS: Final = 250
"""A client rests only while at least this many jobs are under way on one connection."""

SMALL_READ: Final = 4096
"""It rests only after reads of fewer bytes than this: some forty packets with short results."""

REST_PER_JOB: Final = 4e-6
"""Seconds of rest for each job under way."""

LONGEST_REST: Final = 0.005
"""Most seconds of one rest."""


class AfterRead:
    """Calls functions when all packets of the present read are handled.

    All connections of a client share one instance: while one of them reads, no other one does.
    """

    def __init__(self) -> None:
        self._is_reading = False
        self._calls: list[Callable[[], None]] = []

    def call(self, function: Callable[[], None]) -> None:
        """Call ``function`` when the present read ends, or at once outside a read."""
        if self._is_reading:
            self._calls.append(function)
        else:
            function()

    def begin(self) -> None:
        """Note that a read begins."""
        self._is_reading = True

    def end(self) -> None:
        """Note that the packets of the read are handled, and make the calls."""
        self._is_reading = False
        if self._calls:
            calls, self._calls = self._calls, []
            for function in calls:
                function()


@define(eq=False)
class LazyReading:
    """The rests of one connection.

    Attributes:
        clock: ends each rest.
        transport: is not read during a rest.
    """

    clock: IReactorTime
    transport: Any
    _end: IDelayedCall | None = field(default=None, init=False)

    def has_read(self, size: int, jobs: int) -> None:
        """Note a read of ``size`` bytes; rest if the read was small and many ``jobs`` run.

        A transport such as TLS may deliver bytes during a rest; that starts no second rest.
        """
        if jobs >= MANY_JOBS and size < SMALL_READ and self._end is None:
            self.transport.pauseProducing()
            rest = min(jobs * REST_PER_JOB, LONGEST_REST)
            self._end = self.clock.callLater(rest, self._go_on)

    def _go_on(self) -> None:
        self._end = None
        self.transport.resumeProducing()

    def stop(self) -> None:
        """End the rest, because the connection is over."""
        if self._end is not None:
            self._end.cancel()
            self._end = None

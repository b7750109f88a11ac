"""Log failed attempts to connect to a job server, without a line for each."""

from __future__ import annotations

from typing import Final

from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

REPEAT_SECONDS: Final = 30.0
"""Seconds between two log lines about a server that cannot be connected."""

_log = Logger()


@define(eq=False)
class FailedAttempts:
    """Logs failed attempts to connect: the first one at once, then their number now and then.

    Attributes:
        server: the name of the job server.
        clock: tells the time.
    """

    server: str
    clock: IReactorTime
    _count: int = field(default=0, init=False)
    _first: float = field(default=0.0, init=False)  # the time of the first one
    _logged: float = field(default=0.0, init=False)  # the time of the last log line

    def add(self, reason: str) -> None:
        """Note a failed attempt."""
        now = self.clock.seconds()
        self._count += 1
        if self._count == 1:
            self._first = self._logged = now
            _log.warn(
                "cannot connect to job server {server}: {reason}; trying again",
                server=self.server,
                reason=reason,
            )
        elif now - self._logged >= REPEAT_SECONDS:
            self._logged = now
            _log.warn(
                "still cannot connect to job server {server}: {reason}; {count} attempts in"
                " {seconds} seconds",
                server=self.server,
                reason=reason,
                count=self._count,
                seconds=round(now - self._first),
            )

    def end(self) -> None:
        """Note a connection: the next failure is a first one."""
        self._count = 0

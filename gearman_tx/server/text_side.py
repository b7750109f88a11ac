"""Text lines: long reports are made in slices, so that they do not stop the others.

Theory of operation. In each reactor turn a small time may be spent on reports, however many
connections ask for however many. A report that is done within it is answered at once. Any other
makes its connection wait and goes into a ring; from then on each turn goes round the ring, making
a few rows of each report, until its time is over.

The meaning of the words is not known here: the commands are an argument.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final, Protocol

from attrs import define, field
from twisted.logger import Logger

from gearman_tx.link import SUSPEND, Hole, Turn

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gearman_tx.core import Peer
    from gearman_tx.server.connection import Connection
    from gearman_tx.server.peer_link import ServerPeerLink

SLICE_SECONDS: Final = 0.002
"""How long the server works on reports in one turn before it looks after the others."""

_log: Final = Logger()

_ROWS: Final = 64  # made of one report before the clock is looked at and the next one has its turn
_JOIN_ROWS: Final = 1024  # joined at once: a million of them would take too long


class TextCommands(Protocol):
    """The commands of the text protocol."""

    def reply(self, peer: Peer, line: bytes, /) -> Iterator[bytes]:
        """Return the reply to a line that ``peer`` sent, in pieces.

        Raises:
            RemoteProtocolError: the line is malformed; the connection is to be closed.
        """

    def changes(self, line: bytes, /) -> bool:
        """Return whether the command in ``line`` may change functions or jobs."""


@define(eq=False)
class _Report:
    """A reply in the making, for a connection that waits for it at ``hole``."""

    connection: Connection
    rows: Iterator[bytes]
    pieces: list[bytes] = field(factory=list)
    made: list[bytes] = field(factory=list)  # rows behind these pieces
    hole: Hole = field(factory=list)

    def make_some(self) -> bool:
        """Make a few more rows; return whether those were the last."""
        before = len(self.made)
        self.made += islice(self.rows, _ROWS)
        is_whole = len(self.made) - before < _ROWS
        if is_whole or len(self.made) >= _JOIN_ROWS:
            self.pieces.append(b"".join(self.made))
            self.made.clear()
        return is_whole


class TextSide:
    """The handler of text lines.

    Args:
        turn: the reactor turn; its clock measures the slices.
        commands: the commands that a line may hold.
    """

    def __init__(self, turn: Turn, commands: TextCommands) -> None:
        self._clock = turn.clock
        self._commands = commands
        self._ring: deque[_Report] = deque()
        self._is_due = False  # the ring is gone round in the next turn
        self._end: float | None = None  # until when this turn may make reports
        turn.hooks.append(self._forget_slice)

    def text(self, link: ServerPeerLink, line: bytes) -> bool | None:
        """Answer a text line, in one write; the units behind it wait for a long reply."""
        connection: Connection = link.connection
        report = _Report(connection, self._commands.reply(link.peer, line))
        if not self._ring:
            while self._has_time():
                if report.make_some():
                    link.output.send_parts(report.pieces)
                    return None
        report.hole = connection.hold()
        self._ring.append(report)
        self._come_again()
        return SUSPEND

    def _has_time(self) -> bool:
        """Return whether this turn may still work on reports; its first question starts it."""
        now = self._clock.seconds()
        if self._end is None:
            self._end = now + SLICE_SECONDS
        return now < self._end

    def _forget_slice(self) -> None:
        """Once a turn: the next turn has time of its own."""
        self._end = None

    def _come_again(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._clock.callLater(0, self._go_round)

    def _go_round(self) -> None:
        """Make rows of every report in the ring in turns, for one slice of time."""
        self._end = None
        while self._ring and self._has_time():
            report = self._ring.popleft()
            if not report.connection.is_over:
                self._go_on(report)
        self._is_due = False
        if self._ring:
            self._come_again()

    def _go_on(self, report: _Report) -> None:
        """Make some rows of one report; answer if they were the last."""
        connection = report.connection
        try:
            is_whole = report.make_some()
        except Exception:  # noqa: BLE001  # one report's trouble is not another's
            _log.failure("a report could not be made")
            connection.abort()
            return
        if is_whole:
            report.hole += report.pieces[:-1]
            connection.fill(report.hole, report.pieces[-1])
            connection.proceed()
        else:
            self._ring.append(report)

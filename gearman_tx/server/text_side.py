"""Text lines: long reports are made in slices, so that they do not delay other connections.

Theory of operation. Each reactor turn spends a short slice of time on reports, however many
connections ask for however many. A report that is done within the slice is answered at once. Any
other report makes its connection wait and goes into a ring. From then on each turn goes round the
ring and makes a few rows of each report, until its slice is over.

This module does not know the commands: they are an argument.
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
"""How long the server works on reports in one turn."""

_log: Final = Logger()

_ROWS: Final = 64  # of one report, before the clock is read and the next report follows
_HTTP_VERSIONS: Final = (b" HTTP/1.1", b" HTTP/1.0")  # the end of the first line of a request
_JOIN_ROWS: Final = 1024  # joined at once; joining a million would take too long


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
    """An unfinished reply, for a connection that waits for it at ``hole``."""

    connection: Connection
    rows: Iterator[bytes]
    pieces: list[bytes] = field(factory=list)
    made: list[bytes] = field(factory=list)  # rows after these pieces
    hole: Hole = field(factory=list)

    def make_some(self) -> bool:
        """Make a few more rows; return whether the report is whole."""
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
        commands: the commands of the text protocol.
    """

    def __init__(self, turn: Turn, commands: TextCommands) -> None:
        self._clock = turn.clock
        self._commands = commands
        self._ring: deque[_Report] = deque()
        self._is_due = False  # the next turn goes round the ring
        self._end: float | None = None  # the end of this turn's slice
        turn.hooks.append(self._forget_slice)

    def text(self, link: ServerPeerLink, line: bytes) -> bool | None:
        """Answer a text line, in one write; later units wait for a long reply."""
        connection: Connection = link.connection
        if line.endswith(_HTTP_VERSIONS):
            connection.tell_http()
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
        """Return whether the slice of this turn has time left; the first call starts the slice."""
        now = self._clock.seconds()
        if self._end is None:
            self._end = now + SLICE_SECONDS
        return now < self._end

    def _forget_slice(self) -> None:
        """Once a turn: end the slice, so that the next turn starts its own."""
        self._end = None

    def _come_again(self) -> None:
        if not self._is_due:
            self._is_due = True
            self._clock.callLater(0, self._go_round)

    def _go_round(self) -> None:
        """Make rows of the reports in the ring, one after the other, for one slice of time."""
        self._end = None
        while self._ring and self._has_time():
            report = self._ring.popleft()
            if not report.connection.is_over:
                self._go_on(report)
        self._is_due = False
        if self._ring:
            self._come_again()

    def _go_on(self, report: _Report) -> None:
        """Make some rows of one report; answer if it is whole."""
        connection = report.connection
        try:
            is_whole = report.make_some()
        except Exception:  # noqa: BLE001  # one failed report must not stop the others
            _log.failure("a report could not be made", event="bug")
            connection.abort()
            return
        if is_whole:
            report.hole += report.pieces[:-1]
            connection.fill(report.hole, report.pieces[-1])
            connection.proceed()
        else:
            self._ring.append(report)

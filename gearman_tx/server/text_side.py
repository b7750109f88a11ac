"""Text lines: the reply is made in slices, so that a long report does not stop the others.

What the words mean is not known here: ``reply`` is handed in by the front door.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearman_tx.link import SUSPEND, Hole, Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gearman_tx.server.connection import Connection

    Reply = Callable[[bytes], Iterator[bytes]]

SLICE_SECONDS: Final = 0.002
"""How long the server works on one report before it looks after the others."""

_LOOK_EVERY: Final = 64  # pieces between two looks at the clock


class TextSide:
    """The handler of text lines.

    Args:
        turn: the reactor turn; its clock measures the slices.
        reply: gives the reply to a line in pieces.
    """

    def __init__(self, turn: Turn, reply: Reply) -> None:
        self._clock = turn.clock
        self._reply = reply

    def text(self, connection: Connection, line: bytes) -> bool | None:
        """Answer a text line, in one write; the units behind it wait for a long reply."""
        rows = self._reply(line)
        made: list[bytes] = []
        if self._make_slice(rows, made):
            connection.send(b"".join(made))
            return None
        hole = connection.hold()
        self._clock.callLater(0, self._continue, connection, hole, rows, made)
        return SUSPEND

    def _continue(
        self, connection: Connection, hole: Hole, rows: Iterator[bytes], made: list[bytes]
    ) -> None:
        if connection.is_over:
            return
        if self._make_slice(rows, made):
            connection.fill(hole, b"".join(made))
            connection.proceed()
        else:
            self._clock.callLater(0, self._continue, connection, hole, rows, made)

    def _make_slice(self, rows: Iterator[bytes], made: list[bytes]) -> bool:
        """Add pieces to ``made`` for one slice of time; return whether that was the last."""
        seconds = self._clock.seconds
        end = seconds() + SLICE_SECONDS
        for count, row in enumerate(rows, 1):
            made.append(row)
            if not count % _LOOK_EVERY and seconds() >= end:
                return False
        return True

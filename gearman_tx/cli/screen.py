"""Tables on a terminal or in a pipe, once or again and again."""

from __future__ import annotations

import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text
from twisted.internet.task import deferLater

if TYPE_CHECKING:
    from gearman_tx.cli.report import Column, Row

T = TypeVar("T")

_WIDE: Final = 100_000  # a pipe has no edge at which cells would be cut


class Screen:
    """Where a report is printed.

    On a terminal a watched report takes the whole screen and gives it back at the end; elsewhere
    each round is printed below the last one.

    Args:
        is_watching: whether there may be more than one round.
    """

    def __init__(self, *, is_watching: bool) -> None:
        is_terminal = sys.stdout.isatty()
        self._console = Console(
            width=None if is_terminal else _WIDE, highlight=False, soft_wrap=False
        )
        self._is_watching = is_watching
        self._live: Live | None = None
        if is_watching and is_terminal:
            self._live = Live(
                console=self._console, screen=True, auto_refresh=False, vertical_overflow="crop"
            )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, columns: Sequence[Column], rows: Sequence[Row], lines: Sequence[str]) -> None:
        """Show one round.

        Args:
            columns: the columns of the table.
            rows: what stands in it; without any there is no table.
            lines: what is said beside it: below the table on a full screen, else on stderr.
        """
        table = make_table(columns, rows) if rows else Text()
        clock = Text(time.strftime("%H:%M:%S"), style="dim")
        if self._live is not None:
            said = [Text(line, style="red") for line in lines]
            self._live.update(Group(clock, table, *said), refresh=True)
            return
        if self._is_watching:
            self._console.print(clock)
        if rows:
            for line in self._lines_of(table):
                click.echo(line)
        for line in lines:
            click.echo(line, err=True)

    def _lines_of(self, table: Table | Text) -> list[str]:
        """Return the table's lines, without the blanks that fill the last column."""
        with self._console.capture() as printed:
            self._console.print(table)
        return [line.rstrip(" ") for line in printed.get().splitlines()]


def make_table(columns: Sequence[Column], rows: Sequence[Row]) -> Table:
    """Return a table; nothing in a cell is taken for markup."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(
            column.title, justify="right" if column.is_number else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text(column.show(row[column.key])) for column in columns))
    return table


async def show_rounds(
    ask: Callable[[], Awaitable[T]],
    show: Callable[[T], object],
    reactor: Any,
    seconds: float | None,
    count: int | None,
) -> T:
    """Ask and show once, or again and again.

    Args:
        ask: asks.
        show: shows what came.
        reactor: tells when it is time for the next round.
        seconds: the time between two rounds, or None for a single one.
        count: how many rounds, or None for no end.

    Returns:
        The last round.
    """
    rounds = 1
    while True:
        answer = await ask()
        show(answer)
        if seconds is None or rounds == count:
            return answer
        rounds += 1
        await deferLater(reactor, seconds)

"""Tables on a terminal or in a pipe, printed once or refreshed."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Final, Self, TypeAlias

import click
from attrs import frozen
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from gearman_tx.cli.formats import as_text

Row: TypeAlias = dict[str, Any]

_PIPE_WIDTH: Final = 100_000  # columns; cells in a pipe are never cut


@frozen
class Column:
    """One column of a table.

    Attributes:
        title: the heading.
        key: the key of its value in a row, and in JSON.
        format: returns the text of a cell for a value.
        is_number: whether the cells are aligned to the right.
    """

    title: str
    key: str
    format: Callable[[object], str] = as_text
    is_number: bool = False


class TablePrinter:
    """Prints a table once or again and again.

    On a terminal a table that is refreshed takes the whole screen and gives it back at the end.
    Elsewhere each version is printed below the one before.

    Args:
        refreshes: whether there may be more than one version.
    """

    def __init__(self, *, refreshes: bool) -> None:
        is_terminal = sys.stdout.isatty()
        self._console = Console(
            width=None if is_terminal else _PIPE_WIDTH, highlight=False, soft_wrap=False
        )
        self._refreshes = refreshes
        self._live: Live | None = None
        if refreshes and is_terminal:
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

    def show(self, columns: Sequence[Column], rows: Sequence[Row], notes: Sequence[str]) -> None:
        """Print one version of the table.

        Args:
            columns: its columns.
            rows: its rows; an empty table is not printed.
            notes: lines about the table, printed below it on a full screen and otherwise on stderr.
        """
        table = _make_table(columns, rows) if rows else Text()
        clock = Text(time.strftime("%H:%M:%S"), style="dim")
        if self._live is not None:
            footer = [Text(line, style="red") for line in notes]
            self._live.update(Group(clock, table, *footer), refresh=True)
            return
        if self._refreshes:
            self._console.print(clock)
        if rows:
            for line in self._lines_of(table):
                click.echo(line)
        for line in notes:
            click.echo(line, err=True)

    def _lines_of(self, table: Table | Text) -> list[str]:
        """Return the table's lines without the blanks that fill the last column."""
        with self._console.capture() as printed:
            self._console.print(table)
        return [line.rstrip(" ") for line in printed.get().splitlines()]


def _make_table(columns: Sequence[Column], rows: Sequence[Row]) -> Table:
    """Return a table; markup in a cell is not interpreted."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(
            column.title, justify="right" if column.is_number else "left", overflow="fold"
        )
    for row in rows:
        table.add_row(*(Text(column.format(row[column.key])) for column in columns))
    return table

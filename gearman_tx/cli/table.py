"""Tables on a terminal or in a pipe, printed once or refreshed."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import TracebackType
from typing import TYPE_CHECKING, Any, Final, Self, TypeAlias

import click

from gearman_tx.cli import terminal
from gearman_tx.cli.columns import Column
from gearman_tx.cli.layout import GAP, lay_out, width_of

if TYPE_CHECKING:
    from rich.live import Live

Row: TypeAlias = Mapping[str, Any]

_BATCH: Final = 1000  # rows whose widths are known before the first of them is printed


def table_lines(
    columns: Sequence[Column], rows: Iterable[Row], *, room: int | None, has_headings: bool
) -> Iterator[str]:
    """Yield the lines of a table, the headings first; nothing for a table without rows.

    The rows are looked at in batches, so a long table is printed while its rows come. A later batch
    with longer cells has wider columns.

    Args:
        columns: its columns.
        rows: its rows.
        room: the width of the terminal; None shows every cell whole.
        has_headings: whether there is a line of headings.
    """
    left = iter(rows)
    titles = [[column.title] if has_headings else [""] for column in columns]
    natural = list(map(width_of, titles))
    while batch := list(islice(left, _BATCH)):
        cells = [[column.format(row[column.name]) for row in batch] for column in columns]
        natural = list(map(max, natural, map(width_of, cells)))
        layout = lay_out(columns, natural, room)
        if has_headings:
            yield from layout.lines(titles)
            has_headings = False
        yield from layout.lines(cells)


def record_lines(
    columns: Sequence[Column], rows: Iterable[Row], *, has_headings: bool
) -> Iterator[str]:
    """Yield a line for each value of each row, with an empty line between two rows."""
    width = max(len(column.title) for column in columns)
    for number, row in enumerate(rows):
        if number:
            yield ""
        for column in columns:
            title = f"{column.title:<{width}}{GAP}" if has_headings else ""
            yield f"{title}{column.format(row[column.name])}"


class TablePrinter:
    """Prints a table once or again and again.

    On a terminal a table that is refreshed takes the whole screen and gives it back at the end.
    Elsewhere each version is printed below the one before.

    Args:
        refreshes: whether there may be more than one version.
        has_headings: whether it has a line of headings.
        is_wide: whether all columns are shown whole, however narrow the terminal is.
        is_record: whether there is a line for each value.
    """

    def __init__(
        self,
        *,
        refreshes: bool = False,
        has_headings: bool = True,
        is_wide: bool = False,
        is_record: bool = False,
    ) -> None:
        self._refreshes = refreshes
        self._has_headings = has_headings
        self._is_wide = is_wide
        self._is_record = is_record
        self._live: Live | None = None
        if refreshes and terminal.has_escapes(sys.stdout):
            from rich.console import Console  # noqa: PLC0415  # few tables need it
            from rich.live import Live  # noqa: PLC0415  # as above

            console = Console(highlight=False, soft_wrap=False)
            self._live = Live(
                console=console, screen=True, auto_refresh=False, vertical_overflow="crop"
            )

    @property
    def has_screen(self) -> bool:
        """Whether the table takes the whole screen, so that nothing else may be printed."""
        return self._live is not None

    @property
    def _has_bold_line(self) -> bool:
        return self._has_headings and not self._is_record

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

    def show(self, columns: Sequence[Column], rows: Iterable[Row], notes: Sequence[str]) -> None:
        """Print one version of the table.

        Args:
            columns: its columns.
            rows: its rows; an empty table is not printed.
            notes: lines about the table, printed below it on a full screen and otherwise on stderr.
        """
        if self._is_record:
            lines = record_lines(columns, rows, has_headings=self._has_headings)
        else:
            room = None if self._is_wide else terminal.width()
            lines = table_lines(columns, rows, room=room, has_headings=self._has_headings)
        clock = time.strftime("%H:%M:%S")
        if self._live is not None:
            self._refresh(self._live, clock, lines, notes)
            return
        if self._refreshes:
            click.echo(clock)
        print_lines(lines, first_is_bold=self._has_bold_line)
        for line in notes:
            click.echo(line, err=True)

    def _refresh(self, live: Live, clock: str, lines: Iterator[str], notes: Sequence[str]) -> None:
        from rich.text import Text  # noqa: PLC0415  # as above

        screen = Text(f"{clock}\n", style="dim", no_wrap=True, overflow="crop")
        for number, line in enumerate(lines):
            is_heading = self._has_bold_line and not number
            screen.append(f"{line}\n", style="not dim bold" if is_heading else "not dim")
        for line in notes:
            screen.append(f"{line}\n", style="not dim red")
        live.update(screen, refresh=True)


def print_lines(lines: Iterable[str], *, first_is_bold: bool = False) -> None:
    """Print ``lines`` on stdout, a batch at a time; the first one may be bold on a terminal."""
    left = iter(lines)
    for first in islice(left, 1):
        click.echo(terminal.bold(first) if first_is_bold else first)
    while batch := list(islice(left, _BATCH)):
        click.echo("\n".join(batch))

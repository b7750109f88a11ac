"""Reports: one query to several job servers, printed as a table or for a program.

This module declares a report and its options. ``showing`` asks and prints.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import click
from attrs import define, field, frozen

from gearman_tx.cli import output
from gearman_tx.cli.errors import CommandError
from gearman_tx.cli.parameters import SPAN, Count
from gearman_tx.cli.patterns import Patterns
from gearman_tx.cli.servers import servers_option, timeout_option
from gearman_tx.cli.table import Row

if TYPE_CHECKING:
    from twisted.internet.defer import Deferred

    from gearman_tx.admin import AdminClient
    from gearman_tx.link import Server

Rows: TypeAlias = "list[Row] | LazyRows"
"""The rows of one server."""


@define(eq=False)
class LazyRows:
    """Rows that are made when they are printed. They can be gone through once.

    Attributes:
        count: how many there are.
        rows: makes them.
    """

    count: int
    rows: Iterable[Row]

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)


@frozen
class Report:
    """The query of a report and its columns.

    Attributes:
        columns: the names of the columns of its table; JSON has all values of a row.
        read: asks one server for its rows.
        empty_text: is printed on stderr in place of a table without rows.
        names_server: whether each row names its server even if there is only one.
        names: the functions that the user named, if the command takes any.
        limit: how many rows a table on a terminal shows unless ``--limit`` is given; 0 is all.
        is_record: whether a table has a line for each value, because there are few rows.
        faults: is called with all rows, and with whether all servers have answered; returns what
            of them sets the exit status. None if nothing does.
    """

    columns: tuple[str, ...]
    read: Callable[[AdminClient], Coroutine[Deferred[Any], Any, Rows]]
    empty_text: str
    names_server: bool = False
    names: Patterns = field(factory=lambda: Patterns(()))
    limit: int = 0
    is_record: bool = False
    faults: Callable[[list[Row], bool], Iterable[CommandError]] | None = None


@frozen
class ReportOptions:
    """The options that all reports have.

    Attributes:
        servers: the job servers to ask.
        timeout: seconds that a server has to connect, and to answer.
        output: one of :data:`output.FORMATS`.
        as_json: whether ``--json`` was given, the short form of ``--output json``.
        no_headers: whether to leave out the headings of a table and of TSV.
        wide: whether a table shows all columns whole on a narrow terminal.
        sort: the name of the column to sort by, or None.
        reverse: whether to print the last rows first.
        limit: the number of rows to print; 0 is all, None is the default of the report.
        watch: seconds between two rounds, or None for a single round.
        count: the number of rounds; None for rounds without end.
    """

    servers: list[Server]
    timeout: float
    output: str
    as_json: bool
    no_headers: bool
    wide: bool
    sort: str | None
    reverse: bool
    limit: int | None
    watch: float | None
    count: int | None

    @property
    def form(self) -> str:
        """The form of the output."""
        return output.JSON if self.as_json else self.output


_OPTIONS: Final = (
    servers_option,
    click.option(
        "-o",
        "--output",
        type=click.Choice(output.FORMATS),
        default=output.TABLE,
        show_default=True,
        help="table is for people; tsv, json and jsonl (a JSON object on each line) are for "
        "programs.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Short for --output json."),
    click.option("--no-headers", is_flag=True, help="Leave out the headings of a table or TSV."),
    click.option(
        "--wide", is_flag=True, help="Show all columns whole, however narrow the terminal is."
    ),
    click.option(
        "--sort",
        metavar="COLUMN",
        help="Sort by a column, named as in JSON: the largest number or the first word comes "
        "first.",
    ),
    click.option("--reverse", is_flag=True, help="Print the last row first."),
    click.option(
        "--limit",
        type=Count(),
        metavar="N",
        help="Print the first N rows; 0 is all.",
    ),
    click.option(
        "-w",
        "--watch",
        type=SPAN,
        metavar="TIME",
        help="Repeat the report after this time, such as 2 (seconds), until Ctrl-C. With --json, "
        "each round is one line.",
    ),
    click.option("--count", type=Count(1), metavar="N", help="With --watch: end after N rounds."),
    timeout_option,
)


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the arguments of :class:`ReportOptions`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command

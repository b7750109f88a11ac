"""Reports: one query to several job servers, printed as a table or for a program.

One connection to each server serves all rounds of ``--watch``. The error of a server that does not
answer is printed on stderr and sets the exit status; the rows of the other servers are printed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import Any, Final, TypeAlias

import click
from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from gearman_tx.admin import AdminClient
from gearman_tx.cli import output, terminal
from gearman_tx.cli.columns import Column, columns
from gearman_tx.cli.errors import PROGRAM, CommandError, print_error
from gearman_tx.cli.everywhere import ask_all
from gearman_tx.cli.formats import as_plain
from gearman_tx.cli.parameters import SPAN, Count
from gearman_tx.cli.patterns import Patterns
from gearman_tx.cli.running import run
from gearman_tx.cli.servers import servers_option, timeout_option
from gearman_tx.cli.table import Row, TablePrinter
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


@frozen
class _Round:
    """The answers of all servers at about the same time."""

    answers: list[tuple[str, Rows]] = field(factory=list)
    errors: list[CommandError] = field(factory=list)

    @property
    def total(self) -> int:
        """How many rows there are."""
        return sum(len(rows) for _, rows in self.answers)

    def rows(self) -> Iterator[Row]:
        """Yield all rows, with the names of their servers."""
        return chain.from_iterable(
            ({"server": name, **row} for row in rows) for name, rows in self.answers
        )


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


def show(report: Report, options: ReportOptions) -> None:
    """Ask all servers and print their answers.

    Raises:
        click.UsageError: options contradict each other or the report.
        click.exceptions.Exit: a server failed in the last round, or no server knew a function that
            the user named; the status is the highest one.
    """
    if options.count is not None and options.watch is None:
        raise click.UsageError("--count goes with --watch")
    if options.sort is not None and options.sort not in report.columns:
        names = ", ".join(report.columns)
        raise click.UsageError(f"there is no column {options.sort!r} to sort by: name {names}")
    last = run(lambda reactor: _show(report, options, reactor))
    if last.errors:
        raise click.exceptions.Exit(max(error.status for error in last.errors))


async def _show(report: Report, options: ReportOptions, reactor: Any) -> _Round:
    servers = options.servers
    admins = [AdminClient(server, timeout=options.timeout, reactor=reactor) for server in servers]
    shown = columns(report.columns)
    if report.names_server or len(servers) > 1:
        shown = (*columns(["server"]), *shown)
    if options.form != output.TABLE:
        return await _show_for_program(report, options, shown, admins, reactor)
    printer = TablePrinter(
        refreshes=options.watch is not None,
        has_headings=not options.no_headers,
        is_wide=options.wide,
        is_record=report.is_record,
    )

    async def ask() -> _Round:
        return await _ask(report, servers, admins, reactor, is_silent=printer.has_screen)

    def show_round(found: _Round) -> None:
        limit = options.limit
        if limit is None and terminal.width() is not None:
            limit = report.limit
        rows = _arranged(found, options, limit)
        printer.show(shown, rows, _notes(report, found, limit))

    with printer:
        return await _repeat(ask, show_round, options, reactor)


async def _show_for_program(
    report: Report,
    options: ReportOptions,
    shown: Sequence[Column],
    admins: Sequence[AdminClient],
    reactor: Any,
) -> _Round:
    async def ask() -> _Round:
        return await _ask(report, options.servers, admins, reactor, is_silent=False)

    def show_round(found: _Round) -> None:
        rows = _arranged(found, options, options.limit)
        output.print_rows(options.form, shown, rows, is_one_line=options.watch is not None)
        for error in found.errors:
            print_error(error.message)

    if options.form == output.TSV and not options.no_headers:
        output.print_names(shown)
    return await _repeat(ask, show_round, options, reactor)


async def _ask(
    report: Report,
    servers: Sequence[Server],
    admins: Sequence[AdminClient],
    reactor: Any,
    *,
    is_silent: bool,
) -> _Round:
    """Ask all servers once."""
    found = _Round()
    answers = await ask_all(servers, admins, report.read, reactor, is_silent=is_silent)
    for server, answer in zip(servers, answers, strict=True):
        if isinstance(answer, CommandError):
            found.errors.append(answer)
        else:
            found.answers.append((server.name, answer))
    unknown = report.names.take_unknown()
    if unknown is not None and not found.errors:  # a server that failed may know the function
        found.errors.append(unknown)
    if report.faults is not None:
        found.errors.extend(report.faults(list(found.rows()), not found.errors))
    return found


async def _repeat(
    ask: Callable[[], Awaitable[_Round]],
    show_round: Callable[[_Round], object],
    options: ReportOptions,
    reactor: Any,
) -> _Round:
    """Ask and show as often as the options say; return the last round."""
    rounds = 1
    while True:
        found = await ask()
        show_round(found)
        if options.watch is None or rounds == options.count:
            return found
        rounds += 1
        await deferLater(reactor, options.watch)


def _arranged(found: _Round, options: ReportOptions, limit: int | None) -> Iterator[Row]:
    """Return the rows in the order that the user wants, and no more than ``limit``."""
    rows: Iterable[Row] = found.rows()
    if options.sort is not None:
        name = options.sort
        rows = sorted(rows, key=lambda row: _place(row[name]))
    if options.reverse:
        rows = reversed(list(rows))
    return islice(rows, limit or None)


def _place(value: object) -> tuple[int, float, str]:
    """Return a key for sorting: large numbers, then words, then unknown values."""
    match value:
        case None:
            return 2, 0, ""
        case int() | float():
            return 0, -value, ""
    return 1, 0, as_plain(value)


def _notes(report: Report, found: _Round, limit: int | None) -> list[str]:
    """Return the lines to print beside the table."""
    lines = [f"{PROGRAM}: {error.message}" for error in found.errors]
    if terminal.is_quiet():
        return lines
    more = found.total - limit if limit else 0
    if more > 0:
        lines.insert(0, f"… and {more:,} more; --limit 0 shows all")
    if not found.total and not lines:
        lines.append(report.empty_text)
    return lines

"""The rounds of a report: ask all servers, print their answers, and do it again with ``--watch``.

One connection to each server serves all rounds. The error of a server that does not answer is
printed on stderr and sets the exit status; the rows of the other servers are printed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from twisted.internet.task import deferLater

from gearman_tx.admin import AdminClient
from gearman_tx.cli import output, terminal
from gearman_tx.cli.columns import Column, columns
from gearman_tx.cli.errors import PROGRAM, CommandError, print_error
from gearman_tx.cli.everywhere import ask_all
from gearman_tx.cli.formats import as_plain
from gearman_tx.cli.running import run
from gearman_tx.cli.table import Row, TablePrinter

if TYPE_CHECKING:
    from gearman_tx.cli.report import Report, ReportOptions, Rows
    from gearman_tx.link import Server


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


def run_rounds(report: Report, options: ReportOptions) -> list[CommandError]:
    """Run the reactor until all rounds are shown; return the errors of the last one."""
    return run(lambda reactor: _show(report, options, reactor)).errors


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

"""Reports: one query to several job servers, printed as a table or as JSON.

One connection to each server serves all rounds of ``--watch``. The error of a server that does not
answer is printed on stderr and sets the exit status; the rows of the other servers are printed.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import click
from attrs import field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from gearman_tx.admin import AdminClient
from gearman_tx.cli.errors import PROGRAM, CommandError, print_error
from gearman_tx.cli.everywhere import ask_all
from gearman_tx.cli.formats import as_json
from gearman_tx.cli.running import run
from gearman_tx.cli.servers import servers_option, timeout_option
from gearman_tx.cli.table import Column, Row, TablePrinter
from gearman_tx.link import Server


@frozen
class Report:
    """The query of a report and its columns.

    Attributes:
        columns: the columns of its table; JSON has all values of a row.
        read: asks one server for its rows.
        empty_text: is printed on stderr in place of a table without rows.
        names_server: whether each row names its server even if there is only one.
    """

    columns: tuple[Column, ...]
    read: Callable[[AdminClient], Coroutine[Deferred[Any], Any, list[Row]]]
    empty_text: str
    names_server: bool = False


@frozen
class ReportOptions:
    """The options that all reports have.

    Attributes:
        servers: the job servers to ask.
        timeout: seconds that a server has to connect, and to answer.
        as_json: whether to print JSON in place of a table.
        watch: seconds between two rounds, or None for a single round.
        count: the number of rounds; None for rounds without end.
    """

    servers: list[Server]
    timeout: float
    as_json: bool
    watch: float | None
    count: int | None


@frozen
class _Round:
    """The answers of all servers at about the same time."""

    rows: list[Row] = field(factory=list)
    errors: list[CommandError] = field(factory=list)


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the arguments of :class:`ReportOptions`."""
    for option in reversed(
        (
            servers_option,
            click.option("--json", "as_json", is_flag=True, help="Print JSON, not a table."),
            click.option(
                "-w",
                "--watch",
                type=click.FloatRange(min=0, min_open=True),
                metavar="SECONDS",
                help="Repeat the report after so many seconds, until Ctrl-C. With --json, each "
                "round is one line.",
            ),
            click.option(
                "--count",
                type=click.IntRange(min=1),
                metavar="N",
                help="With --watch: end after N rounds.",
            ),
            timeout_option,
        )
    ):
        command = option(command)
    return command


def show(report: Report, options: ReportOptions) -> None:
    """Ask all servers and print their answers.

    Raises:
        click.UsageError: ``--count`` was given without ``--watch``.
        click.exceptions.Exit: a server failed in the last round; the status is the highest one.
    """
    if options.count is not None and options.watch is None:
        raise click.UsageError("--count goes with --watch")
    last = run(lambda reactor: _show(report, options, reactor))
    if last.errors:
        raise click.exceptions.Exit(max(error.status for error in last.errors))


async def _show(report: Report, options: ReportOptions, reactor: Any) -> _Round:
    servers = options.servers
    admins = [AdminClient(server, timeout=options.timeout, reactor=reactor) for server in servers]

    async def ask() -> _Round:
        return await _ask(report, servers, admins)

    if options.as_json:
        indent = 2 if options.watch is None else None
        return await _repeat(ask, lambda answers: _print_json(answers, indent), options, reactor)
    columns = report.columns
    if report.names_server or len(servers) > 1:
        columns = (Column("Server", "server"), *columns)
    with TablePrinter(refreshes=options.watch is not None) as printer:
        return await _repeat(
            ask,
            lambda answers: printer.show(columns, answers.rows, _notes(report, answers)),
            options,
            reactor,
        )


async def _ask(report: Report, servers: Sequence[Server], admins: Sequence[AdminClient]) -> _Round:
    """Ask all servers once."""
    answers = _Round()
    for server, answer in zip(servers, await ask_all(servers, admins, report.read), strict=True):
        if isinstance(answer, CommandError):
            answers.errors.append(answer)
        else:
            answers.rows.extend({"server": server.name} | row for row in answer)
    return answers


async def _repeat(
    ask: Callable[[], Awaitable[_Round]],
    show_round: Callable[[_Round], object],
    options: ReportOptions,
    reactor: Any,
) -> _Round:
    """Ask and show as often as the options say; return the last round."""
    rounds = 1
    while True:
        answers = await ask()
        show_round(answers)
        if options.watch is None or rounds == options.count:
            return answers
        rounds += 1
        await deferLater(reactor, options.watch)


def _notes(report: Report, answers: _Round) -> list[str]:
    """Return the lines to print beside the table."""
    lines = [f"{PROGRAM}: {error.message}" for error in answers.errors]
    if not answers.rows and not lines:
        lines.append(report.empty_text)
    return lines


def _print_json(answers: _Round, indent: int | None) -> None:
    rows = [{key: as_json(value) for key, value in row.items()} for row in answers.rows]
    click.echo(json.dumps(rows, indent=indent, ensure_ascii=False))
    for error in answers.errors:
        print_error(error.message)

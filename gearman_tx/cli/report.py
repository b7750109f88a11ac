"""Reports: the same question to several job servers, answered as a table or as JSON.

One connection to each server serves all rounds of ``--watch``. A server that does not answer is
told of on stderr and changes the exit status; the others are shown all the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeAlias

import click
from attrs import field, frozen
from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure

from gearman_tx.admin import AdminClient
from gearman_tx.cli.cells import as_json, as_text
from gearman_tx.cli.running import run
from gearman_tx.cli.screen import Screen, show_rounds
from gearman_tx.cli.servers import servers_option
from gearman_tx.cli.trouble import PROGRAM, Trouble, explain, say
from gearman_tx.errors import GearmanError
from gearman_tx.link import Server

Row: TypeAlias = dict[str, Any]


@frozen
class Column:
    """One column of a report.

    Attributes:
        title: what stands above it.
        key: the name of its value in a row, and in JSON.
        show: makes a cell of the value.
        is_number: whether the cells are aligned at the right.
    """

    title: str
    key: str
    show: Callable[[object], str] = as_text
    is_number: bool = False


@frozen
class Report:
    """What a report asks and how it looks.

    Attributes:
        columns: the columns of its table; JSON has all values of a row.
        read: asks one server for its rows.
        nothing: what is said on stderr in place of a table without rows.
        names_server: whether each row tells its server, also when there is a single one.
    """

    columns: tuple[Column, ...]
    read: Callable[[AdminClient], Coroutine[Deferred[Any], Any, list[Row]]]
    nothing: str
    names_server: bool = False


@frozen
class Style:
    """How a report is asked for and printed: the options that all reports have.

    Attributes:
        servers: who is asked.
        timeout: seconds that a server has to connect, and to answer.
        as_json: print JSON in place of a table.
        watch: seconds between two rounds, or None for a single one.
        count: how many rounds; None for as many as there is time for.
    """

    servers: list[Server]
    timeout: float
    as_json: bool
    watch: float | None
    count: int | None


@frozen
class _Round:
    """What all servers said at about the same time."""

    rows: list[Row]
    troubles: list[Trouble] = field(factory=list)


def timeout_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the argument ``timeout``, for a job server's answer."""
    option = click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        default=5.0,
        metavar="SECONDS",
        show_default=True,
        help="How long a job server may take to connect, and to answer.",
    )
    return option(command)


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the options of all reports, which :class:`Style` takes."""
    for option in reversed(
        (
            servers_option,
            click.option("--json", "as_json", is_flag=True, help="Print JSON, not a table."),
            click.option(
                "-w",
                "--watch",
                type=click.FloatRange(min=0, min_open=True),
                metavar="SECONDS",
                help="Ask again after so many seconds, until Ctrl-C. With --json, one line each.",
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


def show(report: Report, style: Style) -> None:
    """Ask all servers and print what they say; exit with the worst of their troubles."""
    if style.count is not None and style.watch is None:
        raise click.UsageError("--count goes with --watch")
    last = run(lambda reactor: _show(report, style, reactor))
    if last.troubles:
        raise click.exceptions.Exit(max(trouble.status for trouble in last.troubles))


async def _show(report: Report, style: Style, reactor: Any) -> _Round:
    admins = [AdminClient(one, timeout=style.timeout, reactor=reactor) for one in style.servers]

    async def ask() -> _Round:
        return await _ask_all(report, style.servers, admins)

    if style.as_json:
        indent = 2 if style.watch is None else None
        return await show_rounds(
            ask, lambda one: _print_json(one, indent), reactor, style.watch, style.count
        )
    columns = report.columns
    if report.names_server or len(admins) > 1:
        columns = (Column("Server", "server"), *columns)
    with Screen(is_watching=style.watch is not None) as screen:
        return await show_rounds(
            ask,
            lambda one: screen.show(columns, one.rows, _lines_of(report, one)),
            reactor,
            style.watch,
            style.count,
        )


async def _ask_all(
    report: Report, servers: Sequence[Server], admins: Sequence[AdminClient]
) -> _Round:
    asking = [Deferred.fromCoroutine(report.read(admin)) for admin in admins]
    answers: list[tuple[bool, Any]] = await DeferredList(asking, consumeErrors=True)
    found = _Round([])
    for server, (_, answer) in zip(servers, answers, strict=True):
        if isinstance(answer, Failure):
            found.troubles.append(trouble_of(answer, server))
        else:
            found.rows.extend({"server": server.name} | row for row in answer)
    return found


def trouble_of(failure: Failure, server: Server) -> Trouble:
    """Return what to say about the ``failure`` of a question to ``server``.

    Raises:
        Exception: the failure, if it is a fault of this program.
    """
    if not failure.check(Trouble, GearmanError):
        failure.raiseException()
    trouble = explain(failure.value)  # type: ignore[arg-type]  # it was checked
    if server.name not in trouble.message:
        return Trouble(f"{server.name}: {trouble.message}", trouble.status)
    return trouble


def _lines_of(report: Report, one: _Round) -> list[str]:
    """Return what is said beside the table."""
    lines = [f"{PROGRAM}: {trouble.message}" for trouble in one.troubles]
    if not one.rows and not lines:
        lines.append(report.nothing)
    return lines


def _print_json(one: _Round, indent: int | None) -> None:
    rows = [{key: as_json(value) for key, value in row.items()} for row in one.rows]
    click.echo(json.dumps(rows, indent=indent, ensure_ascii=False))
    for trouble in one.troubles:
        say(trouble.message)

"""``gearman-tx status``: the functions, their jobs and their workers."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import click
from attrs import asdict

from gearman_tx.admin import AdminClient, FunctionDetails
from gearman_tx.cli.cells import as_text
from gearman_tx.cli.report import Column, Report, Row, Style, report_options, show
from gearman_tx.errors import Refused


def _limits(limits: object) -> str:
    """Return the limits by priority: one if they are the same, a dash for none."""
    if not isinstance(limits, tuple) or not any(limits):
        return "-"
    if len(set(limits)) == 1:
        return as_text(limits[0])
    return "/".join(str(limit or "-") for limit in limits)


COLUMNS = (
    Column("Function", "function"),
    Column("Jobs", "total", is_number=True),
    Column("Running", "running", is_number=True),
    Column("High", "high", is_number=True),
    Column("Normal", "normal", is_number=True),
    Column("Low", "low", is_number=True),
    Column("Delayed", "delayed", is_number=True),
    Column("Workers", "workers", is_number=True),
    Column("Limit", "max_queue", _limits, is_number=True),
)


@click.command()
@click.argument("patterns", metavar="[FUNCTION]...", nargs=-1)
@report_options
def status(patterns: tuple[str, ...], **style: Any) -> None:
    """Show the functions, their jobs and their workers.

    FUNCTION may hold * and ?, and leaves out all others. High, Normal and Low count the jobs that
    wait, by priority; Delayed those that may not run yet; Workers those that offer the function.
    A C gearmand does not tell of delayed jobs and limits.

    \b
    Examples:
      gearman-tx status
      gearman-tx status 'image-*' --watch 1
      gearman-tx status --json | jq '.[] | select(.workers == 0)'
    """

    async def read(admin: AdminClient) -> list[Row]:
        rows = await functions_of(admin)
        return [row for row in rows if _is_wanted(row["function"], patterns)]

    nothing = "no function of that name" if patterns else "no functions: no job, no worker"
    show(Report(COLUMNS, read, nothing), Style(**style))


async def functions_of(admin: AdminClient) -> list[Row]:
    """Return a row for each function; a C gearmand is asked in the words it knows."""
    try:
        functions: list[FunctionDetails] = await admin.functions()
    except Refused:
        return await _functions_of_c(admin)
    return [{"function": one.name} | _without_name(one) for one in functions]


def _without_name(one: FunctionDetails) -> Row:
    row = asdict(one, recurse=False)
    del row["name"]
    return row


async def _functions_of_c(admin: AdminClient) -> list[Row]:
    asking = admin.status(), admin.priority_status()  # one after the other on one connection
    functions = await asking[0]
    waiting = {one.name: one for one in await asking[1]}
    rows = []
    for one in functions:
        by_priority = waiting.get(one.name)
        rows.append(
            {
                "function": one.name,
                "total": one.total,
                "high": by_priority and by_priority.high,
                "normal": by_priority and by_priority.normal,
                "low": by_priority and by_priority.low,
                "delayed": None,
                "running": one.running,
                "workers": one.workers,
                "max_queue": None,
            }
        )
    return rows


def _is_wanted(function: bytes, patterns: tuple[str, ...]) -> bool:
    name = function.decode("utf-8", "backslashreplace")
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)

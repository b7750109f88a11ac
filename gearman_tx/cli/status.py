"""``gearman-tx status``: the functions, their jobs and their workers."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import click
from attrs import asdict

from gearman_tx.admin import AdminClient, FunctionDetails
from gearman_tx.cli.formats import as_text
from gearman_tx.cli.report import Report, ReportOptions, report_options, show
from gearman_tx.cli.table import Column, Row
from gearman_tx.errors import Refused


def _limits(limits: object) -> str:
    """Return the limits by priority: one number if they are equal, a dash for no limit."""
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
def status(patterns: tuple[str, ...], **options: Any) -> None:
    """Show the functions, their jobs and their workers.

    Only functions that match a FUNCTION are shown; it may hold * and ?. High, Normal and Low count
    the queued jobs by priority, Delayed the jobs that may not run yet, Workers the workers that
    offer the function. A C gearmand does not report delayed jobs and limits.

    \b
    Examples:
      gearman-tx status
      gearman-tx status 'image-*' --watch 1
      gearman-tx status --json | jq '.[] | select(.workers == 0)'
    """

    async def read(admin: AdminClient) -> list[Row]:
        rows = await functions_of(admin)
        return [row for row in rows if _matches(row["function"], patterns)]

    empty_text = "no function of that name" if patterns else "no functions: no job, no worker"
    show(Report(COLUMNS, read, empty_text), ReportOptions(**options))


async def functions_of(admin: AdminClient) -> list[Row]:
    """Return a row for each function; a C gearmand is asked by the commands that it knows."""
    try:
        functions: list[FunctionDetails] = await admin.functions()
    except Refused:
        return await _functions_of_c(admin)
    rows = []
    for function in functions:
        row = asdict(function, recurse=False)
        rows.append({"function": row.pop("name")} | row)
    return rows


async def _functions_of_c(admin: AdminClient) -> list[Row]:
    """Return the functions of a C gearmand, with None for all that it does not report."""
    requests = admin.status(), admin.priority_status()  # both are sent before the first answer
    functions = await requests[0]
    queued = {function.name: function for function in await requests[1]}
    rows = []
    for function in functions:
        by_priority = queued.get(function.name)
        rows.append(
            {
                "function": function.name,
                "total": function.total,
                "high": by_priority and by_priority.high,
                "normal": by_priority and by_priority.normal,
                "low": by_priority and by_priority.low,
                "delayed": None,
                "running": function.running,
                "workers": function.workers,
                "max_queue": None,
            }
        )
    return rows


def _matches(function: bytes, patterns: tuple[str, ...]) -> bool:
    name = function.decode("utf-8", "backslashreplace")
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)

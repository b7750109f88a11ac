"""``gearman-tx status``: the functions, their jobs and their workers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gearman_tx.admin import FunctionDetails
from gearman_tx.cli.names import FUNCTION
from gearman_tx.cli.patterns import Patterns
from gearman_tx.cli.report import Report, ReportOptions, report_options
from gearman_tx.cli.showing import show
from gearman_tx.cli.table import Row
from gearman_tx.core import PRIORITY_NAMES
from gearman_tx.errors import Refused

if TYPE_CHECKING:
    from gearman_tx.admin import AdminClient

COLUMNS = (
    "function",
    "jobs",
    "running",
    "high",
    "normal",
    "low",
    "delayed",
    "oldest",
    "workers",
    "max_queue",
)


@click.command()
@click.argument("functions", metavar="[FUNCTION]...", nargs=-1, type=FUNCTION)
@report_options
def status(functions: tuple[str, ...], **options: Any) -> None:
    """Show the functions, their jobs and their workers.

    With FUNCTION, only that function is shown. Name as many as you like; * and ? stand for any
    characters. The exit status is 1 if no job server knows a FUNCTION.

    Jobs counts all jobs of the function: those that run, the queued ones, which High, Normal and
    Low count by priority, and the delayed ones, whose time has not come. Oldest is how long the
    first queued job has been ready for a worker. Workers counts the workers that offer the
    function. Max queue is the limit that gearman-tx maxqueue sets. A C gearmand does not report
    delayed jobs, ages and limits.

    \b
    Examples:
      gearman-tx status
      gearman-tx status 'image-*' --watch 1
      gearman-tx status --json | jq '.[] | select(.workers == 0)'
    """
    names = Patterns(functions)

    async def read(admin: AdminClient) -> list[Row]:
        rows = await functions_of(admin)
        selected = names.select(row["function"] for row in rows)
        return [row for row in rows if row["function"] in selected]

    empty_text = "no functions: no job, no worker"
    show(Report(COLUMNS, read, empty_text, names=names), ReportOptions(**options))


async def functions_of(admin: AdminClient) -> list[Row]:
    """Return a row for each function; a C gearmand is asked by the commands that it knows."""
    try:
        functions: list[FunctionDetails] = await admin.functions()
    except Refused:
        return await _functions_of_c(admin)
    return [
        {
            "function": function.name,
            "jobs": function.total,
            "running": function.running,
            "high": function.high,
            "normal": function.normal,
            "low": function.low,
            "delayed": function.delayed,
            "oldest": function.oldest,
            "workers": function.workers,
            "max_queue": dict(zip(PRIORITY_NAMES, function.max_queue, strict=True)),
        }
        for function in functions
    ]


async def _functions_of_c(admin: AdminClient) -> list[Row]:
    """Return the functions of a C gearmand, with None for all that it does not report."""
    requests = admin.status(), admin.priority_status()  # both are sent before the first answer
    functions = await requests[0]
    queued = {function.name: function for function in await requests[1]}
    rows: list[Row] = []
    for function in functions:
        by_priority = queued.get(function.name)
        rows.append(
            {
                "function": function.name,
                "jobs": function.total,
                "running": function.running,
                "high": by_priority and by_priority.high,
                "normal": by_priority and by_priority.normal,
                "low": by_priority and by_priority.low,
                "delayed": None,
                "oldest": None,
                "workers": function.workers,
                "max_queue": None,
            }
        )
    return rows

"""``gearman-tx jobs``: the jobs that wait or run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from attrs import fields

from gearman_tx.admin import JobDetails, unescape
from gearman_tx.admin.replies import job_details, read_rows
from gearman_tx.admin.reports import SHOWN_STATES
from gearman_tx.cli.errors import CommandError, ExitStatus
from gearman_tx.cli.names import FUNCTION
from gearman_tx.cli.patterns import Patterns
from gearman_tx.cli.report import LazyRows, Report, ReportOptions, Rows, report_options
from gearman_tx.cli.showing import show
from gearman_tx.cli.table import Row
from gearman_tx.errors import Refused

if TYPE_CHECKING:
    from gearman_tx.admin import AdminClient

COLUMNS = (
    "handle",
    "function",
    "unique",
    "state",
    "priority",
    "background",
    "age",
    "losses",
    "size",
    "progress",
    "due_in",
    "worker",
)
STATES = tuple(state.decode() for state in SHOWN_STATES)
_LIMIT = 100  # rows on a terminal


@click.command()
@click.argument("functions", metavar="[FUNCTION]...", nargs=-1, type=FUNCTION)
@click.option("--state", type=click.Choice(STATES), help="Show the jobs in this state only.")
@report_options
def jobs(functions: tuple[str, ...], state: str | None, **options: Any) -> None:
    """Show the jobs that wait or run, the oldest first.

    With FUNCTION, only the jobs of that function are shown. Name as many as you like; * and ? stand
    for any characters. The exit status is 1 if no job server knows a FUNCTION.

    On a terminal the first 100 jobs are shown, and a narrow terminal leaves out columns: --limit 0
    and --wide show all. Through a pipe everything is printed.

    A C gearmand reports little more than the handles, and cannot report single functions or states.

    \b
    Examples:
      gearman-tx jobs
      gearman-tx jobs resize 'image-*' --state running --watch 2
      gearman-tx jobs --sort size --limit 10
      gearman-tx jobs --json | jq -r '.[] | select(.age > 3600) | .handle'
    """
    names = Patterns(functions)

    async def read(admin: AdminClient) -> Rows:
        try:
            lines = await job_lines(admin, names, state)
        except Refused as refusal:
            if refusal.code != b"UNKNOWN_COMMAND":
                raise
            return await _jobs_of_c(admin, is_selected=bool(functions or state))
        return LazyRows(len(lines), map(_row, lines))

    show(Report(COLUMNS, read, "no jobs", names=names, limit=_LIMIT), ReportOptions(**options))


async def job_lines(admin: AdminClient, names: Patterns, state: str | None) -> list[bytes]:
    """Return the rows of the text command ``jobs`` for the functions that the user named.

    Args:
        admin: is asked.
        names: the functions.
        state: the only state of the jobs, or None.

    Raises:
        Refused: the job server does not know the command.
    """
    if not names.words:
        return await admin.job_lines(None, state)
    selected = names.select(function.name for function in await admin.functions())
    if len(selected) == 1:
        return await admin.job_lines(selected.pop(), state)
    # One report of all jobs costs the server less than one for each function.
    lines = await admin.job_lines(None, state) if selected else []
    return [line for line in lines if unescape(line.split(b"\t", 2)[1]) in selected]


def _row(line: bytes) -> Row:
    """Return a line of ``jobs`` as a row."""
    (job,) = read_rows((line,), job_details)
    return row_of(job)


def row_of(job: JobDetails) -> Row:
    """Return a job as a row with the names of :mod:`gearman_tx.cli.columns`."""
    progress = job.progress
    return {
        "handle": job.handle,
        "function": job.function,
        "unique": job.unique,
        "state": job.state,
        "priority": job.priority,
        "background": job.background,
        "age": job.age,
        "losses": job.losses,
        "clients": job.clients,
        "size": job.size,
        "progress": progress and {"numerator": progress[0], "denominator": progress[1]},
        "due_in": job.due_in,
        "worker": job.worker_id or job.worker_host,
        "worker_id": job.worker_id,
        "worker_host": job.worker_host,
        "worker_fd": job.worker_fd,
    }


async def _jobs_of_c(admin: AdminClient, *, is_selected: bool) -> Rows:
    """Return the jobs of a C gearmand, with None for all that it does not report."""
    if is_selected:
        text = "it cannot list the jobs of one function or state; leave FUNCTION and --state out"
        raise CommandError(text, ExitStatus.REFUSED)
    names = (*(attribute.name for attribute in fields(JobDetails)), "worker")
    unknown = dict.fromkeys(names)
    return [
        {**unknown, "handle": job.handle, "losses": job.losses, "background": job.background}
        for job in await admin.queued_jobs()
    ]

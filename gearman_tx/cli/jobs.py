"""``gearman-tx jobs``: the queued and running jobs."""

from __future__ import annotations

from typing import Any

import click
from attrs import asdict, fields
from rich.filesize import decimal

from gearman_tx.admin import AdminClient, JobDetails
from gearman_tx.cli.errors import CommandError, ExitStatus
from gearman_tx.cli.formats import as_text, duration
from gearman_tx.cli.report import Report, ReportOptions, report_options, show
from gearman_tx.cli.table import Column, Row
from gearman_tx.errors import Refused


def _size(size: object) -> str:
    return decimal(size) if isinstance(size, int) else as_text(size)


def _progress(progress: object) -> str:
    if not isinstance(progress, tuple) or not progress[1]:
        return "-"
    return f"{progress[0]}/{progress[1]}"


COLUMNS = (
    Column("Handle", "handle"),
    Column("Function", "function"),
    Column("Unique", "unique"),
    Column("State", "state"),
    Column("Priority", "priority"),
    Column("Background", "background"),
    Column("Age", "age", duration, is_number=True),
    Column("Tries lost", "retries", is_number=True),
    Column("Size", "size", _size, is_number=True),
    Column("Progress", "progress", _progress, is_number=True),
    Column("Due in", "due", duration, is_number=True),
    Column("Worker", "worker_host"),
)


@click.command()
@click.argument("function", required=False)
@report_options
def jobs(function: str | None, **options: Any) -> None:
    """Show the queued and running jobs.

    With FUNCTION only the jobs of that function are shown.

    A C gearmand reports little more than the handles, and cannot report a single function.

    \b
    Examples:
      gearman-tx jobs
      gearman-tx jobs resize --watch 2
      gearman-tx jobs --json | jq -r '.[] | select(.age > 3600) | .handle'
    """
    name = None if function is None else function.encode()

    async def read(admin: AdminClient) -> list[Row]:
        try:
            details: list[JobDetails] = await admin.jobs(name)
        except Refused as refusal:
            if refusal.code != b"UNKNOWN_COMMAND":
                raise
            return await _jobs_of_c(admin, name)
        return [asdict(job, recurse=False) for job in details]

    show(Report(COLUMNS, read, "no jobs"), ReportOptions(**options))


async def _jobs_of_c(admin: AdminClient, function: bytes | None) -> list[Row]:
    """Return the jobs of a C gearmand, with None for all that it does not report."""
    if function is not None:
        text = "it cannot list the jobs of one function; leave the function out"
        raise CommandError(text, ExitStatus.REFUSED)
    unknown = dict.fromkeys(attribute.name for attribute in fields(JobDetails))
    return [
        unknown | {"handle": job.handle, "retries": job.retries, "background": job.background}
        for job in await admin.queued_jobs()
    ]

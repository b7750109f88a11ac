"""``gearman-tx job``: single jobs with all that is known of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click
from attrs import fields

from gearman_tx.admin import JobDetails
from gearman_tx.cli.errors import CommandError, ExitStatus
from gearman_tx.cli.jobs import row_of
from gearman_tx.cli.names import HANDLE, as_bytes
from gearman_tx.cli.report import Report, ReportOptions, report_options
from gearman_tx.cli.showing import show
from gearman_tx.cli.table import Row
from gearman_tx.errors import Refused

if TYPE_CHECKING:
    from gearman_tx.admin import AdminClient

COLUMNS = tuple(attribute.name for attribute in fields(JobDetails))


@click.command()
@click.argument("handles", metavar="HANDLE...", nargs=-1, required=True, type=HANDLE)
@report_options
def job(handles: tuple[str, ...], **options: Any) -> None:
    """Show jobs with all that is known of them.

    All servers are asked, whichever has the job. Progress is what the worker reported last. The
    exit status is 1 if no server knows one of the handles: the job has ended, or never existed.

    A C gearmand reports whether the job runs, its progress, whether it is a background job, and how
    often its worker was lost.

    \b
    Examples:
      gearman-tx job H:one.example:17
      gearman-tx job H:one.example:17 --watch 2
    """

    async def read(admin: AdminClient) -> list[Row]:
        wanted = [as_bytes(handle) for handle in handles]
        try:
            found = [await admin.job(handle) for handle in wanted]
        except Refused as refusal:
            if refusal.code != b"UNKNOWN_COMMAND":
                raise
            return await _jobs_of_c(admin, wanted)
        return [row_of(details) for details in found if details is not None]

    def faults(rows: list[Row], is_complete: bool) -> Iterator[CommandError]:  # noqa: FBT001  # a report's signature
        known = {row["handle"] for row in rows}
        unknown = [handle for handle in handles if as_bytes(handle) not in known]
        if unknown and is_complete:  # a server that failed may know the job
            text = f"no job server knows {', '.join(unknown)}: ended, or never there"
            yield CommandError(text, ExitStatus.FAILED)

    show(Report(COLUMNS, read, "", is_record=True, faults=faults), ReportOptions(**options))


async def _jobs_of_c(admin: AdminClient, handles: list[bytes]) -> list[Row]:
    """Return jobs of a C gearmand, with None for all that it does not report."""
    from twisted.internet import reactor  # importing it installs one

    from gearman_tx.client import Client  # noqa: PLC0415  # Twisted, which the Tab key does not need

    queued = {row.handle: row for row in await admin.queued_jobs()}
    unknown = dict.fromkeys(COLUMNS)
    rows: list[Row] = []
    async with Client([admin.server], reactor=reactor) as client:
        for handle in handles:
            status = await client.status(handle)
            row = queued.get(handle)
            if status.known and row is not None:
                rows.append(
                    {
                        **unknown,
                        "handle": handle,
                        "state": "running" if status.running else None,
                        "background": row.background,
                        "losses": row.losses,
                        "progress": (
                            status.denominator
                            and {"numerator": status.numerator, "denominator": status.denominator}
                        )
                        or None,
                    }
                )
    return rows

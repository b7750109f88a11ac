"""``gearman-tx store``: the state of the queue files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from gearman_tx.admin.store_status import FAILING
from gearman_tx.cli.errors import CommandError, ExitStatus
from gearman_tx.cli.report import Report, ReportOptions, report_options
from gearman_tx.cli.showing import show
from gearman_tx.cli.table import Row

if TYPE_CHECKING:
    from gearman_tx.admin import AdminClient

COLUMNS = (
    "kind",
    "path",
    "state",
    "stored",
    "file_size",
    "log_size",
    "commits",
    "added",
    "errors",
    "waiting",
    "lag",
    "last_commit",
    "commit_time",
    "last_error",
    "notices",
)


@click.command()
@report_options
def store(**options: Any) -> None:
    """Show the state of the queue files.

    In them, job servers store background jobs. The exit status is 1 if a job server cannot store
    background jobs and refuses them. It works again by itself when the cause is gone. A C gearmand
    does not know the command.

    \b
    Examples:
      gearman-tx store
      gearman-tx store --json | jq '.[].log_size'
    """
    report = Report(COLUMNS, _read, "", names_server=True, is_record=True, faults=_faults)
    show(report, ReportOptions(**options))


async def _read(admin: AdminClient) -> list[Row]:
    status = await admin.store()
    return [
        {
            "kind": status.kind,
            "path": status.path,
            "state": status.state,
            "stored": status.jobs,
            "file_size": status.size,
            "log_size": status.log,
            "commits": status.commits,
            "added": status.added,
            "errors": status.errors,
            "waiting": status.waiting,
            "lag": status.lag,
            "last_commit": status.last_commit,
            "commit_time": status.last_seconds,
            "last_error": status.last_error,
            "notices": status.notices or None,
        }
    ]


def _faults(rows: list[Row], _is_complete: bool) -> Iterator[CommandError]:  # noqa: FBT001  # a report's signature
    """Yield an error for each server that cannot store background jobs."""
    for row in rows:
        if row["state"] == FAILING:
            text = f"{row['server']} refuses background jobs: {row['last_error']}"
            yield CommandError(text, ExitStatus.FAILED)

"""``gearman-tx workers``: the connected workers and their functions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gearman_tx.cli.report import Report, ReportOptions, report_options
from gearman_tx.cli.showing import show
from gearman_tx.cli.table import Row

if TYPE_CHECKING:
    from gearman_tx.admin import AdminClient

COLUMNS = ("fd", "host", "client_id", "functions")


@click.command()
@click.option("-a", "--all", "is_all", is_flag=True, help="Show clients and other connections too.")
@report_options
def workers(is_all: bool, **options: Any) -> None:  # noqa: FBT001  # click passes it by name
    """Show the workers and their functions.

    \b
    Examples:
      gearman-tx workers
      gearman-tx workers --all -s one.example -s two.example
    """

    async def read(admin: AdminClient) -> list[Row]:
        return [
            {
                "fd": worker.fd,
                "host": worker.host,
                "client_id": None if worker.client_id == b"-" else worker.client_id,
                "functions": worker.functions,
            }
            for worker in await admin.workers()
            if is_all or worker.functions
        ]

    show(Report(COLUMNS, read, "no workers are connected"), ReportOptions(**options))

"""``gearman-tx workers``: who is connected, and what they offer."""

from __future__ import annotations

from typing import Any

import click

from gearman_tx.admin import AdminClient
from gearman_tx.cli.report import Column, Report, Row, Style, report_options, show

COLUMNS = (
    Column("Fd", "fd", is_number=True),
    Column("Host", "host"),
    Column("Client id", "client_id"),
    Column("Functions", "functions"),
)


@click.command()
@click.option("-a", "--all", "is_all", is_flag=True, help="Show clients and other connections too.")
@report_options
def workers(is_all: bool, **style: Any) -> None:  # noqa: FBT001  # click hands it over by name
    """Show the workers and the functions that they offer.

    \b
    Examples:
      gearman-tx workers
      gearman-tx workers --all -s one.example -s two.example
    """

    async def read(admin: AdminClient) -> list[Row]:
        return [
            {
                "fd": one.fd,
                "host": one.host,
                "client_id": None if one.client_id == b"-" else one.client_id,
                "functions": one.functions,
            }
            for one in await admin.workers()
            if is_all or one.functions
        ]

    show(Report(COLUMNS, read, "no workers are connected"), Style(**style))

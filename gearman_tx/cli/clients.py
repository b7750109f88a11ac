"""``gearman-tx clients``: all connections and what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from gearman_tx.cli.report import Report, ReportOptions, report_options
from gearman_tx.cli.showing import show
from gearman_tx.cli.table import Row
from gearman_tx.errors import Refused

if TYPE_CHECKING:
    from gearman_tx.admin import AdminClient

COLUMNS = ("fd", "host", "client_id", "state", "abilities", "running", "awaited")
_NO_ID = b"-"


@click.command()
@report_options
def clients(**options: Any) -> None:
    """Show all connections and what they do.

    The list has clients, workers, and the connection of this command.

    State is asleep for a worker that waits for a job, busy for a connection that runs or awaits a
    job, and idle for any other. Abilities counts the functions that the connection offers as a
    worker, Running the jobs that it runs, Awaited the jobs whose results it waits for. A C gearmand
    reports only the first three columns and the functions.

    \b
    Examples:
      gearman-tx clients
      gearman-tx clients --sort awaited --limit 10
    """
    show(Report(COLUMNS, _read, "no connections"), ReportOptions(**options))


async def _read(admin: AdminClient) -> list[Row]:
    try:
        connections = await admin.clients()
    except Refused:
        return await _clients_of_c(admin)
    return [
        {
            "fd": one.fd,
            "host": one.host,
            "client_id": None if one.client_id == _NO_ID else one.client_id,
            "state": one.state,
            "abilities": one.functions,
            "running": one.running,
            "awaited": one.waiting,
        }
        for one in connections
    ]


async def _clients_of_c(admin: AdminClient) -> list[Row]:
    """Return the connections of a C gearmand, with None for all that it does not report."""
    return [
        {
            "fd": one.fd,
            "host": one.host,
            "client_id": None if one.client_id == _NO_ID else one.client_id,
            "state": None,
            "abilities": len(one.functions),
            "running": None,
            "awaited": None,
        }
        for one in await admin.workers()
    ]

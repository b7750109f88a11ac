"""``gearman-tx ping``: check whether job servers answer, and how fast."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from gearman_tx.cli.report import Report, ReportOptions, report_options
from gearman_tx.cli.showing import show
from gearman_tx.cli.table import Row

if TYPE_CHECKING:
    from gearman_tx.admin import AdminClient

COLUMNS = ("version", "pid", "connected_in", "answered_in")


@click.command()
@report_options
def ping(**options: Any) -> None:
    """Check whether job servers answer, and how fast.

    "Connected in" is the time for the connection and the first answer, "Answered in" the time for
    one more request on that connection. The exit status is 0 if all servers answer and 3 if one
    does not.

    \b
    Examples:
      gearman-tx ping -s one.example -s two.example
      gearman-tx ping --watch 1 --count 10
    """
    show(Report(COLUMNS, _read, "", names_server=True), ReportOptions(**options))


async def _read(admin: AdminClient) -> list[Row]:
    """Return one row with the times of a server, in seconds."""
    start = time.perf_counter()
    version = await admin.version()
    connected_in = time.perf_counter() - start
    answered_in = await admin.ping()
    pid = await admin.pid()
    await admin.close()  # the next round measures a new connection
    return [
        {
            "version": version,
            "pid": pid,
            "connected_in": connected_in,
            "answered_in": answered_in,
        }
    ]

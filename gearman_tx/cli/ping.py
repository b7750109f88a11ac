"""``gearman-tx ping``: whether job servers answer, and how fast."""

from __future__ import annotations

import time
from typing import Any

import click

from gearman_tx.admin import AdminClient
from gearman_tx.cli.cells import milliseconds
from gearman_tx.cli.report import Column, Report, Row, Style, report_options, show

COLUMNS = (
    Column("Version", "version"),
    Column("Pid", "pid", is_number=True),
    Column("Connected in", "connect", milliseconds, is_number=True),
    Column("Answered in", "answer", milliseconds, is_number=True),
)


@click.command()
@report_options
def ping(**style: Any) -> None:
    """See whether job servers answer, and how fast.

    "Connected in" is what the connection and the first answer took, "Answered in" is one more
    question on that connection. The exit status is 0 if all servers answer and 3 if one does not.

    \b
    Examples:
      gearman-tx ping -s one.example -s two.example
      gearman-tx ping --watch 1 --count 10
    """
    show(Report(COLUMNS, _read, "", names_server=True), Style(**style))


async def _read(admin: AdminClient) -> list[Row]:
    begun = time.perf_counter()
    version = await admin.version()
    connect = time.perf_counter() - begun
    answer = await admin.ping()
    pid = await admin.pid()
    await admin.close()  # the next round connects anew
    return [{"version": version, "pid": pid, "connect": connect, "answer": answer}]

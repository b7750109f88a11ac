"""``gearman-tx wait``: wait for the end of background jobs."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from gearman_tx.cli.names import HANDLE
from gearman_tx.cli.parameters import SPAN
from gearman_tx.cli.servers import servers_option

if TYPE_CHECKING:
    from gearman_tx.link import Server


@click.command()
@click.argument("handles", metavar="HANDLE...", nargs=-1, required=True, type=HANDLE)
@servers_option
@click.option("--timeout", type=SPAN, metavar="TIME", help="Give up after this time.")
def wait(handles: tuple[str, ...], servers: list[Server], timeout: float | None) -> None:
    """Wait until background jobs have ended.

    A job server forgets a job when it ends. So this command cannot say whether a job was completed,
    failed or was cancelled, and a handle that never existed looks like a job that has ended: a
    remark on stderr names the handles that no job server knew from the beginning. To get the
    result of a job, submit it without --background.

    The job servers are asked several times a second at first, and every five seconds later. The
    exit status is 0 as soon as no job server knows any of the jobs, and 1 if --timeout ends the
    waiting.

    \b
    Examples:
      gearman-tx wait H:one.example:17
      gearman-tx wait $(gearman-tx submit --background index all) --timeout 1h
    """
    from gearman_tx.cli.end_of_jobs import await_end  # noqa: PLC0415  # it imports Twisted
    from gearman_tx.cli.running import run  # noqa: PLC0415  # as above

    run(partial(await_end, servers, handles, timeout))

"""``gearman-tx wait``: wait for the end of background jobs."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import click
from attrs import define

from gearman_tx.cli.console import ConsoleOutput
from gearman_tx.cli.errors import CommandError, ExitStatus
from gearman_tx.cli.job_watch import JobWatch
from gearman_tx.cli.names import HANDLE
from gearman_tx.cli.parameters import SPAN
from gearman_tx.cli.running import run
from gearman_tx.cli.servers import servers_option
from gearman_tx.cli.terminal import note, say
from gearman_tx.client import Client, JobStatus
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
    run(partial(_wait, servers, handles, timeout))


@define(eq=False)
class _Announcer:
    """Prints what becomes of the jobs, and their progress on a terminal."""

    output: ConsoleOutput
    count: int

    def ended(self, handle: str, *, was_known: bool) -> None:
        """No job server knows the job."""
        self.output.hide_bar()
        if was_known:
            say(f"{handle} has ended")
        else:
            note(f"{handle} is not known: it has ended already, or never existed")

    def unfinished(self, jobs: Sequence[JobStatus]) -> None:
        """Show the progress of the only job, or how many of several have ended."""
        if self.count > 1:
            self.output.show_bar(self.count - len(jobs), self.count, "ended")
        elif jobs[0].denominator:
            self.output.show_bar(jobs[0].numerator, jobs[0].denominator, "running")


async def _wait(
    servers: list[Server], handles: tuple[str, ...], patience: float | None, reactor: Any
) -> None:
    output = ConsoleOutput()
    async with Client(servers, reactor=reactor) as client:
        try:
            await client.connect()
            announcer = _Announcer(output, len(set(handles)))
            left = await JobWatch(client.status, announcer, reactor).run(handles, patience)
        finally:
            output.hide_bar()
    if left:
        text = f"not ended within {patience:g} s: {', '.join(left)}"
        raise CommandError(text, ExitStatus.FAILED)

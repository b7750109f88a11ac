"""Wait for the end of background jobs, and print it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attrs import define

from gearman_tx.cli.console import ConsoleOutput
from gearman_tx.cli.errors import CommandError, ExitStatus
from gearman_tx.cli.job_watch import JobWatch
from gearman_tx.cli.terminal import note, say
from gearman_tx.client import Client, JobStatus
from gearman_tx.link import Server


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


async def await_end(
    servers: list[Server], handles: tuple[str, ...], patience: float | None, reactor: Any
) -> None:
    """Wait until no job server knows any of the jobs, and print what becomes of them.

    Args:
        servers: the job servers.
        handles: the jobs.
        patience: seconds to wait, or None.
        reactor: the reactor that runs.

    Raises:
        CommandError: jobs have not ended in this time.
    """
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

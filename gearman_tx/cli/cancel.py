"""``gearman-tx cancel``: take jobs out of the queue."""

from __future__ import annotations

import click

from gearman_tx.admin import AdminClient
from gearman_tx.cli import exit_status
from gearman_tx.cli.deed import do_everywhere
from gearman_tx.cli.report import timeout_option
from gearman_tx.cli.servers import servers_option
from gearman_tx.cli.trouble import Trouble
from gearman_tx.link import Server


@click.command()
@click.argument("handles", metavar="HANDLE...", nargs=-1, required=True)
@servers_option
@timeout_option
def cancel(handles: tuple[str, ...], servers: list[Server], timeout: float) -> None:
    """Cancel jobs by their handles.

    All servers are asked, whichever has the job. A job that waits is not run. One that runs
    already is done to its end, but its result is nobody's. The exit status is 1 if no server
    knows one of the handles: the job has ended, or never was.

    \b
    Examples:
      gearman-tx cancel H:one.example:17
      gearman-tx jobs resize --json | jq -r '.[].handle' | xargs gearman-tx cancel
    """

    async def cancel_all(admin: AdminClient) -> list[bool]:
        return [await admin.cancel(handle.encode()) for handle in handles]

    answers = do_everywhere(servers, timeout, cancel_all)
    unknown = []
    for handle, *found in zip(handles, *answers.values(), strict=True):
        if any(found):
            click.echo(f"{handle} is cancelled")
        else:
            unknown.append(handle)
    if unknown:
        text = f"no job server knows {', '.join(unknown)}: ended, or never there"
        raise Trouble(f"{text}; gearman-tx jobs lists those that are", exit_status.FAILED)

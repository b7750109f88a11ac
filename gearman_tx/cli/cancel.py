"""``gearman-tx cancel``: take jobs out of the queue."""

from __future__ import annotations

import click

from gearman_tx.admin import AdminClient
from gearman_tx.cli.errors import CommandError, ExitStatus
from gearman_tx.cli.everywhere import do_everywhere
from gearman_tx.cli.names import HANDLE, as_bytes
from gearman_tx.cli.servers import servers_option, timeout_option
from gearman_tx.link import Server


@click.command()
@click.argument("handles", metavar="HANDLE...", nargs=-1, required=True, type=HANDLE)
@servers_option
@timeout_option
def cancel(handles: tuple[str, ...], servers: list[Server], timeout: float) -> None:
    """Cancel jobs by their handles.

    All servers are asked, whichever has the job. A queued job is not run. A running job is run to
    its end, and its result is dropped. The exit status is 1 if no server knows one of the handles:
    the job has ended, or never existed.

    \b
    Examples:
      gearman-tx cancel H:one.example:17
      gearman-tx jobs resize --json | jq -r '.[].handle' | xargs gearman-tx cancel
    """

    async def cancel_all(admin: AdminClient) -> list[bool]:
        return [await admin.cancel(as_bytes(handle)) for handle in handles]

    answers = do_everywhere(servers, timeout, cancel_all)
    unknown = []
    for handle, *found in zip(handles, *answers.values(), strict=True):
        if any(found):
            click.echo(f"{handle} is cancelled")
        else:
            unknown.append(handle)
    if unknown:
        text = f"no job server knows {', '.join(unknown)}: ended, or never there"
        text += "; gearman-tx jobs lists the jobs that exist"
        raise CommandError(text, ExitStatus.FAILED)

"""``gearman-tx create``: make functions known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gearman_tx.cli.everywhere import do_everywhere
from gearman_tx.cli.names import as_bytes
from gearman_tx.cli.servers import servers_option, timeout_option
from gearman_tx.cli.terminal import say

if TYPE_CHECKING:
    from gearman_tx.admin import AdminClient
    from gearman_tx.link import Server


@click.command()
@click.argument("functions", metavar="FUNCTION...", nargs=-1, required=True)
@servers_option
@timeout_option
def create(functions: tuple[str, ...], servers: list[Server], timeout: float) -> None:
    """Make functions known, before a job or a worker names them.

    Reports list such a function at once, so that a check finds it without workers. It is not an
    error if a job server knows it already.

    \b
    Examples:
      gearman-tx create resize
    """

    async def create_all(admin: AdminClient) -> None:
        for function in functions:
            await admin.create_function(as_bytes(function))

    for server in do_everywhere(servers, timeout, create_all):
        say(f"{server} knows {', '.join(functions)}")

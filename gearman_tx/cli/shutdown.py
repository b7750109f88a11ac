"""``gearman-tx shutdown``: stop job servers."""

from __future__ import annotations

import click

from gearman_tx.cli.everywhere import do_everywhere
from gearman_tx.cli.servers import servers_option, timeout_option
from gearman_tx.link import Server


@click.command()
@click.option(
    "--graceful",
    is_flag=True,
    help="First wait for running and foreground jobs.",
)
@servers_option
@timeout_option
def shutdown(graceful: bool, servers: list[Server], timeout: float) -> None:  # noqa: FBT001  # click passes it by name
    """Stop job servers.

    A job server of gearman_tx stops only if it was started with --allow-shutdown. A C gearmand has
    not known the command since 1.1.15; stop it with a signal.

    \b
    Examples:
      gearman-tx shutdown --graceful
      gearman-tx shutdown -s one.example
    """
    for server in do_everywhere(servers, timeout, lambda admin: admin.shutdown(graceful=graceful)):
        click.echo(f"{server} stops")

"""``gearman-tx shutdown``: stop job servers."""

from __future__ import annotations

import click

from gearman_tx.cli.deed import do_everywhere
from gearman_tx.cli.report import timeout_option
from gearman_tx.cli.servers import servers_option
from gearman_tx.link import Server


@click.command()
@click.option(
    "--graceful", is_flag=True, help="Wait first for jobs that run, or that a client waits for."
)
@servers_option
@timeout_option
def shutdown(graceful: bool, servers: list[Server], timeout: float) -> None:  # noqa: FBT001  # click hands it over by name
    """Stop job servers.

    A job server of gearman_tx does so only if it was started with --allow-shutdown; a C gearmand
    has not known the command since 1.1.15, and is stopped with a signal.

    \b
    Examples:
      gearman-tx shutdown --graceful
      gearman-tx shutdown -s one.example
    """
    for server in do_everywhere(servers, timeout, lambda it: it.shutdown(graceful=graceful)):
        click.echo(f"{server} stops")

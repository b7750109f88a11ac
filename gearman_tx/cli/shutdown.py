"""``gearman-tx shutdown``: stop job servers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from gearman_tx.cli.errors import CommandError, ExitStatus
from gearman_tx.cli.everywhere import Everywhere, run_everywhere
from gearman_tx.cli.servers import servers_option, timeout_option
from gearman_tx.cli.terminal import confirm, say, yes_option
from gearman_tx.errors import Refused

if TYPE_CHECKING:
    from gearman_tx.admin import AdminClient, FunctionStatus
    from gearman_tx.link import Server


@click.command()
@click.option(
    "--graceful",
    is_flag=True,
    help="First wait for running and foreground jobs.",
)
@yes_option
@servers_option
@timeout_option
def shutdown(graceful: bool, yes: bool, servers: list[Server], timeout: float) -> None:  # noqa: FBT001  # click passes them by name
    """Stop job servers.

    On a terminal you are asked first, unless you give --yes.

    A job server of gearman_tx stops only if it was started with --allow-shutdown. A C gearmand has
    not known the command since 1.1.15; stop it with a signal.

    \b
    Examples:
      gearman-tx shutdown --graceful
      gearman-tx shutdown -s one.example --yes
    """

    async def stop(admin: AdminClient) -> None:
        try:
            await admin.shutdown(graceful=graceful)
        except Refused as refusal:
            if refusal.code != b"UNKNOWN_COMMAND":
                raise
            text = "it was started without --allow-shutdown: stop it with SIGTERM or SIGUSR1"
            raise CommandError(f"{text} (graceful)", ExitStatus.REFUSED) from refusal

    async def main(everywhere: Everywhere) -> None:
        jobs = {
            server: _jobs(functions)
            for server, functions in (await everywhere.do(lambda admin: admin.status())).items()
        }
        if jobs:
            confirm(_question(jobs), yes=yes)
        for server in await everywhere.do(stop):
            say(f"{server} stops; {jobs[server]}")

    run_everywhere(servers, timeout, main)


def _question(jobs: Mapping[str, str]) -> str:
    return "\n".join([*(f"{server}: {text}" for server, text in jobs.items()), "Stop?"])


def _jobs(functions: list[FunctionStatus]) -> str:
    """Return how many jobs a server has."""
    total = sum(function.total for function in functions)
    running = sum(function.running for function in functions)
    return f"{running:,} {'job runs' if running == 1 else 'jobs run'}, {total - running:,} wait"

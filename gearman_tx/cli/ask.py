"""``gearman-tx ask``: send a text command and print the reply as it is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from gearman_tx.admin import MAX_WORDS
from gearman_tx.cli.errors import ExitStatus
from gearman_tx.cli.everywhere import Everywhere, run_everywhere
from gearman_tx.cli.servers import servers_option, timeout_option

if TYPE_CHECKING:
    from gearman_tx.link import Server


@click.command()
@click.argument("words", metavar="COMMAND...", nargs=-1, required=True)
@servers_option
@timeout_option
def ask(words: tuple[str, ...], servers: list[Server], timeout: float) -> None:
    """Send a text command to job servers and print the replies.

    COMMAND is any command of the text protocol, as one word or as several: help lists those that a
    job server knows. The reply is printed as it came, a report with its last line, a dot. With
    several job servers, the name of each stands above its reply. The exit status is 4 if a job
    server answers with an error.

    \b
    Examples:
      gearman-tx ask help
      gearman-tx ask 'show unique jobs'
      gearman-tx ask maxqueue resize 1000 -s one.example -s two.example
    """
    line = " ".join(words).encode("utf-8", "surrogateescape")
    if b"\n" in line:
        raise click.UsageError("a text command is one line")
    if len(line.split()) > MAX_WORDS:
        raise click.UsageError(f"a text command has at most {MAX_WORDS} words")

    async def main(everywhere: Everywhere) -> None:
        for server, reply in (await everywhere.do(lambda admin: admin.ask(line))).items():
            if len(servers) > 1:
                click.echo(f"==> {server} <==")
            click.echo(reply, nl=False)
            if reply.startswith(b"ERR ") and reply.count(b"\n") == 1:
                everywhere.status = max(everywhere.status, ExitStatus.REFUSED)

    run_everywhere(servers, timeout, main)

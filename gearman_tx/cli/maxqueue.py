"""``gearman-tx maxqueue``: limit how many jobs of a function a job server takes."""

from __future__ import annotations

from typing import Final

import click

from gearman_tx.cli.deed import do_everywhere
from gearman_tx.cli.report import timeout_option
from gearman_tx.cli.servers import servers_option
from gearman_tx.link import Server

_EACH_PRIORITY: Final = 3


@click.command()
@click.argument("function")
@click.argument(
    "limits", metavar="LIMIT [NORMAL LOW]", nargs=-1, required=True, type=click.IntRange(min=0)
)
@servers_option
@timeout_option
def maxqueue(function: str, limits: tuple[int, ...], servers: list[Server], timeout: float) -> None:
    """Limit the jobs of a function.

    A job server takes no more than LIMIT jobs of FUNCTION at a time; 0 is no limit. One number
    is for each priority. Three are for high, normal and low. What comes beyond is refused; what
    is queued already stays. A C gearmand ignores it, in silence, when it does not know the
    function yet.

    \b
    Examples:
      gearman-tx maxqueue resize 1000
      gearman-tx maxqueue resize 0 1000 100
    """
    if len(limits) not in {1, _EACH_PRIORITY}:
        raise click.UsageError("give one limit, or three: for high, normal and low priority")
    name = function.encode()
    for server in do_everywhere(servers, timeout, lambda it: it.set_max_queue(name, *limits)):
        shown = "/".join(map(str, limits))
        click.echo(f"{server}: the limit of {function} is {shown}")

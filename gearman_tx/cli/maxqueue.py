"""``gearman-tx maxqueue``: limit the number of jobs of a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click

from gearman_tx.cli.everywhere import do_everywhere
from gearman_tx.cli.names import FUNCTION, as_bytes
from gearman_tx.cli.parameters import Count
from gearman_tx.cli.servers import servers_option, timeout_option
from gearman_tx.cli.terminal import say

if TYPE_CHECKING:
    from gearman_tx.link import Server

_PRIORITIES: Final = 3


@click.command()
@click.argument("function", type=FUNCTION)
@click.argument("limits", metavar="LIMIT [NORMAL LOW]", nargs=-1, required=True, type=Count())
@servers_option
@timeout_option
def maxqueue(function: str, limits: tuple[int, ...], servers: list[Server], timeout: float) -> None:
    """Limit the jobs of a function.

    A job server holds no more than LIMIT jobs of FUNCTION; 0 means no limit. One number applies to
    each priority. Three numbers are for high, normal and low priority. Submissions above the limit
    are refused; jobs that are already queued stay. A C gearmand silently ignores the command while
    it does not know the function.

    \b
    Examples:
      gearman-tx maxqueue resize 1000
      gearman-tx maxqueue resize 0 1000 100
    """
    if len(limits) not in {1, _PRIORITIES}:
        raise click.UsageError("give one limit, or three: for high, normal and low priority")
    name = as_bytes(function)
    for server in do_everywhere(servers, timeout, lambda admin: admin.set_max_queue(name, *limits)):
        text = "/".join(map(str, limits))
        say(f"{server}: the limit of {function} is {text}")

"""The options that name job servers and limit how long they may take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import click

from gearman_tx.cli.names import DEFAULT_SERVER, SERVER, SERVERS_VARIABLE, split_servers
from gearman_tx.cli.parameters import SPAN
from gearman_tx.errors import ConfigurationError

if TYPE_CHECKING:
    from gearman_tx.link import Server


def _read(
    context: click.Context, _parameter: click.Parameter, values: Sequence[str]
) -> list[Server] | list[str]:
    """Return the servers in ``values``, or their names for the Tab key."""
    names = split_servers(values)
    if context.resilient_parsing:
        return names
    from gearman_tx.link import parse_servers  # noqa: PLC0415  # it imports Twisted

    try:
        return parse_servers(names or DEFAULT_SERVER)
    except ConfigurationError as error:
        raise click.BadParameter(str(error)) from error


def servers_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the argument ``servers``, a list of at least one."""
    option = click.option(
        "-s",
        "--server",
        "servers",
        multiple=True,
        metavar="SERVER",
        type=SERVER,
        envvar=SERVERS_VARIABLE,
        callback=_read,
        help="A job server: HOST:PORT, HOST, or a Twisted endpoint such as tls:HOST:PORT or "
        "unix:PATH. Repeat the option for several, or put commas between them. The default is "
        f"the environment variable GEARMAN_SERVERS, then {DEFAULT_SERVER}.",
    )
    return option(command)


def timeout_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give ``command`` the argument ``timeout``, in seconds, for the answer of a job server."""
    option = click.option(
        "--timeout",
        type=SPAN,
        default="5s",
        metavar="TIME",
        show_default=True,
        help="How long a job server may take to connect, and to answer.",
    )
    return option(command)

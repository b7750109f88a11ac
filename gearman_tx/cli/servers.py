"""The options that name job servers and limit how long they may take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import click

from gearman_tx.cli.parameters import SPAN
from gearman_tx.errors import ConfigurationError
from gearman_tx.link import Server, parse_servers

DEFAULT: Final = "localhost:4730"
VARIABLE: Final = "GEARMAN_SERVERS"


def _read(
    _context: click.Context, _parameter: click.Parameter, values: Sequence[str]
) -> list[Server]:
    """Return the servers in ``values``, each of which may hold several between commas."""
    names = [name for value in values for name in value.split(",") if name.strip()]
    try:
        return parse_servers(names or DEFAULT)
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
        envvar=VARIABLE,
        callback=_read,
        help="A job server: HOST:PORT, HOST, or a Twisted endpoint such as tls:HOST:PORT or "
        "unix:PATH. Repeat the option for several, or put commas between them. The default is "
        f"the environment variable GEARMAN_SERVERS, then {DEFAULT}.",
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

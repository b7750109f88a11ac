"""The option ``--server``, which every command but gearmand has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import click

from gearman_tx.errors import ConfigurationError
from gearman_tx.link import Server, parse_servers

DEFAULT: Final = "localhost:4730"
VARIABLE: Final = "GEARMAN_SERVERS"


def _read(
    _context: click.Context, _parameter: click.Parameter, given: Sequence[str]
) -> list[Server]:
    """Return the servers that are named, between commas or by several options."""
    names = [name for words in given for name in words.split(",") if name.strip()]
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
        "unix:PATH. Repeat it, or put commas between several. Without it, GEARMAN_SERVERS counts, "
        f"then {DEFAULT}.",
    )
    return option(command)

"""Job servers by name, and the Twisted endpoints that the names mean.

``host:port``, ``host`` (the port is 4730) and ``[::1]:port`` mean TCP. Any other name is one of
Twisted's client endpoint strings: ``tls:host:port``, ``unix:/run/gearman.sock``,
``tcp:host:port:timeout=3``. A program can make a :class:`Server` for any other endpoint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from attrs import frozen
from twisted.internet.endpoints import HostnameEndpoint, clientFromString
from twisted.internet.interfaces import IStreamClientEndpoint

from gearman_tx.addresses import address_text, parse_address
from gearman_tx.errors import ConfigurationError
from gearman_tx.values.kinds import kind_of

CONNECT_TIMEOUT: Final = 10.0
"""Seconds after which an address that does not answer is given up."""


@frozen
class Server:
    """One job server, and how to connect to it.

    Attributes:
        name: its name in log lines, in errors and for the choice of a server; each server needs
            a different one.
        make_endpoint: takes the reactor and returns an endpoint.
    """

    name: str
    make_endpoint: Callable[[Any], IStreamClientEndpoint]


def parse_server(text: str) -> Server:
    """Return the server that ``text`` means.

    Args:
        text: ``host:port``, ``host``, ``[::1]:port``, ``::1`` or a client endpoint string.

    Raises:
        ConfigurationError: ``text`` is empty or its port is invalid. A wrong endpoint string is
            found only when a client, a worker or an admin client is made, because parsing it needs
            a reactor.
    """
    text = text.strip()
    address = parse_address(text)
    return Server(text, _FromString(text)) if address is None else _tcp_server(*address)


def as_server(server: object) -> Server:
    """Return the server that a user named.

    Raises:
        ConfigurationError: it is neither a name nor a :class:`Server`, or the name is not valid.
    """
    if isinstance(server, str):
        return parse_server(server)
    if isinstance(server, Server):
        return server
    raise ConfigurationError(
        f"a job server is text such as 'localhost:4730', not {kind_of(server)}"
    )


def parse_servers(servers: str | Iterable[str | Server]) -> list[Server]:
    """Return the servers that a user listed.

    Args:
        servers: names and servers, or one string of names separated by commas, as in the
            environment variable ``GEARMAN_SERVERS``.

    Raises:
        ConfigurationError: a name is invalid or appears twice, or there is none.
    """
    if isinstance(servers, str):
        servers = servers.split(",")
    elif isinstance(servers, bytes | Server) or not isinstance(servers, Iterable):
        text = "job servers are a list such as ['localhost:4730'], or text"
        raise ConfigurationError(f"{text}, not {kind_of(servers)}")
    known: dict[str, Server] = {}
    for entry in servers:
        server = as_server(entry)
        if server.name in known:
            raise ConfigurationError(f"job server {server.name} is listed twice")
        known[server.name] = server
    if not known:
        raise ConfigurationError("no job server is listed; localhost:4730 is one")
    return list(known.values())


def make_endpoint(server: Server, reactor: Any) -> IStreamClientEndpoint:
    """Return the endpoint of ``server`` on ``reactor``.

    Raises:
        ConfigurationError: the endpoint string is wrong, or needs a package that is missing.
    """
    try:
        return server.make_endpoint(reactor)
    except (ImportError, LookupError, TypeError, ValueError) as error:
        raise ConfigurationError(f"job server {server.name}: {error}") from error


def _tcp_server(host: str, port: int) -> Server:
    return Server(address_text(host, port), _FromHost(host, port))


@frozen
class _FromHost:
    """Makes an endpoint that tries every address of ``host``."""

    host: str
    port: int

    def __call__(self, reactor: Any) -> IStreamClientEndpoint:
        return HostnameEndpoint(reactor, self.host, self.port, CONNECT_TIMEOUT)


@frozen
class _FromString:
    """Makes the endpoint of one of Twisted's client endpoint strings."""

    description: str

    def __call__(self, reactor: Any) -> IStreamClientEndpoint:
        endpoint: IStreamClientEndpoint = clientFromString(reactor, self.description)
        return endpoint

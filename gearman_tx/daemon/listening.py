"""Listening: sockets of our own for TCP, Twisted's endpoints for everything else.

The TCP sockets are bound when the service is made, not when it starts: ``twistd`` has not left the
terminal then, so a port in use is one line on it. Endpoints listen when the service starts: some
note the process id, which changes when the process becomes a daemon.
"""

from __future__ import annotations

import errno
import os
import socket
from typing import TYPE_CHECKING, Any, Final, NoReturn

from attrs import define, field
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import DeferredList, FirstError, gatherResults, maybeDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.error import CannotListenError

from gearman_tx.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
    from twisted.python.failure import Failure

    from gearman_tx.server import GearmanFactory

_NOT_HERE: Final = frozenset({errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT})
"""What tells that this machine does not have an address, or not that kind of addresses."""

_ADVICE: Final = {
    errno.EADDRINUSE: "another program listens there; stop it or choose another --port",
    errno.EADDRNOTAVAIL: "this machine does not have that address; --listen takes one it has",
    errno.EACCES: "ports below 1024 need root or CAP_NET_BIND_SERVICE; choose another --port",
}

Address = tuple[socket.AddressFamily, tuple[Any, ...]]


def address_text(address: Sequence[Any]) -> str:
    """Return ``host:port`` of a socket's address, with brackets around an IPv6 host."""
    host, port = address[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def addresses(host: str, port: int) -> list[Address]:
    """Return the addresses to listen on for ``--listen``: all of this machine if it is empty.

    Raises:
        ConfigurationError: the name is not known.
    """
    try:
        found = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except (socket.gaierror, UnicodeError) as error:
        reason = error.strerror if isinstance(error, socket.gaierror) else "it is not a host name"
        raise ConfigurationError(
            f"--listen: cannot find the address of {host!r}: {reason}"
        ) from error
    unique = {(family, address): None for family, _, _, _, address in found}
    # IPv4 first, so that a free port that is asked for with 0 is found there.
    return sorted(unique, key=lambda entry: entry[0] != socket.AF_INET)


def open_sockets(host: str, port: int, backlog: int) -> list[socket.socket]:
    """Return listening sockets on all addresses of ``host``.

    An address that this machine does not have is left out, if there is another one.

    Args:
        host: address or name; empty for all addresses of this machine.
        port: TCP port; 0 for a free one, the same on all addresses.
        backlog: how many connections may wait.

    Raises:
        ConfigurationError: one of them cannot be listened on.
    """
    opened: list[socket.socket] = []
    missing: list[ConfigurationError] = []
    for family, address in addresses(host, port):
        bound = (address[0], opened[0].getsockname()[1] if opened else port, *address[2:])
        try:
            opened.append(_open(family, bound, backlog))
        except OSError as error:
            failure = ConfigurationError(_reason(bound, error))
            if error.errno in _NOT_HERE:
                missing.append(failure)
                continue
            for other in opened:
                other.close()
            raise failure from error
    if not opened:
        raise missing[0]
    return opened


def _open(family: socket.AddressFamily, address: tuple[Any, ...], backlog: int) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.setblocking(False)  # noqa: FBT003  # socket's signature
        made.bind(address)
        made.listen(backlog)
    except OSError:
        made.close()
        raise
    return made


def _reason(address: Sequence[Any], error: OSError) -> str:
    advice = _ADVICE.get(error.errno or 0)
    text = f"cannot listen on {address_text(address)}: {error.strerror}"
    return f"{text} ({advice})" if advice else text


def parse_endpoints(reactor: Any, strings: Sequence[str]) -> dict[str, IStreamServerEndpoint]:
    """Return the endpoints that Twisted's endpoint strings describe.

    Raises:
        ConfigurationError: one of them cannot be understood, or what it names is not there.
    """
    endpoints: dict[str, IStreamServerEndpoint] = {}
    for string in strings:
        if string in endpoints:
            raise ConfigurationError(f"--endpoint={string} is given twice")
        try:
            endpoints[string] = serverFromString(reactor, string)
        except Exception as error:  # parsers are plug-ins: any error may come
            raise ConfigurationError(f"--endpoint={string}: {_endpoint_reason(error)}") from error
    return endpoints


def _endpoint_reason(error: BaseException | None) -> str:
    """Return in one line why an endpoint string could not be used."""
    if isinstance(error, CannotListenError):
        error = error.socketError
    if isinstance(error, OSError) and error.strerror:
        name = f" ({error.filename})" if error.filename else ""
        return f"{error.strerror}{name}"
    if isinstance(error, LookupError):
        return f"there is no {error}"
    if isinstance(error, ImportError):
        return f"{error}; is the package installed? TLS needs gearman-tx[tls]"
    return " ".join(str(error).split()) or type(error).__name__


@define(eq=False)
class Listening:
    """What a job server listens on, from its making to its end.

    Args:
        reactor: what the ports belong to.
        sockets: bound and listening; they are taken over.
        endpoints: Twisted's endpoints by the strings that describe them.

    Attributes:
        ports: what is listened on, once :meth:`start` was called.
    """

    _reactor: Any
    _sockets: list[socket.socket] = field(factory=list)
    _endpoints: dict[str, IStreamServerEndpoint] = field(factory=dict)
    ports: list[IListeningPort] = field(init=False, factory=list)
    _is_over: bool = field(init=False, default=False)

    def start(self, factory: GearmanFactory) -> Deferred[None]:
        """Accept connections for ``factory``.

        Returns:
            What fires with None when everything is listened on, at once for all that Twisted
            itself brings, and fails with :class:`ConfigurationError` if something cannot be.
        """
        for made in self._sockets:
            self._add(self._reactor.adoptStreamPort(made.fileno(), made.family, factory), factory)
            made.close()  # the reactor has a duplicate
        self._sockets.clear()
        started = [
            endpoint.listen(factory).addCallbacks(
                self._add, _failed, callbackArgs=(factory,), errbackArgs=(string,)
            )
            for string, endpoint in self._endpoints.items()
        ]
        return gatherResults(started, consumeErrors=True).addCallbacks(_nothing, _first_failure)

    def _add(self, port: IListeningPort, factory: GearmanFactory) -> None:
        if self._is_over:
            port.stopListening()
            return
        self.ports.append(port)
        factory.gate.watch(port)

    def stop(self) -> Deferred[None]:
        """Listen no more.

        Returns:
            What fires with None when all is closed; it does not fail.
        """
        self._is_over = True
        for made in self._sockets:
            made.close()
        self._sockets.clear()
        ports, self.ports = self.ports, []
        stopped = [maybeDeferred(port.stopListening) for port in ports]
        return DeferredList(stopped, consumeErrors=True).addCallback(_nothing)

    def __str__(self) -> str:
        """Return where connections are accepted, for the log."""
        return ", ".join(_port_text(port) for port in self.ports) or "nothing"


def _failed(failure: Failure, string: str) -> NoReturn:
    text = f"--endpoint={string}: {_endpoint_reason(failure.value)}"
    raise ConfigurationError(text) from failure.value


def _first_failure(failure: Failure) -> Failure:
    """Return the failure that :func:`gatherResults` wrapped."""
    error = failure.value
    return error.subFailure if isinstance(error, FirstError) else failure


def _nothing(_: object) -> None:
    """Fire with None, whatever the parts brought."""


def _port_text(port: IListeningPort) -> str:
    """Return the address of a listening port; TLS is not told apart."""
    address = port.getHost()
    if isinstance(address, (IPv4Address, IPv6Address)):
        return address_text((address.host, address.port))
    if isinstance(address, UNIXAddress):
        return (
            f"unix:{address.name!r}"
            if not isinstance(address.name, bytes)
            else (f"unix:{os.fsdecode(address.name)}")
        )
    return str(address)

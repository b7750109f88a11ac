"""Accept connections from everywhere at once: TCP sockets and Twisted's endpoints."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NoReturn

from attrs import define, field
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import DeferredList, FirstError, gatherResults, maybeDeferred

from gearman_tx.daemon.endpoints import reason
from gearman_tx.daemon.tcp_sockets import address_text
from gearman_tx.errors import ConfigurationError

if TYPE_CHECKING:
    import socket

    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
    from twisted.python.failure import Failure

    from gearman_tx.server import GearmanFactory


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
    _names: list[str] = field(init=False, factory=list)
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
                self._add,
                _failed,
                callbackArgs=(factory, f"{string.partition(':')[0]}:"),
                errbackArgs=(string,),
            )
            for string, endpoint in self._endpoints.items()
        ]
        return gatherResults(started, consumeErrors=True).addCallbacks(_nothing, _first_failure)

    def _add(self, port: IListeningPort, factory: GearmanFactory, scheme: str = "") -> None:
        if self._is_over:
            port.stopListening()
            return
        self.ports.append(port)
        self._names.append(f"{scheme}{_address_text(port.getHost())}")
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
        return ", ".join(self._names)


def _failed(failure: Failure, string: str) -> NoReturn:
    error = failure.value
    raise ConfigurationError(f"--endpoint={string}: {reason(string, error)}") from error


def _first_failure(failure: Failure) -> Failure:
    """Return the failure that :func:`gatherResults` wrapped."""
    error = failure.value
    return error.subFailure if isinstance(error, FirstError) else failure


def _nothing(_: object) -> None:
    """Fire with None, whatever the parts brought."""


def _address_text(address: object) -> str:
    if isinstance(address, (IPv4Address, IPv6Address)):
        return address_text((address.host, address.port))
    if isinstance(address, UNIXAddress):
        return os.fsdecode(address.name or b"")
    return str(address)

"""Accept connections on TCP sockets and on Twisted's endpoints."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NoReturn

from attrs import define, field
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import DeferredList, FirstError, gatherResults, maybeDeferred

from gearman_tx.addresses import address_text
from gearman_tx.daemon.endpoints import reason
from gearman_tx.errors import ConfigurationError

if TYPE_CHECKING:
    import socket

    from twisted.internet.defer import Deferred
    from twisted.internet.interfaces import IListeningPort, IStreamServerEndpoint
    from twisted.python.failure import Failure

    from gearman_tx.server import GearmanFactory

_ALL_ADDRESSES: Final = frozenset({"0.0.0.0", "::"})  # noqa: S104  # named, not bound to


@define(eq=False)
class Listening:
    """All that a job server listens on.

    Args:
        reactor: runs the ports.
        sockets: bound and listening sockets; this object closes them.
        endpoints: Twisted's endpoints by the strings that describe them.

    Attributes:
        ports: the listening ports, after :meth:`start`.
    """

    _reactor: Any
    _sockets: list[socket.socket] = field(factory=list)
    _endpoints: dict[str, IStreamServerEndpoint] = field(factory=dict)
    ports: list[IListeningPort] = field(init=False, factory=list)
    _names: list[str] = field(init=False, factory=list)
    _is_stopped: bool = field(init=False, default=False)

    def start(self, factory: GearmanFactory) -> Deferred[None]:
        """Accept connections for ``factory``.

        Returns:
            Fires with None when all ports listen; for sockets and Twisted's own endpoints that is
            before this method returns. Fails with :class:`ConfigurationError` if one cannot listen.
            Cancelling it is not supported.
        """
        for listening in self._sockets:
            number, family = listening.fileno(), listening.family
            self._add(self._reactor.adoptStreamPort(number, family, factory), factory)
            listening.close()  # the reactor has a duplicate
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
        if self._is_stopped:
            port.stopListening()
            return
        self.ports.append(port)
        self._names.append(f"{scheme}{_address_text(port.getHost())}")
        factory.gate.watch(port)

    def stop(self) -> Deferred[None]:
        """Stop listening.

        Returns:
            Fires with None when all ports are closed. Never fails; cancelling it is not supported.
        """
        self._is_stopped = True
        for listening in self._sockets:
            listening.close()
        self._sockets.clear()
        ports, self.ports = self.ports, []
        stopped = [maybeDeferred(port.stopListening) for port in ports]
        return DeferredList(stopped, consumeErrors=True).addCallback(_nothing)

    @property
    def is_on_all_addresses(self) -> bool:
        """Whether a port accepts connections from every network of this machine."""
        return any(getattr(port.getHost(), "host", "") in _ALL_ADDRESSES for port in self.ports)

    def __str__(self) -> str:
        """Return the addresses that accept connections, for the log."""
        return ", ".join(self._names)


def _failed(failure: Failure, string: str) -> NoReturn:
    error = failure.value
    raise ConfigurationError(f"--endpoint={string}: {reason(string, error)}") from error


def _first_failure(failure: Failure) -> Failure:
    """Return the failure that :func:`gatherResults` wrapped."""
    error = failure.value
    return error.subFailure if isinstance(error, FirstError) else failure


def _nothing(_: object) -> None:
    """Replace the result by None."""


def _address_text(address: object) -> str:
    if isinstance(address, (IPv4Address, IPv6Address)):
        return address_text(address.host, address.port)
    if isinstance(address, UNIXAddress):
        return os.fsdecode(address.name or b"")
    return str(address)

"""A reactor without sockets and threads, whose time the test moves.

It has as much of a reactor as clients, workers and servers need: timed calls, TCP by host and
port, names of hosts. Everything happens in :meth:`MemoryReactor.advance`, in an order that is the
same each time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from heapq import heappop, heappush
from itertools import count
from typing import Any, Final

from twisted.internet.address import IPv4Address
from twisted.internet.base import DelayedCall
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IAddress,
    IHostnameResolver,
    IHostResolution,
    IReactorFromThreads,
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorTime,
    IResolutionReceiver,
)
from zope.interface import implementer

from gearman_tx.testing.connection import MemoryConnection
from gearman_tx.testing.dialling import MemoryConnector, MemoryPort
from gearman_tx.testing.inline_runner import InlineRunner

START: Final = 1_700_000_000.0
"""The time at which every play begins, in Unix seconds."""

MOST_CALLS: Final = 1_000_000
"""Calls in one moment after which it is certain that the moment never ends."""

_LOCALHOST: Final = "127.0.0.1"
_FIRST_FREE_PORT: Final = 49152


@implementer(IReactorTime, IReactorTCP, IReactorPluggableNameResolver, IReactorFromThreads)
class MemoryReactor:
    """A reactor in memory; give it to clients and workers as their ``reactor``.

    Its time is moved as that of Twisted's ``Clock`` is.

    Attributes:
        nameResolver: finds the addresses of hosts.
    """

    def __init__(self) -> None:
        self._now = START
        self._pending: dict[DelayedCall, None] = {}
        self._places: list[tuple[float, int, DelayedCall]] = []  # a heap
        self._order = count()  # what is due at one time happens in the order of the calls
        self.nameResolver: IHostnameResolver = _Names(self)
        self._addresses = {"localhost": _LOCALHOST}
        self._ports: dict[tuple[str, int], MemoryPort] = {}
        self._next_port = _FIRST_FREE_PORT
        self._connections: list[MemoryConnection] = []

    # ---------------------------------------------------------------------------------- time

    def seconds(self) -> float:
        """Twisted: return the time, in Unix seconds."""
        return self._now

    def callLater(
        self, delay: float, callable: Callable[..., object], *args: object, **kw: object
    ) -> DelayedCall:
        """Twisted: call something when ``delay`` seconds have passed."""
        call = DelayedCall(
            self._now + delay, callable, args, kw, self._cancelled, self._put, self.seconds
        )
        self._pending[call] = None
        self._put(call)
        return call

    def _put(self, call: DelayedCall) -> None:
        """Put a call in its place; the places that it had before are passed over."""
        heappush(self._places, (call.getTime(), next(self._order), call))

    def _cancelled(self, call: DelayedCall) -> None:
        del self._pending[call]

    def getDelayedCalls(self) -> list[DelayedCall]:
        """Twisted: return what is to be called."""
        return list(self._pending)

    def advance(self, amount: float) -> None:
        """Let ``amount`` seconds pass and do what becomes due, each thing at its own time.

        Raises:
            RuntimeError: things due at once are followed by others due at once, for ever.
        """
        end = self._now + amount
        moment, calls = self._now, 0
        while (due := self.next_time()) is not None and due <= end:
            _, _, call = heappop(self._places)
            self._now = max(self._now, due)
            if self._now > moment:
                moment, calls = self._now, 0
            calls += 1
            if calls > MOST_CALLS:
                raise RuntimeError(f"{MOST_CALLS} calls were due at once; the last was {call}")
            del self._pending[call]
            call.called = 1
            call.func(*call.args, **call.kw)
        self._now = max(self._now, end)

    def next_time(self) -> float | None:
        """Return when the next thing is due, in Unix seconds, or None if nothing is."""
        while self._places:
            when, _, call = self._places[0]
            if call in self._pending and call.getTime() == when:
                return when
            heappop(self._places)
            if call in self._pending and call.getTime() > when:
                self._put(call)  # it was put off, which Twisted does not tell
        return None

    # ------------------------------------------------------------------------------- network

    def add_host(self, name: str) -> str:
        """Make a host known, if it is not, and return its address."""
        if name not in self._addresses and not name.replace(".", "").isdigit():
            self._addresses[name] = f"10.0.0.{len(self._addresses)}"
        return self._addresses.get(name, name)

    def address_of(self, name: str) -> str | None:
        """Return the address of a host, or None if it is not known."""
        is_address = name.replace(".", "").isdigit()
        return name if is_address else self._addresses.get(name.rstrip(".").lower())

    def listenTCP(  # Twisted's name
        self, port: int, factory: Any, backlog: int = 50, interface: str = ""
    ) -> MemoryPort:
        """Twisted: accept connections.

        Raises:
            CannotListenError: somebody listens there.
        """
        if not port:
            port, self._next_port = self._next_port, self._next_port + 1
        listening = MemoryPort(self, interface or _LOCALHOST, port, factory)
        listening.startListening()
        return listening

    def connectTCP(  # Twisted's
        self,
        host: str,
        port: int,
        factory: Any,
        timeout: float = 30.0,
        bindAddress: Any = None,  # Twisted's name
    ) -> MemoryConnector:
        """Twisted: connect."""
        connector = MemoryConnector(self, host, port, factory, timeout)
        connector.connect()
        return connector

    def add_port(self, port: MemoryPort) -> None:
        """Ports: from now on this one is listened on.

        Raises:
            CannotListenError: another one is, at that address.
        """
        if port.key in self._ports:
            raise CannotListenError(*port.key, OSError("somebody listens there"))
        self._ports[port.key] = port

    def remove_port(self, port: MemoryPort) -> None:
        """Ports: this one is not listened on any more."""
        if self._ports.get(port.key) is port:
            del self._ports[port.key]

    def port_at(self, host: str, port: int) -> MemoryPort | None:
        """Connectors: return who listens at an address."""
        return self._ports.get((host, port))

    @property
    def connections(self) -> list[MemoryConnection]:
        """The connections that at least one end takes for open, oldest first."""
        self._connections = [
            one for one in self._connections if one.near.connected or one.far.connected
        ]
        return list(self._connections)

    def add_connection(self, connection: MemoryConnection) -> None:
        """Connectors: this one was made."""
        self._connections.append(connection)

    def new_client_address(self) -> IPv4Address:
        """Connectors: return an address that nobody had before."""
        self._next_port += 1
        return IPv4Address("TCP", _LOCALHOST, self._next_port)

    def installNameResolver(  # Twisted's name
        self, resolver: IHostnameResolver
    ) -> IHostnameResolver:
        """Twisted: find hosts with ``resolver`` and return what did so before."""
        before, self.nameResolver = self.nameResolver, resolver
        return before

    # --------------------------------------------------------------------- no threads, for all

    def callFromThread(  # Twisted's name
        self,
        callable: Callable[..., object],
        *args: object,
        **kwargs: object,
    ) -> None:
        """Twisted: call something in the reactor, soon; there is no other thread."""
        self.callLater(0, callable, *args, **kwargs)

    def make_runner(self, _threads: int) -> InlineRunner:
        """Worker: return what runs functions, in the place of threads and processes."""
        return InlineRunner()


@implementer(IHostnameResolver)
class _Names:
    """Finds the hosts that a reactor knows."""

    def __init__(self, reactor: MemoryReactor) -> None:
        self._reactor = reactor

    def resolveHostName(  # Twisted's
        self,
        resolutionReceiver: IResolutionReceiver,  # Twisted's name
        hostName: str,  # Twisted's name
        portNumber: int = 0,  # Twisted's name
        addressTypes: Sequence[type[IAddress]] | None = None,  # Twisted's name
        transportSemantics: str = "TCP",  # Twisted's name
    ) -> IHostResolution:
        """Twisted: tell the address of a host, at once."""
        resolution = _Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        address = self._reactor.address_of(hostName)
        if address is not None:
            resolutionReceiver.addressResolved(IPv4Address("TCP", address, portNumber))
        resolutionReceiver.resolutionComplete()
        return resolution


@implementer(IHostResolution)
class _Resolution:
    """The looking up of one name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """Twisted: do nothing; it is over."""

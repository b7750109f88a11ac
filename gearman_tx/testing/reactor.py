"""A reactor without sockets and threads, whose time the test moves.

It has the parts of a reactor that clients, workers and servers need: timed calls, TCP by host and
port, names of hosts. Everything happens in :meth:`MemoryReactor.advance`, in the same order in
every run.
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
"""The time at which a reactor starts, in Unix seconds."""

MOST_CALLS: Final = 1_000_000
"""The most calls that may be due at one time; more are taken for an endless loop."""

_LOCALHOST: Final = "127.0.0.1"
_FIRST_FREE_PORT: Final = 49152


@implementer(IReactorTime, IReactorTCP, IReactorPluggableNameResolver, IReactorFromThreads)
class MemoryReactor:
    """A reactor in memory; give it to clients and workers as their ``reactor``.

    Move its time as that of Twisted's ``Clock``.

    Attributes:
        nameResolver: finds the addresses of hosts.
    """

    def __init__(self) -> None:
        self._now = START
        self._pending: dict[DelayedCall, None] = {}
        self._places: list[tuple[float, int, DelayedCall]] = []  # a heap
        self._order = count()  # calls that are due at one time run in the order of callLater
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
        """Put a call on the heap; the entries that it had before are skipped."""
        heappush(self._places, (call.getTime(), next(self._order), call))

    def _cancelled(self, call: DelayedCall) -> None:
        del self._pending[call]

    def getDelayedCalls(self) -> list[DelayedCall]:
        """Twisted: return the calls that are pending."""
        return list(self._pending)

    def advance(self, amount: float) -> None:
        """Let ``amount`` seconds pass and run the calls that become due, each at its own time.

        Raises:
            RuntimeError: calls due now keep making other calls due now.
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
        """Return when the next call is due, in Unix seconds, or None if there is none."""
        while self._places:
            when, _, call = self._places[0]
            if call in self._pending and call.getTime() == when:
                return when
            heappop(self._places)
            if call in self._pending and call.getTime() > when:
                self._put(call)  # it was delayed, and Twisted does not say so
        return None

    # ------------------------------------------------------------------------------- network

    def add_host(self, name: str) -> str:
        """Make a host known, unless it is, and return its address."""
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
            CannotListenError: another port listens there.
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
        """Ports: this port listens from now on.

        Raises:
            CannotListenError: another port listens at that address.
        """
        if port.key in self._ports:
            raise CannotListenError(*port.key, OSError("another port listens there"))
        self._ports[port.key] = port

    def remove_port(self, port: MemoryPort) -> None:
        """Ports: this port listens no longer."""
        if self._ports.get(port.key) is port:
            del self._ports[port.key]

    def port_at(self, host: str, port: int) -> MemoryPort | None:
        """Connectors: return the port that listens at an address, or None."""
        return self._ports.get((host, port))

    @property
    def connections(self) -> list[MemoryConnection]:
        """The connections that are open at one end at least, oldest first."""
        self._connections = [
            one for one in self._connections if one.near.connected or one.far.connected
        ]
        return list(self._connections)

    def add_connection(self, connection: MemoryConnection) -> None:
        """Connectors: note a new connection."""
        self._connections.append(connection)

    def new_client_address(self) -> IPv4Address:
        """Connectors: return an address that no connection had before."""
        self._next_port += 1
        return IPv4Address("TCP", _LOCALHOST, self._next_port)

    def installNameResolver(  # Twisted's name
        self, resolver: IHostnameResolver
    ) -> IHostnameResolver:
        """Twisted: find hosts with ``resolver`` and return the resolver used before."""
        before, self.nameResolver = self.nameResolver, resolver
        return before

    # ------------------------------------------------------------------------- no other thread

    def callFromThread(  # Twisted's name
        self,
        callable: Callable[..., object],
        *args: object,
        **kwargs: object,
    ) -> None:
        """Twisted: call something in the reactor, in its next turn; there is no other thread."""
        self.callLater(0, callable, *args, **kwargs)

    def make_runner(self, _threads: int) -> InlineRunner:
        """Worker: return a runner of functions that needs no threads and processes."""
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
        """Twisted: report the address of a host at once."""
        resolution = _Resolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)
        address = self._reactor.address_of(hostName)
        if address is not None:
            resolutionReceiver.addressResolved(IPv4Address("TCP", address, portNumber))
        resolutionReceiver.resolutionComplete()
        return resolution


@implementer(IHostResolution)
class _Resolution:
    """The look-up of one name."""

    def __init__(self, name: str) -> None:
        self.name = name

    def cancel(self) -> None:
        """Twisted: do nothing; the look-up is over."""

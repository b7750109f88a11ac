"""A probe joined to a transport of either shape, and the clock and turn behind both."""

from __future__ import annotations

from attrs import define

from gearman_tx.link import OutputLimits, Turn
from tests.link.probe import Probe
from tests.link.tls_wire import TlsWire
from tests.link.transports import BufferingTransport, FdReactor, ScriptedTransport, connect

FOREVER = 1 << 40
"""More bytes than any test sends."""

SHAPES = ("direct", "buffering")
"""The two shapes of transport: written to directly, or buffering by itself."""

TRANSPORTS = (*SHAPES, "tls")
"""The two shapes, and real TLS over the second one."""


@define(eq=False)
class Wire:
    """One probe and its transport.

    Attributes:
        reactor: the clock, and who waits to be written to.
        turn: the turn of the link.
        link: the probe.
        transport: what it writes to.
    """

    reactor: FdReactor
    turn: Turn
    link: Probe
    transport: ScriptedTransport | BufferingTransport | TlsWire

    @property
    def received(self) -> bytes:
        """What the peer read."""
        return self.transport.received

    def end_turn(self) -> None:
        """End the present reactor turn."""
        self.reactor.advance(0)

    def take(self, size: int = FOREVER) -> bytes:
        """Let the peer read up to ``size`` bytes; return all that it has read."""
        self.transport.take(size)
        return self.transport.received


def wire(shape: str, limits: OutputLimits | None = None, room: int = 0) -> Wire:
    """Return a connected probe.

    Args:
        shape: one of ``TRANSPORTS``.
        limits: how much may be left unread.
        room: how many bytes a directly written socket takes before it would block.
    """
    reactor = FdReactor()
    turn = Turn(reactor)
    link = Probe(turn, limits)
    transport: ScriptedTransport | BufferingTransport | TlsWire
    if shape == "direct":
        transport = ScriptedTransport(link, reactor, room)
        connect(link, transport)
    elif shape == "buffering":
        transport = BufferingTransport(limit=1000)
        connect(link, transport)
    else:
        transport = TlsWire(link, reactor)
    return Wire(reactor, turn, link, transport)


def tls(limits: OutputLimits | None = None) -> tuple[Wire, TlsWire]:
    """Return a wire over TLS, and its two ends."""
    made = wire("tls", limits)
    assert isinstance(made.transport, TlsWire)
    return made, made.transport


def direct(
    limits: OutputLimits | None = None, room: int = FOREVER
) -> tuple[Wire, ScriptedTransport]:
    """Return a wire whose socket is written to directly, and its transport."""
    made = wire("direct", limits, room)
    assert isinstance(made.transport, ScriptedTransport)
    return made, made.transport

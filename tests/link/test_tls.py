"""Over TLS the same bytes come in the same order, and connections end as they do without it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import SSL4ClientEndpoint, SSL4ServerEndpoint, connectProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.trial.unittest import TestCase
from typing_extensions import override

from gearman_tx.link import OutputLimits, Turn
from gearman_tx.wire import PacketType, request, response
from tests.link.certificate import client_options, server_options
from tests.link.probe import Probe
from tests.link.tls_wire import Reader, TlsWire
from tests.link.transports import FdReactor
from tests.link.wiring import tls

LIMITS = OutputLimits(pause=400_000, most=10**9, timeout=30.0)
ECHO = request(PacketType.ECHO_REQ, b"data")
ECHOED = response(PacketType.ECHO_RES, b"data")


def test_the_same_bytes_come_over_tls() -> None:
    """Packets and lines are answered as over plain TCP."""
    _, ends = tls()
    ends.say(ECHO + b"line\n" + ECHO)
    assert ends.received == ECHOED + b"line\n" + ECHOED


def test_what_is_sent_before_the_handshake_arrives_after_it() -> None:
    """A link may send as soon as it is connected."""

    class Greeter(Probe):
        @override
        def connectionMade(self) -> None:
            super().connectionMade()
            self.send(b"x" * 300_000)

    reactor = FdReactor()
    ends = TlsWire(Greeter(Turn(reactor)), reactor)
    ends.say(b"line\n")
    assert ends.received == b"x" * 300_000 + b"line\n"


def test_a_peer_that_does_not_read_is_paused_over_tls() -> None:
    """Back-pressure works through the TLS layer, and its requests are kept meanwhile."""
    made, ends = tls(LIMITS)
    made.link.send(b"x" * 1_000_000)
    made.end_turn()
    assert made.link.highs == [True]
    ends.say_without_listening(b"while paused\n")
    assert made.link.handled == []
    ends.take(1 << 40)
    assert made.link.highs == [True, False]
    assert made.link.handled == [b"while paused"]
    ends.take(1 << 40)
    assert ends.received == b"x" * 1_000_000 + b"while paused\n"


def test_lines_that_tls_gives_while_suspended_wait() -> None:
    """TLS may deliver several pieces of one read although reading was paused; none is lost."""
    made, ends = tls()
    lines = [b"line %06d" % number for number in range(20_000)]
    ends.say(b"suspend\n" + b"\n".join(lines) + b"\n")
    assert made.link.handled == [b"suspend"]
    made.link.proceed()
    ends.say(b"")
    assert made.link.handled == [b"suspend", *lines]
    assert ends.received == b"".join(line + b"\n" for line in lines)


def test_closing_over_tls_brings_everything_and_ends() -> None:
    """The backlog is written, TLS says goodbye, the peer answers, the connection is lost."""
    made, ends = tls(LIMITS)
    made.link.send(b"x" * 1_000_000)
    made.link.close()
    made.end_turn()
    ends.take(500_000)
    before = ends.client.is_lost
    ends.take(1 << 40)
    ends.say(b"")
    assert ends.received == b"x" * 1_000_000
    assert (before, ends.client.is_lost) == (False, True)
    assert not ends.near.connected
    assert made.link.ends == 1
    assert made.reactor.getDelayedCalls() == []


def test_a_tls_peer_that_never_answers_the_goodbye_is_cut_off() -> None:
    """A closed connection does not stay because the other side is silent."""
    made, ends = tls(LIMITS)
    made.link.close()
    made.end_turn()
    before = ends.disconnected
    made.reactor.advance(30)
    assert (before, ends.disconnected) == (False, True)
    assert made.link.too_slow == []


def test_a_closing_tls_connection_handles_nothing() -> None:
    """What a peer sends instead of a goodbye is read and forgotten."""
    made, ends = tls(LIMITS)
    made.link.close()
    made.end_turn()
    ends.say_without_listening(b"one more thing\n")
    assert made.link.handled == []


def test_an_aborted_tls_connection_sends_nothing_more() -> None:
    """An abort drops what waits, whatever TLS still has to say."""
    made, ends = tls(LIMITS)
    made.link.send(b"x" * 1_000_000)
    made.end_turn()
    made.link.abort()
    made.end_turn()
    assert ends.disconnected
    assert made.link.queued == 0


def test_a_peer_that_hangs_up_over_tls_is_gone() -> None:
    """A goodbye of the peer ends the connection."""
    made, ends = tls(LIMITS)
    ends.hang_up()
    assert made.link.ends == 1
    assert ends.client.is_lost


class LossTeller(Probe):
    """A probe whose ``lost`` fires when the connection is gone."""

    def __init__(self, turn: Turn) -> None:
        super().__init__(turn)
        self.lost: Deferred[None] = Deferred()

    @override
    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell it."""
        super().connectionLost(reason)
        self.lost.callback(None)


class Caller(Reader):
    """A client that fires ``enough`` when it has so many bytes, and ``lost`` at the end."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.size = size
        self.enough: Deferred[None] = Deferred()
        self.lost: Deferred[None] = Deferred()

    @override
    def dataReceived(self, data: bytes) -> None:
        """Keep it and look whether it is enough."""
        super().dataReceived(data)
        if len(self.received) >= self.size and not self.enough.called:
            self.enough.callback(None)

    @override
    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Tell it."""
        self.lost.callback(None)


class RealTlsTests(TestCase):
    """TLS between two sockets of a real reactor."""

    async def test_eight_mebibytes_and_a_close(self) -> None:
        """A large answer arrives whole over real sockets, and so does the end."""
        from twisted.internet import reactor  # a real one, on purpose

        probe = LossTeller(Turn(reactor))
        listening = SSL4ServerEndpoint(reactor, 0, server_options(), interface="127.0.0.1")
        port: Any = await listening.listen(Factory.forProtocol(lambda: probe))
        self.addCleanup(port.stopListening)
        answer = response(PacketType.ECHO_RES, bytes(8 << 20)) + b"line\n"
        caller = Caller(len(answer))
        address = ("127.0.0.1", port.getHost().port)
        endpoint = SSL4ClientEndpoint(reactor, *address, client_options())
        connecting: Callable[..., Deferred[Protocol]] = connectProtocol
        await connecting(endpoint, caller)
        transport: Any = caller.transport
        transport.write(request(PacketType.ECHO_REQ, bytes(8 << 20)) + b"line\n")
        await caller.enough
        assert caller.received == answer
        probe.close()
        await caller.lost
        await probe.lost
        assert probe.ends == 1

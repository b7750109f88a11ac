"""The network in memory, between two bare protocols: it behaves as TCP does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, TCP4ClientEndpoint, clientFromString
from twisted.internet.error import (
    CannotListenError,
    ConnectError,
    ConnectingCancelledError,
    ConnectionAborted,
    ConnectionDone,
    ConnectionLost,
    DNSLookupError,
    NotConnectingError,
)
from twisted.internet.error import ConnectionRefusedError as Refused
from twisted.internet.error import TimeoutError as TimedOut
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IListeningPort,
    IReactorFromThreads,
    IReactorPluggableNameResolver,
    IReactorTCP,
    IReactorTime,
    ITCPTransport,
)
from twisted.internet.protocol import ClientFactory, Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from typing_extensions import override
from zope.interface import implementer
from zope.interface.verify import verifyObject

from gearman_tx.testing import MemoryConnection, MemoryReactor
from gearman_tx.testing.dialling import MemoryPort
from gearman_tx.testing.pipe import CAPACITY

PORT = 4730
FAR = 1000


class Ear(Protocol):
    """Keeps what it hears."""

    transport: Any

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.end: Failure | None = None
        self.ends = 0

    @override
    def dataReceived(self, data: bytes) -> None:
        """Twisted: bytes arrived."""
        self.heard.append(data)

    @override
    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: the connection is gone."""
        self.end = reason
        self.ends += 1

    @property
    def text(self) -> bytes:
        """All that it heard."""
        return b"".join(self.heard)

    def ended_by(self) -> type[BaseException] | None:
        """Return why the connection is gone."""
        assert self.ends <= 1
        return None if self.end is None else self.end.type


@implementer(IHalfCloseableProtocol)
class HalfEar(Ear):
    """Goes on when the other side says nothing more."""

    is_half = False

    def readConnectionLost(self) -> None:  # noqa: N802  # Twisted's name
        """Twisted: nothing more comes."""
        self.is_half = True

    def writeConnectionLost(self) -> None:  # noqa: N802  # Twisted's name
        """Twisted: our side is closed."""
        raise AssertionError("we never close one side")


class Producer:
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        """Twisted: there is no room."""
        self.told.append("pause")

    def resumeProducing(self) -> None:
        """Twisted: there is room."""
        self.told.append("resume")

    def stopProducing(self) -> None:
        """Twisted: the connection is gone."""
        self.told.append("stop")


class Net:
    """A reactor with one listening port, and what connects to it."""

    def __init__(self, kind: type[Ear] = Ear) -> None:
        self.reactor = MemoryReactor()
        self.far: list[Ear] = []
        self.kind = kind
        self.port: MemoryPort = self.reactor.listenTCP(PORT, Factory.forProtocol(self._make))

    def _make(self) -> Ear:
        self.far.append(self.kind())
        return self.far[-1]

    def dial(self, **options: Any) -> Deferred[Any]:
        """Try to connect."""
        endpoint = TCP4ClientEndpoint(self.reactor, "127.0.0.1", PORT, **options)
        return endpoint.connect(Factory.forProtocol(Ear))

    def pair(self) -> tuple[Ear, Ear, MemoryConnection]:
        """Return the two ends of a new connection, and the connection."""
        got: list[Any] = []
        self.dial().addCallback(got.append)
        self.reactor.advance(FAR)
        return got[0], self.far[-1], list(self.port.connections)[-1]


@pytest.fixture
def net() -> Net:
    """Return a reactor that listens."""
    return Net()


def failure_of(waiting: Deferred[Any]) -> type[BaseException]:
    """Return what ``waiting`` failed with."""
    failures: list[Failure] = []
    waiting.addErrback(failures.append)
    kind = failures[0].type
    assert kind is not None
    return kind


def test_it_has_the_interfaces_that_it_says(net: Net) -> None:
    """Zope's verification finds every method, with the right arguments."""
    near, _, _ = net.pair()
    for interface in (
        IReactorTime,
        IReactorTCP,
        IReactorPluggableNameResolver,
        IReactorFromThreads,
    ):
        assert verifyObject(interface, net.reactor)
    assert verifyObject(IListeningPort, net.port)
    assert verifyObject(ITCPTransport, near.transport)


def test_bytes_arrive_in_order_in_both_directions(net: Net) -> None:
    """What is written at one end is heard at the other, after the turn and not in it."""
    near, far, _ = net.pair()
    near.transport.write(b"one ")
    near.transport.writeSequence([b"two ", b"three"])
    far.transport.write(b"back")
    assert far.text == near.text == b""
    net.reactor.advance(0)
    assert (far.text, near.text) == (b"one two three", b"back")


def test_text_is_refused(net: Net) -> None:
    """A transport takes bytes, and says so."""
    near, _, _ = net.pair()
    with pytest.raises(TypeError, match="str was written"):
        near.transport.write("text")


@given(
    pieces=st.lists(st.binary(min_size=1, max_size=9), max_size=9),
    size=st.none() | st.integers(1, 5),
)
def test_pieces(pieces: list[bytes], size: int | None) -> None:
    """However the bytes are cut, they are the same bytes."""
    net = Net()
    net.port.piece = size
    near, far, _ = net.pair()
    for piece in pieces:
        near.transport.write(piece)
    net.reactor.advance(0)
    assert far.text == b"".join(pieces)
    assert size is None or all(len(piece) <= size for piece in far.heard)


def test_latency(net: Net) -> None:
    """Connecting takes it, and so does each way."""
    net.port.latency = 0.5
    start = net.reactor.seconds()
    got: list[Any] = []
    net.dial().addCallback(got.append)
    net.reactor.advance(0.4)
    assert not got
    net.reactor.advance(0.1)
    got[0].transport.write(b"x")
    net.reactor.advance(0.49)
    assert net.far[0].text == b""
    net.reactor.advance(0.01)
    assert net.far[0].text == b"x"
    assert net.reactor.seconds() == pytest.approx(start + 1)


def test_bytes_do_not_overtake_when_the_network_gets_faster(net: Net) -> None:
    """What was sent on a slow connection is not overtaken by what is sent on a fast one."""
    near, far, connection = net.pair()
    connection.set_conditions(1.0, None)
    near.transport.write(b"first ")
    connection.set_conditions(0.0, None)
    near.transport.write(b"second")
    net.reactor.advance(0.5)
    assert far.text == b""
    net.reactor.advance(0.5)
    assert far.text == b"first second"


def test_closing_lets_what_was_written_arrive(net: Net) -> None:
    """Both ends get ConnectionDone, once."""
    near, far, _ = net.pair()
    near.transport.write(b"last words")
    near.transport.loseConnection()
    near.transport.loseConnection()
    net.reactor.advance(0)
    assert far.text == b"last words"
    assert near.ended_by() is far.ended_by() is ConnectionDone
    assert not net.port.connections


def test_one_who_closes_reads_nothing_more(net: Net) -> None:
    """As with Twisted's TCP, reading ends with the call and not with the connection."""
    near, far, _ = net.pair()
    far.transport.write(b"too late")
    near.transport.loseConnection()
    net.reactor.advance(0)
    assert near.text == b""


def test_aborting_drops_what_was_written(net: Net) -> None:
    """The other end gets ConnectionLost."""
    near, far, _ = net.pair()
    near.transport.write(b"never heard")
    near.transport.abortConnection()
    net.reactor.advance(0)
    assert far.text == b""
    assert (near.ended_by(), far.ended_by()) == (ConnectionAborted, ConnectionLost)


def test_writing_to_one_who_is_gone() -> None:
    """A half-closeable protocol stays until it writes; then it gets the loss."""
    net = Net(HalfEar)
    near, far, _ = net.pair()
    near.transport.loseConnection()
    net.reactor.advance(0)
    assert isinstance(far, HalfEar)
    assert far.is_half
    assert far.ended_by() is None
    far.transport.write(b"anybody there?")
    net.reactor.advance(0)
    assert far.ended_by() is ConnectionLost


def test_a_half_closeable_protocol_closes(net: Net) -> None:
    """One that closes when nothing more comes ends in good order."""
    net.kind = HalfEar
    near, far, _ = net.pair()
    near.transport.loseConnection()
    net.reactor.advance(0)
    far.transport.loseConnection()
    net.reactor.advance(0)
    assert far.ended_by() is ConnectionDone


def test_a_cut_connection(net: Net) -> None:
    """Both ends get the loss, and bytes under way are gone."""
    near, far, connection = net.pair()
    near.transport.write(b"never heard")
    connection.cut()
    net.reactor.advance(0)
    assert not connection.is_open
    assert far.text == b""
    assert near.ended_by() is far.ended_by() is ConnectionLost


def test_a_held_connection_is_silent(net: Net) -> None:
    """Neither bytes nor ends get through, until it is released; then all do, in order."""
    near, far, connection = net.pair()
    connection.hold()
    near.transport.write(b"one ")
    net.reactor.advance(FAR)
    near.transport.write(b"two")
    near.transport.loseConnection()
    net.reactor.advance(FAR)
    assert near.ended_by() is ConnectionDone
    assert far.text == b""
    assert far.ended_by() is None
    connection.release()
    assert far.text == b"one two"
    assert far.ended_by() is ConnectionDone


def test_a_reset_does_not_get_through_a_held_connection(net: Net) -> None:
    """An end that is half open does not learn of the other's abort."""
    near, far, connection = net.pair()
    connection.hold()
    near.transport.abortConnection()
    net.reactor.advance(FAR)
    assert far.ended_by() is None
    far.transport.write(b"into the void")
    net.reactor.advance(FAR)
    assert far.ended_by() is None
    connection.release()
    assert far.ended_by() is ConnectionLost


def test_letting_bytes_through_by_hand(net: Net) -> None:
    """A held pipe gives as many bytes as a test wants, and its end after the last one."""
    near, far, connection = net.pair()
    connection.hold()
    near.transport.write(b"abc")
    near.transport.write(b"def")
    near.transport.loseConnection()
    net.reactor.advance(0)
    pipe = far.transport.arriving
    assert pipe.waiting == 7
    pipe.let_through(4)
    pipe.let_through(100)
    assert far.heard == [b"abcd", b"ef"]
    assert far.ended_by() is None
    pipe.let_through(1)
    assert far.ended_by() is ConnectionDone
    assert pipe.waiting == 0
    pipe.let_through(1)


def test_one_who_does_not_read(net: Net) -> None:
    """Bytes and a good end wait for it; a reset does not."""
    near, far, _ = net.pair()
    far.transport.pauseProducing()
    near.transport.write(b"patience")
    net.reactor.advance(FAR)
    far.transport.arriving.let_through(9)
    assert far.text == b""
    far.transport.resumeProducing()
    net.reactor.advance(0)
    assert far.text == b"patience"
    far.transport.pauseProducing()
    near.transport.write(b"lost")
    near.transport.abortConnection()
    net.reactor.advance(0)
    assert far.text == b"patience"
    assert far.ended_by() is ConnectionLost


def test_back_pressure(net: Net) -> None:
    """A push producer is paused when much is under way and resumed when it was read."""
    near, far, _ = net.pair()
    producer = Producer()
    near.transport.registerProducer(producer, streaming=True)
    far.transport.pauseProducing()
    near.transport.write(b"x" * CAPACITY)
    assert producer.told == []
    near.transport.write(b"x")
    near.transport.write(b"x")
    assert producer.told == ["pause"]
    far.transport.resumeProducing()
    net.reactor.advance(0)
    assert producer.told == ["pause", "resume"]
    near.transport.abortConnection()
    net.reactor.advance(0)
    assert producer.told == ["pause", "resume", "stop"]
    near.transport.registerProducer(producer, streaming=True)
    assert producer.told[-1] == "stop"


def test_closing_waits_for_the_producer_and_for_room(net: Net) -> None:
    """A connection is not closed under a producer, nor before its bytes have found room."""
    near, far, _ = net.pair()
    near.transport.registerProducer(Producer(), streaming=True)
    far.transport.pauseProducing()
    near.transport.loseConnection()
    near.transport.write(b"x" * (CAPACITY + 1))
    net.reactor.advance(0)
    assert near.ended_by() is None
    near.transport.unregisterProducer()
    net.reactor.advance(0)
    assert near.ended_by() is None
    far.transport.resumeProducing()
    net.reactor.advance(0)
    assert len(far.text) == CAPACITY + 1
    assert near.ended_by() is far.ended_by() is ConnectionDone


def test_producers_that_cannot_be() -> None:
    """A second producer, and a pull producer, are refused."""
    near, _, _ = Net().pair()
    near.transport.registerProducer(Producer(), streaming=True)
    with pytest.raises(RuntimeError, match="registered already"):
        near.transport.registerProducer(Producer(), streaming=True)
    near.transport.unregisterProducer()
    with pytest.raises(NotImplementedError, match="push producers only"):
        near.transport.registerProducer(Producer(), streaming=False)
    with pytest.raises(NotImplementedError, match="both directions"):
        near.transport.loseWriteConnection()


def test_a_producer_closes_by_stopping(net: Net) -> None:
    """``stopProducing`` of a transport closes the connection."""
    near, far, _ = net.pair()
    near.transport.stopProducing()
    net.reactor.advance(0)
    assert far.ended_by() is ConnectionDone


def test_no_port_listens(net: Net) -> None:
    """A port that is not listened on refuses, and so does one that is no more."""
    net.port.stopListening()
    net.port.stopListening()
    waiting = net.dial()
    net.reactor.advance(0)
    assert failure_of(waiting) is Refused


def test_a_factory_that_wants_no_connection(net: Net) -> None:
    """A listening factory may turn one away."""

    class Refusing(Factory):
        def buildProtocol(self, addr: object) -> None:
            """Twisted: make no protocol."""

    net.reactor.listenTCP(PORT + 1, Refusing())
    waiting = TCP4ClientEndpoint(net.reactor, "127.0.0.1", PORT + 1).connect(Factory())
    net.reactor.advance(0)
    assert failure_of(waiting) is Refused


def test_a_port_is_listened_on_once(net: Net) -> None:
    """Two cannot listen at one address; port 0 is another one each time."""
    with pytest.raises(CannotListenError):
        net.reactor.listenTCP(PORT, Factory())
    first, second = (net.reactor.listenTCP(0, Factory()) for _ in range(2))
    assert first.getHost() != second.getHost()


def test_an_attempt_times_out(net: Net) -> None:
    """A network slower than the attempt's patience is no network."""
    net.port.latency = 60.0
    waiting = net.dial(timeout=10)
    net.reactor.advance(10)
    assert failure_of(waiting) is TimedOut


def test_an_attempt_is_cancelled(net: Net) -> None:
    """Nothing comes of it, at either end."""
    net.port.latency = 1.0
    waiting = net.dial()
    waiting.cancel()
    assert failure_of(waiting) is ConnectingCancelledError
    net.reactor.advance(FAR)
    assert net.far == []


def test_a_connector_disconnects(net: Net) -> None:
    """A connector of ``connectTCP`` closes what it connected, and then has nothing to stop."""
    factory = ClientFactory.forProtocol(Ear)
    connector = net.reactor.connectTCP("127.0.0.1", PORT, factory)
    connector.disconnect()
    connector.connect()
    net.reactor.advance(0)
    connector.disconnect()
    net.reactor.advance(0)
    assert net.far[0].ended_by() is ConnectionDone
    with pytest.raises(NotConnectingError):
        connector.stopConnecting()
    assert connector.getDestination().port == PORT


def test_a_client_factory_without_a_protocol(net: Net) -> None:
    """The listening end loses the connection; no error escapes."""

    class Refusing(ClientFactory):
        def buildProtocol(self, addr: object) -> None:
            """Twisted: make no protocol."""

    net.reactor.connectTCP("127.0.0.1", PORT, Refusing())
    net.reactor.advance(0)
    assert net.far[0].ended_by() is ConnectionLost


def test_names(net: Net) -> None:
    """A known host is found by its name, an unknown one is not; both as with a real resolver."""
    found = HostnameEndpoint(net.reactor, "localhost", PORT).connect(Factory.forProtocol(Ear))
    unknown = clientFromString(net.reactor, "tcp:nowhere.example:4730").connect(Factory())
    net.reactor.advance(FAR)
    got: list[Any] = []
    found.addCallback(got.append)
    assert len(got) == 1
    assert issubclass(failure_of(unknown), (DNSLookupError, ConnectError))
    assert net.reactor.add_host("one.example") == net.reactor.add_host("one.example")
    assert net.reactor.add_host("two.example") != net.reactor.address_of("one.example")
    assert net.reactor.add_host("192.0.2.1") == net.reactor.address_of("192.0.2.1") == "192.0.2.1"


def test_another_resolver(net: Net) -> None:
    """A resolver may be put in the place of the reactor's."""
    before = net.reactor.nameResolver
    assert net.reactor.installNameResolver(before) is before


def test_addresses_and_options(net: Net) -> None:
    """Each end knows both addresses, and takes the options of TCP without a word."""
    near, far, _ = net.pair()
    assert near.transport.getPeer() == far.transport.getHost() == net.port.getHost()
    assert near.transport.getHost() == far.transport.getPeer()
    far.transport.setTcpNoDelay(True)
    far.transport.setTcpKeepAlive(True)
    assert far.transport.getTcpNoDelay()
    assert not far.transport.getTcpKeepAlive()


def test_time_goes_from_event_to_event() -> None:
    """Each call sees its own time, though many seconds pass at once."""
    reactor = MemoryReactor()
    start = reactor.seconds()
    times: list[float] = []
    for delay in (3, 1, 2):
        reactor.callLater(delay, lambda: times.append(reactor.seconds() - start))
    reactor.callFromThread(times.append, 0.0)
    never = reactor.callLater(2, times.append, -1.0)
    later, sooner = (reactor.callLater(1.5, times.append, number) for number in (7.0, 0.5))
    never.cancel()
    later.reset(7)
    sooner.reset(0.5)
    assert len(reactor.getDelayedCalls()) == 6
    assert reactor.next_time() == start
    reactor.advance(10)
    assert times == [0.0, 0.5, 1.0, 2.0, 3.0, 7.0]
    assert reactor.seconds() == start + 10
    assert reactor.next_time() is None


def test_a_moment_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A call that calls itself at once, forever, is named instead of hanging the test."""
    monkeypatch.setattr("gearman_tx.testing.reactor.MOST_CALLS", 1000)
    reactor = MemoryReactor()

    def again() -> None:
        reactor.callLater(0, again)

    again()
    with pytest.raises(RuntimeError, match=r"1000 calls were due at once.*again"):
        reactor.advance(0)

"""Plain sockets share one epoll; their transports take it for a reactor like any other."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from attrs import define, field
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.protocol import Protocol, connectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from typing_extensions import override

from gearman_tx.link import SocketSet, Turn
from gearman_tx.link.served_sockets import LEAST_PACKETS, PACKETS_A_TURN, READ_COST
from gearman_tx.link.socket_entry import MANY_READ, SMALL_PACKET
from gearman_tx.wire import PacketType, request
from tests.link.logs import LogBook
from tests.link.probe import Probe
from tests.link.transports import FdReactor, SocketTransport, connect, tcp_pair


class Listener(Protocol):
    """A protocol that notes its calls, and fails over a certain word."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self.lost: list[Failure] = []

    @override
    def dataReceived(self, data: bytes) -> None:
        """Note ``data``; fail over a certain word."""
        self.received.append(data)
        if data == b"fail":
            raise ValueError(data)

    @override
    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Note why."""
        self.lost.append(reason)


@define(eq=False)
class AdoptingReactor:
    """A socket set behind a reactor that a test drives, and the connections it adopted."""

    reactor: FdReactor = field(factory=FdReactor)
    stack: ExitStack = field(factory=ExitStack)
    turn: Turn = field(init=False)
    sockets: SocketSet = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the turn and the set."""
        self.turn = Turn(self.reactor)
        self.sockets = SocketSet(self.reactor, self.turn)

    def connection(self, protocol: Protocol) -> tuple[Any, socket.socket]:
        """Return the adopted transport of ``protocol`` and the peer's socket."""
        near, far = tcp_pair()
        self.stack.enter_context(near)
        self.stack.enter_context(far)
        transport = SocketTransport(near, protocol, self.reactor)
        connect(protocol, transport)
        self.sockets.adopt(transport)
        return transport, far


@pytest.fixture
def driven() -> Iterator[AdoptingReactor]:
    """A driven reactor whose sockets are closed at the end."""
    made = AdoptingReactor()
    with made.stack:
        yield made


def test_the_reactor_sees_one_descriptor(driven: AdoptingReactor) -> None:
    """However many connections there are; and none when the last of them is gone."""
    protocols = [Listener() for _ in range(3)]
    transports = [driven.connection(protocol)[0] for protocol in protocols]
    assert driven.reactor.readers == [driven.sockets.reader]
    assert driven.sockets.reader.fileno() > 0
    assert driven.sockets.reader.logPrefix()
    for transport in transports:
        transport.connectionLost(Failure(ConnectionLost()))
    assert driven.reactor.readers == []


def test_all_reads_come_before_the_writes_of_a_turn(driven: AdoptingReactor) -> None:
    """The requests of two connections in one turn are answered at its end, without a timed call."""
    links = [Probe(driven.turn), Probe(driven.turn)]
    peers = [driven.connection(link)[1] for link in links]
    for peer in peers:
        peer.sendall(b"one\ntwo\n")
    driven.reactor.read_once()
    assert [peer.recv(100) for peer in peers] == [b"one\ntwo\n"] * 2
    assert driven.reactor.getDelayedCalls() == []


def test_a_paused_connection_is_not_read(driven: AdoptingReactor) -> None:
    """Bytes wait in the kernel until the transport is resumed."""
    listener = Listener()
    transport, peer = driven.connection(listener)
    transport.pauseProducing()
    peer.sendall(b"later")
    driven.reactor.read_once()
    assert listener.received == []
    transport.resumeProducing()
    driven.reactor.read_once()
    assert listener.received == [b"later"]


def test_what_the_socket_does_not_take_is_written_when_it_can(driven: AdoptingReactor) -> None:
    """A backlog larger than the kernel's buffers goes out as the peer reads it."""
    link = Probe(driven.turn)
    _, peer = driven.connection(link)
    size = 8 * 1024 * 1024
    link.send(bytes(size))
    driven.reactor.advance(0)
    received = 0
    while received < size:
        received += len(peer.recv(1 << 20))
        driven.reactor.read_once()
    assert link.queued == 0


def test_a_peer_that_closes_ends_its_connection_alone(driven: AdoptingReactor) -> None:
    """The protocol gets ConnectionDone, as from a reactor."""
    gone, stays = Listener(), Listener()
    _, peer = driven.connection(gone)
    _, other = driven.connection(stays)
    peer.close()
    other.sendall(b"here")
    driven.reactor.read_once()
    assert [reason.type for reason in gone.lost] == [ConnectionDone]
    assert stays.received == [b"here"]
    assert stays.lost == []


def test_a_reset_connection_is_lost(driven: AdoptingReactor) -> None:
    """A peer that cuts the connection with bytes unread is a loss, not an end."""
    listener = Listener()
    _, peer = driven.connection(listener)
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    peer.close()
    driven.reactor.read_once()
    assert [reason.type for reason in listener.lost] == [ConnectionLost]


def test_a_peer_that_is_gone_is_noticed_though_reading_is_paused(driven: AdoptingReactor) -> None:
    """Nothing waits for a peer that cut the connection while it was not read from."""
    listener = Listener()
    transport, peer = driven.connection(listener)
    transport.pauseProducing()
    transport.startWriting()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    peer.close()
    driven.reactor.read_once()
    assert [reason.type for reason in listener.lost] == [ConnectionLost]


def test_a_protocol_that_fails_costs_its_own_connection_alone(
    driven: AdoptingReactor, log: LogBook
) -> None:
    """The error is logged, its connection is lost, the one behind it is served."""
    failing, sound = Listener(), Listener()
    _, peer = driven.connection(failing)
    _, other = driven.connection(sound)
    peer.sendall(b"fail")
    other.sendall(b"fine")
    driven.reactor.read_once()
    assert [reason.type for reason in failing.lost] == [ValueError]
    assert sound.received == [b"fine"]
    assert log.failures() == ["a connection could not be served: ValueError"]


def test_those_that_have_news_share_a_turn(driven: AdoptingReactor) -> None:
    """One busy connection may be read much at a time, each of four a quarter of that."""
    alone = Listener()
    _, peer = driven.connection(alone)
    peer.sendall(bytes(2 * MANY_READ))
    while sum(map(len, alone.received)) < 2 * MANY_READ:
        driven.reactor.read_once()
    whole = PACKETS_A_TURN * SMALL_PACKET
    assert max(map(len, alone.received)) == whole
    listeners = [Listener() for _ in range(4)]
    for protocol in listeners:
        _, peer = driven.connection(protocol)
        peer.sendall(bytes(whole))
    while not all(protocol.received[-1:] == [bytes(whole // 4)] for protocol in listeners):
        driven.reactor.read_once()


def _reads_of(driven: AdoptingReactor, packet: bytes, count: int) -> list[int]:
    """Return how much was read at a time of many such packets, beside three others with news."""
    link = Probe(driven.turn)
    reads: list[int] = []
    transport, peer = driven.connection(link)
    receive = link.input.receive
    link.dataReceived = lambda data: (reads.append(len(data)), receive(data))  # type: ignore[assignment,func-returns-value]
    transport.pauseProducing()
    transport.resumeProducing()
    for _ in range(3):
        _, other = driven.connection(Listener())
        other.sendall(b"news")
    sender = threading.Thread(target=peer.sendall, args=(packet * count,))
    sender.start()
    while len(link.handled) < count:
        driven.reactor.read_once()
        driven.reactor.advance(0)
    sender.join()
    return reads


def test_a_large_packet_is_read_much_at_a_time(driven: AdoptingReactor) -> None:
    """Bytes that are only kept cost the other connections little."""
    assert max(_reads_of(driven, request(PacketType.ECHO_REQ, bytes(1 << 20)), 1)) > MANY_READ


def test_of_packets_that_are_not_small_as_many_are_read_as_of_small_ones(
    driven: AdoptingReactor,
) -> None:
    """A read follows the size of the packets before it, up to a limit."""
    reads = _reads_of(driven, request(PacketType.ECHO_REQ, bytes(2000)), 300)
    assert max(reads) > PACKETS_A_TURN // 4 * SMALL_PACKET
    assert max(reads) <= MANY_READ


def test_a_flood_leaves_room_for_the_others(driven: AdoptingReactor) -> None:
    """A turn ends when it has read its share; the sockets left over are first in the next."""
    cost = LEAST_PACKETS + READ_COST
    listeners = [Listener() for _ in range(PACKETS_A_TURN // cost)]
    for protocol in listeners:
        _, peer = driven.connection(protocol)
        peer.sendall(bytes(3 * LEAST_PACKETS * SMALL_PACKET))
    served: list[int] = []
    driven.turn.hooks.append(lambda: served.append(sum(bool(it.received) for it in listeners)))
    driven.reactor.read_once()
    assert len(listeners) // 2 <= served[0] <= len(listeners)
    assert served[1] == len(listeners)


def test_a_quiet_connection_is_served_before_those_that_flood(driven: AdoptingReactor) -> None:
    """A connection whose last read was full waits until the others are served."""
    order: list[Listener] = []

    class Noting(Listener):
        @override
        def dataReceived(self, data: bytes) -> None:
            super().dataReceived(data)
            order.append(self)

    flood = [Noting() for _ in range(3)]
    for protocol in flood:
        _, peer = driven.connection(protocol)
        peer.sendall(bytes(4 * MANY_READ))
    modest = Noting()
    _, peer = driven.connection(modest)
    peer.sendall(b"first")
    turns: list[int] = []

    def told() -> None:
        turns.append(len(order))
        if len(turns) == 1:
            peer.sendall(b"second")

    driven.turn.hooks.append(told)
    driven.reactor.read_once()
    assert order[turns[0]] is modest


def test_connections_that_end_together_leave_room_for_the_others(driven: AdoptingReactor) -> None:
    """A few protocols are told in each turn of the reactor, without further news."""
    leaving = [Listener() for _ in range(40)]
    for protocol in leaving:
        driven.connection(protocol)[1].close()
    stays = Listener()
    _, peer = driven.connection(stays)
    peer.sendall(b"here")
    lost: list[int] = []
    driven.turn.hooks.append(lambda: lost.append(sum(bool(it.lost) for it in leaving)))
    driven.reactor.read_once()
    assert stays.received == [b"here"]
    assert 0 < lost[0] < lost[-1] < len(leaving)
    while driven.reactor.getDelayedCalls():
        driven.reactor.advance(0)
    assert [len(protocol.lost) for protocol in leaving] == [1] * len(leaving)


def test_a_connection_aborted_before_its_end_was_told_is_told_once(driven: AdoptingReactor) -> None:
    """A connection may be aborted while its end waits to be told."""
    leaving = [Listener() for _ in range(20)]
    transports = []
    for protocol in leaving:
        transport, peer = driven.connection(protocol)
        transports.append(transport)
        peer.close()
    driven.reactor.read_once()
    for transport in transports:
        transport.connectionLost(Failure(ConnectionLost()))
    while driven.reactor.getDelayedCalls():
        driven.reactor.advance(0)
    assert [len(protocol.lost) for protocol in leaving] == [1] * len(leaving)


def test_a_connection_lost_in_a_turn_is_not_served_in_it(driven: AdoptingReactor) -> None:
    """A connection that another's packet ends is not read any more."""
    victim = Listener()
    order: list[SocketTransport] = []

    class Killer(Listener):
        @override
        def dataReceived(self, data: bytes) -> None:
            for transport in order:
                transport.connectionLost(Failure(ConnectionLost()))

    _, killing = driven.connection(Killer())
    transport, peer = driven.connection(victim)
    order.append(transport)
    killing.sendall(b"now")
    peer.sendall(b"too late")
    driven.reactor.read_once()
    assert victim.received == []
    assert len(victim.lost) == 1


def test_the_end_of_the_reactor_is_the_end_of_all(driven: AdoptingReactor) -> None:
    """A reactor that stops ends its descriptors; the set ends its sockets."""
    protocols = [Listener(), Listener()]
    for protocol in protocols:
        driven.connection(protocol)
    driven.sockets.reader.connectionLost(Failure(ConnectionLost()))
    assert [len(protocol.lost) for protocol in protocols] == [1, 1]
    assert driven.reactor.readers == []


def test_transports_reach_the_reactor_through_the_set(driven: AdoptingReactor) -> None:
    """``abortConnection`` is a timed call of the reactor behind the set."""
    listener = Listener()
    transport, _ = driven.connection(listener)
    transport.abortConnection()
    driven.reactor.advance(0)
    assert len(listener.lost) == 1


def test_what_is_no_plain_socket_is_left_alone(driven: AdoptingReactor) -> None:
    """Transports in memory, of another reactor, or under a mere clock stay as they are."""
    driven.sockets.adopt(StringTransport())
    near, far = tcp_pair()
    with near, far:
        elsewhere = FdReactor()
        transport = SocketTransport(near, Listener(), elsewhere)
        driven.sockets.adopt(transport)
        assert elsewhere.readers == [transport]
        clock = Clock()
        SocketSet(clock, Turn(clock)).adopt(transport)
        assert elsewhere.readers == [transport]

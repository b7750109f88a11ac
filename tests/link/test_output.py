"""Bytes go out in order, however many the socket takes and whichever reply is held back."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from attrs import define
from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.link import Hole, Turn
from tests.link.probe import Probe
from tests.link.transports import FdReactor, SocketTransport, connect, tcp_pair
from tests.link.wiring import FOREVER, SHAPES, TRANSPORTS, Wire, direct, wire

MEBIBYTE = 1 << 20


def test_the_socket_is_tried_before_the_reactor_is_asked() -> None:
    """When the socket takes everything, the transport never waits for writability."""
    made, transport = direct()
    made.link.send(b"x" * 1000)
    made.end_turn()
    assert transport.received == b"x" * 1000
    assert made.reactor.writers == []
    assert made.link.queued == 0


def test_what_the_socket_does_not_take_is_written_when_it_can() -> None:
    """A partial write leaves the rest as backlog, and the transport waits to be writable."""
    made, transport = direct(room=300)
    made.link.send(b"a" * 1000)
    made.end_turn()
    assert transport.received == b"a" * 300
    assert made.reactor.writers == [transport]
    made.link.send(b"b" * 10)
    made.end_turn()
    assert made.take() == b"a" * 1000 + b"b" * 10
    assert made.reactor.writers == []


def test_when_the_backlog_is_gone_the_socket_is_tried_directly_again() -> None:
    """A connection that caught up costs no more than one that was never behind."""
    made, transport = direct(room=0)
    made.link.send(b"late")
    made.end_turn()
    made.take()
    made.link.send(b"prompt")
    made.end_turn()
    assert transport.sends == [b"late", b"prompt"]
    assert made.reactor.writers == []


def test_many_small_pieces_of_a_backlog_become_few_writes() -> None:
    """Five thousand small packets in one turn do not cost five thousand calls."""
    made, transport = direct()
    packets = [b"%06d" % number * 5 for number in range(5000)]
    for packet in packets:
        made.link.send(packet)
    made.end_turn()
    made.take()
    assert transport.received == b"".join(packets)
    assert len(transport.sends) <= 3


def test_a_large_packet_leaves_room_for_others_in_the_turn() -> None:
    """Of a large workload two mebibytes are written at once, the rest when the reactor asks."""
    made, transport = direct()
    made.link.send(b"x" * 8 * MEBIBYTE)
    made.end_turn()
    assert len(transport.received) == 2 * MEBIBYTE
    assert made.take() == b"x" * 8 * MEBIBYTE


@pytest.mark.parametrize("slices", [1, 15, 16, 17, 32, 33])
def test_a_backlog_of_whole_slices_is_followed_by_the_next_reply(slices: int) -> None:
    """However many slices a backlog had, what is sent behind it is written too."""
    made, transport = direct()
    size = slices * 128 * 1024
    made.link.send(b"x" * size)
    made.end_turn()
    made.take()
    made.link.send(b"next")
    made.end_turn()
    made.take()
    assert len(transport.received) == size + len(b"next")
    assert made.reactor.writers == []


def test_nothing_is_sent_after_a_loss() -> None:
    """Sending, holding and filling on a lost connection do nothing and keep nothing."""
    made, transport = direct(room=0)
    link = made.link
    hole = link.hold()
    link.send(b"held")
    link.connectionLost()
    link.fill(hole, b"answer")
    link.send(b"sent")
    link.send_parts((b"more", b"parts"))
    link.fill(link.hold(), b"another")
    made.end_turn()
    assert transport.received == b""
    assert link.queued == 0


@pytest.mark.parametrize("shape", SHAPES)
def test_nothing_is_sent_after_an_abort(shape: str) -> None:
    """What waits when a connection is aborted is dropped, in the same turn already."""
    made = wire(shape, room=FOREVER)
    made.link.send(b"never")
    made.link.abort()
    made.link.send(b"seen")
    made.end_turn()
    assert made.take() == b""
    assert made.link.queued == 0


def test_a_connection_lost_while_writing_is_left_to_the_reactor() -> None:
    """A write that finds the connection lost raises nothing; the transport reports the loss."""
    made, transport = direct()
    transport.script.is_broken = True
    made.link.send(b"into the void")
    made.end_turn()
    assert made.link.ends == 0
    made.reactor.write_once()
    assert made.link.ends == 1
    assert made.link.queued == 0


@pytest.mark.parametrize("size", [1, 70_000, MEBIBYTE])
def test_a_real_socket_with_a_small_buffer_gets_everything_in_order(size: int) -> None:
    """Over TCP with the smallest buffers a stream arrives whole, whatever its pieces."""
    near, far = tcp_pair(send_buffer=4096)
    reactor = FdReactor()
    link = Probe(Turn(reactor))
    transport = SocketTransport(near, link, reactor)
    connect(link, transport)
    pieces = [bytes([65 + number]) * size for number in range(5)]
    for piece in pieces:
        link.send_parts((piece[: size // 2], piece[size // 2 :]))
        reactor.advance(0)
    received = _read_while_writing(far, reactor, sum(map(len, pieces)))
    assert received == b"".join(pieces)
    link.close()
    reactor.write_once()
    assert far.recv(1) == b""
    far.close()
    assert link.ends == 1


def _read_while_writing(far: socket.socket, reactor: FdReactor, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        reactor.write_once()
        received += far.recv(65536)
    return bytes(received)


@define
class Script:
    """What happens to one connection: sends, holes, turns and reads in some order.

    Attributes:
        wire: the connection.
        slots: what is expected, in order: bytes, or a hole that stands for its bytes.
    """

    wire: Wire
    slots: list[bytes | Hole]

    @property
    def expected(self) -> bytes:
        """The stream as far as no unfilled hole is in front of it."""
        stream = b""
        for slot in self.slots:
            if not slot:
                break
            stream += slot if isinstance(slot, bytes) else slot[0]
        return stream

    def check(self) -> None:
        """Check that the peer has read a beginning of what is due to it."""
        assert self.expected.startswith(self.wire.received)


_DATA = st.binary(min_size=1, max_size=30) | st.builds(
    lambda byte, size: byte * size, st.binary(min_size=1, max_size=1), st.integers(1, 200_000)
)
_STEPS = st.one_of(
    st.tuples(st.just("send"), _DATA),
    st.tuples(st.just("parts"), st.lists(_DATA, min_size=1, max_size=3)),
    st.tuples(st.just("hold"), st.none()),
    st.tuples(st.just("fill"), st.tuples(st.integers(0, 50), _DATA)),
    st.tuples(st.just("turn"), st.none()),
    st.tuples(st.just("take"), st.integers(1, 300_000)),
)


@pytest.mark.parametrize("shape", TRANSPORTS)
@given(steps=st.lists(_STEPS, max_size=40), room=st.integers(0, 100_000))
def test_order_holds_for_any_interleaving(
    shape: str, steps: list[tuple[str, Any]], room: int
) -> None:
    """Replies keep the order of their places, however they are sent, held, filled and read."""
    made = wire(shape, room=room)
    script = Script(made, [])
    holes: list[Hole] = []
    for name, value in steps:
        if name == "send":
            made.link.send(value)
            script.slots.append(value)
        elif name == "parts":
            made.link.send_parts(value)
            script.slots += value
        elif name == "hold":
            holes.append(made.link.hold())
            script.slots.append(holes[-1])
        elif name == "fill" and holes:
            index, data = value
            made.link.fill(holes.pop(index % len(holes)), data)
        elif name == "turn":
            made.end_turn()
        elif name == "take":
            made.take(value)
        script.check()
    for hole in reversed(holes):
        made.link.fill(hole, b"<last>")
    made.end_turn()
    assert made.take() == script.expected
    assert made.link.queued == 0

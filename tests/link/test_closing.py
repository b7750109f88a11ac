"""A connection that is closed gets what is due to it first; one that is aborted gets nothing."""

from __future__ import annotations

import pytest

from gearman_tx.link import OutputLimits
from gearman_tx.wire import PacketType, request
from tests.link.transports import BufferingTransport, FdReactor, ScriptedTransport
from tests.link.wiring import FOREVER, SHAPES, Wire, direct, wire

LIMITS = OutputLimits(pause=10**6, most=10**9, timeout=30.0)


def is_closed(made: Wire) -> bool:
    """Return whether the transport was told to close in good order."""
    transport = made.transport
    if isinstance(transport, ScriptedTransport):
        made.reactor.write_once()
        made.reactor.write_once()
        return bool(transport.disconnected)
    return transport.disconnecting and not transport.disconnected


@pytest.mark.parametrize("shape", SHAPES)
def test_an_idle_connection_is_closed_at_once(shape: str) -> None:
    """With nothing left to write the transport is closed without waiting for anything."""
    made = wire(shape, LIMITS, FOREVER)
    made.link.close()
    assert made.link.is_over
    assert is_closed(made)
    assert made.link.ends == 1


@pytest.mark.parametrize("shape", SHAPES)
def test_what_was_sent_in_the_same_turn_still_goes_out(shape: str) -> None:
    """A reply sent just before the close reaches the peer, then the connection ends."""
    made = wire(shape, LIMITS, FOREVER)
    made.link.send(b"last words")
    made.link.close()
    assert not is_closed(made)
    made.end_turn()
    assert made.take() == b"last words"
    assert is_closed(made)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_backlog_is_written_before_the_close(shape: str) -> None:
    """However much is unread, all of it is written before the transport closes."""
    made = wire(shape, LIMITS)
    made.link.send(b"x" * 500_000)
    made.end_turn()
    made.link.close()
    made.take(200_000)
    assert not made.transport.disconnecting
    assert made.take() == b"x" * 500_000
    assert is_closed(made)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_close_waits_for_what_is_held(shape: str) -> None:
    """A reply that was promised comes before the end, with what was sent behind it."""
    made = wire(shape, LIMITS, FOREVER)
    hole = made.link.hold()
    made.link.send(b"behind")
    made.link.close()
    made.end_turn()
    assert not is_closed(made)
    made.link.fill(hole, b"promised, ")
    made.end_turn()
    assert made.take() == b"promised, behind"
    assert is_closed(made)


def test_a_closing_connection_reads_no_more() -> None:
    """What arrives after the close is not handled, and the transport is not read from."""
    made, transport = direct(LIMITS, room=0)
    made.link.send(b"unread")
    made.link.close()
    assert transport not in made.reactor.readers
    made.link.dataReceived(request(PacketType.ECHO_REQ, b"too late"))
    assert made.link.handled == []


@pytest.mark.parametrize("shape", SHAPES)
def test_closing_twice_is_closing_once(shape: str) -> None:
    """A second close, or one after a loss, changes nothing."""
    made = wire(shape, LIMITS, FOREVER)
    made.link.close()
    made.link.close()
    assert is_closed(made)
    made.link.connectionLost()
    made.link.close()
    made.link.abort()
    assert made.link.ends == 1


def test_a_peer_that_does_not_read_cannot_keep_a_closing_connection() -> None:
    """After the stall timeout a closing connection with unread output is dropped."""
    made, _ = direct(LIMITS, room=0)
    made.link.send(b"x" * 200_000)
    made.link.close()
    made.end_turn()
    made.reactor.advance(30)
    text = "200000 bytes of output are unread and none was taken in 30 seconds"
    assert made.link.too_slow == [text]
    made.end_turn()
    assert made.reactor.getDelayedCalls() == []


def test_a_peer_that_never_says_goodbye_is_cut_off() -> None:
    """A transport that was told to close and does not is aborted after the stall timeout."""
    made = wire("buffering", LIMITS)
    made.link.close()
    transport = made.transport
    assert (transport.disconnecting, transport.disconnected) == (True, False)
    made.reactor.advance(30)
    assert (transport.disconnecting, transport.disconnected) == (True, True)
    assert made.link.too_slow == []


def test_a_promise_that_is_never_kept_cannot_keep_a_closing_connection() -> None:
    """A hole that is never filled delays a close by the stall timeout at most."""
    made, transport = direct(LIMITS)
    made.link.hold()
    made.link.close()
    made.end_turn()
    made.reactor.advance(30)
    made.end_turn()
    assert transport.disconnected
    assert made.link.ends == 1


def test_what_is_sent_behind_the_end_is_dropped() -> None:
    """Once the transport was told to close, nothing more is written to it."""
    made, transport = direct(LIMITS)
    made.link.close()
    made.link.send(b"afterthought")
    made.end_turn()
    assert transport.received == b""


def test_a_buffering_transport_is_heard_while_it_closes() -> None:
    """TLS ends with a word of the peer, so the transport is read from until it is lost."""
    made = wire("buffering", LIMITS)
    made.link.close()
    transport = made.transport
    assert isinstance(transport, BufferingTransport)
    assert transport.producer is None
    assert transport.producerState == "producing"


@pytest.mark.parametrize("shape", SHAPES)
def test_an_abort_waits_for_nothing(shape: str) -> None:
    """An aborted connection ends in the same moment, with its backlog unread."""
    made = wire(shape, LIMITS)
    made.link.send(b"x" * 500_000)
    made.end_turn()
    made.link.abort()
    assert made.link.ends == 1
    assert made.link.queued == 0
    made.end_turn()
    transport = made.transport
    assert transport.disconnected
    assert made.reactor.getDelayedCalls() == []


@pytest.mark.parametrize("shape", SHAPES)
def test_a_transport_may_ask_for_more_after_the_end(shape: str) -> None:
    """Calls of a transport that come late find nothing and change nothing."""
    made = wire(shape, LIMITS)
    made.link.send(b"x" * 500_000)
    made.end_turn()
    output = made.link.output  # the producer that the transport knows
    made.link.abort()
    output.pauseProducing()
    output.resumeProducing()
    output.stopProducing()
    assert made.link.queued == 0


def test_a_peer_that_stops_sending_gets_its_answers_first() -> None:
    """Half-closing (``nc -N``) ends the connection, but only behind what the peer asked for."""
    made, transport = direct(LIMITS, room=0)
    made.link.dataReceived(request(PacketType.ECHO_REQ, b"x" * 200_000))
    made.link.readConnectionLost()
    assert made.link.ends == 1
    made.end_turn()
    assert len(made.take()) == 200_012
    assert is_closed(made)
    assert not transport.connected


def test_our_side_is_never_half_closed() -> None:
    """Twisted's other half-close event is accepted and means nothing here."""
    made, _ = direct(LIMITS)
    made.link.writeConnectionLost()
    assert not made.link.is_over


def test_a_lost_connection_drops_what_waited() -> None:
    """A loss with a backlog, a hole and unhandled units leaves nothing behind."""
    made, transport = direct(LIMITS, room=0)
    made.link.send(b"x" * 500_000)
    made.end_turn()
    made.link.hold()
    made.link.dataReceived(b"suspend\nbehind\n")
    made.link.dataReceived(b"more\n")
    assert isinstance(made.reactor, FdReactor)
    transport.script.is_broken = True
    made.reactor.write_once()
    assert made.link.ends == 1
    assert made.link.queued == 0
    made.link.proceed()
    assert made.link.handled == [b"suspend"]
    assert made.reactor.getDelayedCalls() == []

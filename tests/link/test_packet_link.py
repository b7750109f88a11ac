"""Units reach their handlers in order, one at a time, and no handler hurts another connection."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.testing import StringTransport

from gearman_tx.errors import Refused
from gearman_tx.link import SUSPEND, Handler, OutputLimits, Turn
from gearman_tx.wire import TEXT, PacketType, request, response
from tests.link.logs import LogBook, watched_log
from tests.link.probe import Probe
from tests.link.transports import FdReactor, connect
from tests.link.wiring import direct, wire

ECHO = request(PacketType.ECHO_REQ, b"data")
ECHOED = response(PacketType.ECHO_RES, b"data")


def test_packets_and_lines_are_handled_in_order() -> None:
    """Text and binary may be mixed, and the answers keep the order of the requests."""
    made, transport = direct()
    made.link.dataReceived(ECHO + b"line\r\n" + ECHO + b"other\n")
    made.end_turn()
    assert transport.received == ECHOED + b"line\n" + ECHOED + b"other\n"


@given(cuts=st.lists(st.integers(0, 60), max_size=6))
def test_any_chunking_gives_the_same_answers(cuts: list[int]) -> None:
    """How the bytes were cut on their way changes nothing."""
    made, transport = direct()
    stream = ECHO + b"line\n" + ECHO + b"refuse\n" + ECHO
    places = sorted({0, *(cut for cut in cuts if cut < len(stream)), len(stream)})
    for start, end in pairwise(places):
        made.link.dataReceived(stream[start:end])
        made.end_turn()
    assert transport.received == ECHOED + b"line\n" + ECHOED + b"refused\n" + ECHOED


def test_a_refusal_is_an_answer_and_the_next_unit_follows() -> None:
    """A refused request is answered in its place, and those behind it are handled."""
    made, transport = direct()
    made.link.dataReceived(b"refuse\nrefuse\nnext\n")
    made.end_turn()
    assert made.link.refusals == [b"not granted"] * 2
    assert transport.received == b"refused\nrefused\nnext\n"


def test_a_malformed_unit_ends_the_connection_behind_its_answers() -> None:
    """What came before is answered, what comes after is not looked at."""
    made, transport = direct()
    made.link.dataReceived(b"before\nmalformed\nafter\n")
    made.end_turn()
    assert made.link.reasons == ["no such line"]
    assert transport.received == b"before\n"
    assert made.link.handled == [b"before", b"malformed"]
    made.reactor.write_once()
    assert not transport.connected


def test_bytes_that_are_not_the_protocol_end_the_connection_behind_its_answers() -> None:
    """The decoder's error counts only when everything before it is handled."""
    made, transport = direct()
    made.link.dataReceived(ECHO + b"\0BAD" + bytes(8))
    made.end_turn()
    reason = "magic 0x00424144 is not \\0REQ or \\0RES; the peer does not speak Gearman"
    assert made.link.reasons == [reason]
    assert transport.received == ECHOED
    made.reactor.write_once()
    assert not transport.connected


def test_a_handler_that_fails_costs_its_connection_alone(log: LogBook) -> None:
    """An error of ours is logged and ends the connection; others on the same turn go on."""
    made, transport = direct()
    other = Probe(made.turn)
    neighbour = StringTransport()
    connect(other, neighbour)
    other.dataReceived(ECHO)
    made.link.dataReceived(b"fail\nbehind\n")
    made.end_turn()
    assert log.failures() == ["a packet could not be handled: ZeroDivisionError"]
    assert not transport.connected
    assert made.link.handled == [b"fail"]
    assert neighbour.value() == ECHOED


def test_the_rest_of_an_input_is_handled_when_its_peer_is_gone(log: LogBook) -> None:
    """Units of the wanted types are, in order and whatever they raise; later ones are not."""
    made, _ = direct()
    made.link.dataReceived(b"suspend\nfirst\nrefuse\n" + ECHO)
    made.link.dataReceived(b"malformed\nfail\nlast\npart")
    made.link.input.handle_rest({TEXT})
    lines = [b"suspend", b"first", b"refuse", b"malformed", b"fail", b"last"]
    assert made.link.handled == lines
    assert log.failures() == ["a packet could not be handled: ZeroDivisionError"]
    made.link.input.end()
    made.link.input.handle_rest({TEXT})
    made.link.dataReceived(b"later\n")
    assert made.link.handled == lines


def test_suspended_units_wait_for_proceed() -> None:
    """Units behind a suspended one, and bytes that a transport gives anyway, wait their turn."""
    made, transport = direct()
    made.link.dataReceived(b"suspend\nsecond\nsuspend\nthird\n")
    assert transport not in made.reactor.readers
    made.link.dataReceived(b"fourth\nfif")
    made.link.dataReceived(b"th\n")
    assert made.link.handled == [b"suspend"]
    made.link.proceed()
    assert made.link.handled == [b"suspend", b"second", b"suspend"]
    assert transport not in made.reactor.readers
    made.link.proceed()
    assert made.link.handled[3:] == [b"third", b"fourth", b"fifth"]
    assert transport in made.reactor.readers
    made.end_turn()
    assert transport.received == b"second\nthird\nfourth\nfifth\n"


def test_an_error_among_waiting_bytes_is_found_in_its_place() -> None:
    """Bytes that are not the protocol end the connection only when their turn has come."""
    made, _ = direct()
    made.link.dataReceived(b"suspend\n")
    made.link.dataReceived(b"line\n\0BAD" + bytes(8))
    made.link.dataReceived(b"never\n")
    assert made.link.reasons == []
    made.link.proceed()
    assert made.link.handled == [b"suspend", b"line"]
    assert len(made.link.reasons) == 1
    made.link.proceed()
    assert made.link.handled == [b"suspend", b"line"]


def test_a_suspended_peer_that_does_not_read_stays_paused() -> None:
    """Proceeding does not help a peer whose output is high, nor reading one that is suspended."""
    made = wire("buffering", OutputLimits(pause=200_000, most=10**9, timeout=30.0))
    made.link.dataReceived(b"suspend\nbehind\n")
    made.link.send(b"x" * 400_000)
    made.end_turn()
    assert made.link.highs == [True]
    made.link.proceed()
    assert made.link.handled == [b"suspend"]
    made.take()
    assert made.link.highs == [True, False]
    assert made.link.handled == [b"suspend", b"behind"]


def test_a_peer_that_reads_again_stays_suspended() -> None:
    """Reading what was unread does not replace ``proceed``."""
    made = wire("buffering", OutputLimits(pause=200_000, most=10**9, timeout=30.0))
    made.link.dataReceived(b"suspend\nbehind\n")
    made.link.send(b"x" * 400_000)
    made.end_turn()
    made.take()
    assert made.link.highs == [True, False]
    assert made.link.handled == [b"suspend"]
    made.link.proceed()
    assert made.link.handled == [b"suspend", b"behind"]


def test_a_unit_that_is_put_back_is_handled_again_first() -> None:
    """A handler may put its unit off; later it comes again, before those behind it."""
    reactor = FdReactor()

    def put_off(link: Probe, line: bytes) -> bool:
        link.put_back(TEXT, line)
        return SUSPEND

    table: dict[int, Handler] = {TEXT: put_off}
    link = Probe(Turn(reactor), handlers=table)
    connect(link, StringTransport())
    link.dataReceived(b"first\n" + ECHO)
    link.dataReceived(b"last\n")
    assert link.handled == []
    table[TEXT] = lambda link, line: link.handled.append(line)
    link.proceed()
    assert link.handled == [b"first", b"data", b"last"]


_UNITS = st.sampled_from([b"line\n", b"suspend\n", b"refuse\n", ECHO])


@given(units=st.lists(_UNITS, max_size=20), chunk=st.integers(1, 40), early=st.booleans())
def test_suspending_never_changes_the_order(units: list[bytes], chunk: int, early: bool) -> None:
    """Whenever ``proceed`` comes, and whatever arrived meanwhile, units keep their order."""
    stream = b"".join(units)
    with watched_log():
        made, _ = direct()
        link = made.link
        for start in range(0, len(stream), chunk):
            link.dataReceived(stream[start : start + chunk])
            if early and link.handled and link.handled[-1] == b"suspend":
                link.proceed()
        while len(link.handled) < len(units):
            assert link.handled[-1] == b"suspend"
            link.proceed()
    names = {b"line\n": b"line", b"suspend\n": b"suspend", b"refuse\n": b"refuse", ECHO: b"data"}
    assert link.handled == [names[unit] for unit in units]


def test_a_refusal_says_what_it_is() -> None:
    """The text of a refusal is for people, its code for programs."""
    with pytest.raises(Refused, match="CODE: why"):
        raise Refused(b"CODE", b"why")

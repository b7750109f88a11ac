"""Text reports: whole, in one write, and without delaying others."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from gearman_tx.core import Peer
from gearman_tx.errors import RemoteProtocolError
from gearman_tx.server.text_side import SLICE_SECONDS
from tests.link.logs import LogBook
from tests.server import packets as p
from tests.server.packets import req, res
from tests.server.server_fixture import FakePeer, ServerFixture

ECHO = req(p.ECHO_REQ, b"x")
ECHOED = res(p.ECHO_RES, b"x")


class Reports:
    """Replies whose rows cost time on the clock of the stage.

    Attributes:
        stage: the server that gives them.
        made: for each line how many rows were made.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.made: dict[bytes, int] = {}
        self.stage = ServerFixture(commands=self)

    def changes(self, _line: bytes) -> bool:
        """Return that no line changes anything."""
        return False

    def reply(self, _peer: Peer, line: bytes) -> Iterator[bytes]:
        """Return as many rows as the line says, each of which takes its time."""
        if line == b"malformed":
            raise RemoteProtocolError("not a command")
        return self._rows(line)

    def _rows(self, line: bytes) -> Iterator[bytes]:
        name, _, count = line.partition(b" ")
        for number in range(int(count or b"1")):
            self.stage.clock.rightNow += self._seconds
            self.made[line] = number + 1
            if name == b"fail" and number == int(count) - 1:
                raise ZeroDivisionError
            yield b"%b %d\n" % (name, number)


def whole(name: bytes, count: int) -> bytes:
    """Return a report as it is when it is whole."""
    return b"".join(b"%b %d\n" % (name, number) for number in range(count))


def turns_until(stage: ServerFixture, done: Callable[[], bool]) -> int:
    """Run turns until ``done``; return how many it took."""
    for count in range(10_000):
        if done():
            return count
        stage.clock.turn()
    raise AssertionError("it never came")


@pytest.fixture
def slow() -> Reports:
    """Return reports of which sixteen rows fill a turn's time."""
    return Reports(SLICE_SECONDS / 16)


def test_a_short_report_is_answered_in_its_turn(slow: Reports) -> None:
    """A reply that is done within the slice goes out at the end of the same turn."""
    peer = slow.stage.connect()
    peer.gives(b"short 10\n")
    slow.stage.clock.turn()
    assert peer.hears() == whole(b"short", 10)


def test_a_long_report_is_made_in_slices(slow: Reports) -> None:
    """Each turn makes a part of it, and it arrives whole."""
    peer = slow.stage.connect()
    peer.gives(b"long 1000\n")
    assert not peer.is_heard
    turns = turns_until(slow.stage, lambda: slow.made[b"long 1000"] == 1000)
    assert 10 < turns < 20
    slow.stage.clock.turn()
    assert peer.hears() == whole(b"long", 1000)
    assert peer.is_heard


@pytest.mark.parametrize("count", [0, 1023, 1024, 1025, 4096, 5000])
@pytest.mark.parametrize("seconds", [0.0, SLICE_SECONDS / 16])
def test_a_report_is_the_same_in_any_pieces(count: int, seconds: float) -> None:
    """Rows are joined a thousand at a time, whether it is done in its turn or in slices."""
    stage = Reports(seconds).stage
    peer = stage.connect()
    peer.gives(b"rows %d\n" % count + ECHO)
    stage.end_turn()
    assert peer.hears() == whole(b"rows", count) + ECHOED


def test_others_are_served_between_the_slices(slow: Reports) -> None:
    """While a long report is made, another connection is answered in each turn."""
    reader, other = slow.stage.connect(), slow.stage.connect()
    reader.gives(b"long 1000\n")
    turns = 0
    while slow.made[b"long 1000"] < 1000:
        other.gives(ECHO)
        slow.stage.clock.turn()
        turns += 1
    slow.stage.clock.turn()
    assert turns > 10
    assert other.hears() == ECHOED * turns


def test_many_reports_of_one_connection_share_one_slice(slow: Reports) -> None:
    """Thousands of lines in one read do not cost a slice each before others are served."""
    flooder, other = slow.stage.connect(), slow.stage.connect()
    flooder.gives(b"report 10\n" * 500)
    before = slow.stage.clock.seconds()
    other.gives(ECHO)
    slow.stage.clock.turn()
    assert other.hears() == ECHOED
    # A slice inline, one of the ring, and the rows under way when each was over.
    assert slow.stage.clock.seconds() - before < 4 * SLICE_SECONDS
    slow.stage.end_turn()
    assert flooder.hears() == whole(b"report", 10) * 500


def test_many_connections_share_one_slice(slow: Reports) -> None:
    """A hundred connections that ask at once cost one slice a turn together."""
    peers = [slow.stage.connect() for _ in range(100)]
    for peer in peers:
        peer.gives(b"report 100\n")
    for _ in range(20):
        before = slow.stage.clock.seconds()
        slow.stage.clock.turn()
        # The rows under way when the slice is over may be sixty-four, which is four slices here.
        assert slow.stage.clock.seconds() - before <= 5 * SLICE_SECONDS
    slow.stage.end_turn()
    assert {peer.hears() for peer in peers} == {whole(b"report", 100)}


def test_a_short_report_does_not_wait_for_a_long_one(slow: Reports) -> None:
    """Reports are made in turns, so a short one is done long before a long one."""
    long, short = slow.stage.connect(), slow.stage.connect()
    long.gives(b"long 5000\n")
    slow.stage.clock.turn()
    short.gives(b"short 1\n")
    for _ in range(3):
        slow.stage.clock.turn()
    assert short.hears() == whole(b"short", 1)
    assert slow.made[b"long 5000"] < 1000


def test_units_behind_a_long_report_wait_for_it(slow: Reports) -> None:
    """Answers keep the order of the requests, text or binary, however long each takes."""
    peer = slow.stage.connect()
    peer.gives(ECHO + b"long 1000\n" + ECHO)
    peer.gives(b"again 1000\n" + ECHO)
    slow.stage.clock.turn()
    assert peer.hears() == ECHOED
    slow.stage.end_turn()
    first, second = whole(b"long", 1000), whole(b"again", 1000)
    assert peer.hears() == first + ECHOED + second + ECHOED


def test_packets_to_a_waiting_connection_keep_their_place(slow: Reports) -> None:
    """A NOOP that comes while a report is made goes out behind the report."""
    worker = slow.stage.sleeper(b"f")
    worker.gives(b"long 1000\n")
    slow.stage.connect().gives(req(p.SUBMIT_JOB, b"f", b"", b""))
    slow.stage.end_turn()
    assert worker.hears() == whole(b"long", 1000) + p.NOOP_PACKET


def test_a_report_ends_with_its_connection(slow: Reports) -> None:
    """When the reader is lost nothing more is made for it, and others go on."""
    reader, other = slow.stage.connect(), slow.stage.connect()
    reader.gives(b"long 1000\n")
    other.gives(b"other 1000\n")
    slow.stage.clock.turn()
    made = slow.made[b"long 1000"]
    reader.connection.connectionLost()
    slow.stage.end_turn()
    assert slow.made[b"long 1000"] == made
    assert other.hears() == whole(b"other", 1000)
    assert slow.stage.clock.getDelayedCalls() == []


def test_a_report_that_fails_costs_its_connection_alone(slow: Reports, log: LogBook) -> None:
    """A reply that raises in a later slice ends its connection; the ring goes round."""
    victim, other = slow.stage.connect(), slow.stage.connect()
    victim.gives(b"fail 1000\n")
    other.gives(b"other 1000\n")
    slow.stage.end_turn()
    assert not victim.is_served
    assert log.failures() == ["a report could not be made: ZeroDivisionError"]
    assert other.hears() == whole(b"other", 1000)
    assert other.asks(b"next 3\n") == whole(b"next", 3)


def test_a_report_that_fails_at_once_costs_its_connection_alone(
    slow: Reports, log: LogBook
) -> None:
    """A reply that raises in its first slice ends its connection too."""
    victim = slow.stage.connect()
    victim.tells(b"fail 3\n")
    assert not victim.is_served
    assert log.failures() == ["a packet could not be handled: ZeroDivisionError"]
    assert slow.stage.connect().asks(b"next 3\n") == whole(b"next", 3)


def test_a_line_that_is_no_command_closes_behind_a_long_report(slow: Reports) -> None:
    """The answers before it still come, whole."""
    peer = slow.stage.connect()
    peer.gives(b"long 1000\nmalformed\n" + ECHO)
    slow.stage.end_turn()
    assert peer.hears() == whole(b"long", 1000)
    assert not peer.is_served


@pytest.mark.parametrize("rows", [0, 63, 64, 65, 128])
def test_reports_of_any_length_are_whole(slow: Reports, rows: int) -> None:
    """No length of a report falls between two slices."""
    peer = slow.stage.connect()
    assert peer.asks(b"report %d\n" % rows) == whole(b"report", rows)


def test_a_real_report_in_slices_leaves_out_what_ended() -> None:
    """A job that ends between two slices of ``show jobs`` is left out; the rest is there."""
    stage = ServerFixture()
    client, worker = stage.connect(), stage.worker(b"f")
    client.tells(req(p.SUBMIT_JOB_BG, b"f", b"", b"") * 1000)
    client.hears()
    seconds = stage.clock.seconds
    ticking = _Ticking(stage)
    stage.clock.seconds = ticking.seconds  # type: ignore[method-assign]  # each call takes time
    client.gives(b"show jobs\n")
    worker.gives(req(p.GRAB_JOB) + req(p.WORK_COMPLETE, p.handle(1), b""))
    worker.gives(req(p.GRAB_JOB))
    worker.gives(req(p.WORK_COMPLETE, p.handle(1000), b""))
    client.gives(b"cancel job H:stage:999\n")
    stage.end_turn()
    stage.clock.seconds = seconds  # type: ignore[method-assign]
    lines = client.hears().split(b"\n")
    assert lines[0] == b"H:stage:1\t0\t0\t1"
    assert lines[-3:-1] == [b".", b"OK\r"]
    assert len(lines) == 1003


class _Ticking:
    """A clock that goes on a little whenever it is read."""

    def __init__(self, stage: ServerFixture) -> None:
        self._clock = stage.clock

    def seconds(self) -> float:
        """Return the time, and let some pass."""
        self._clock.rightNow += SLICE_SECONDS / 4
        return self._clock.rightNow


def test_connections_may_ask_and_leave_in_any_turn(slow: Reports) -> None:
    """Connections that come, ask and go in the middle of reports leave nothing behind."""
    peers: list[FakePeer] = []
    for number in range(50):
        peer = slow.stage.connect()
        peer.gives(b"report %d\n" % (number * 20))
        peers.append(peer)
        slow.stage.clock.turn()
        if number % 3 == 0:
            peers.pop(0).connection.connectionLost()
    slow.stage.end_turn()
    assert all(peer.hears().endswith(b"\n") for peer in peers)
    assert slow.stage.clock.getDelayedCalls() == []

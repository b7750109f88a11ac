"""Each row of the C server's bad behaviour with malformed input is harmless here.

Every test leaves another connection served, which is asked behind each of them.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gearman_tx.server import ConnectionLimits
from tests.link.logs import LogBook
from tests.server import packets as p
from tests.server.packets import error, handle, packet, req, res
from tests.server.server_fixture import FakePeer, ServerFixture

MEBIBYTE = 1 << 20


@pytest.fixture(autouse=True)
def bystander(stage: ServerFixture) -> Iterator[FakePeer]:
    """Have another connection with a job in hand, which must be served on."""
    client, worker = stage.connect(), stage.worker(b"bystander")
    client.submits(1, b"bystander", b"", b"data")
    worker.grabs(1, b"bystander", b"data")
    yield client
    worker.tells(req(p.WORK_COMPLETE, handle(1), b"result"))
    assert client.hears() == res(p.WORK_COMPLETE, handle(1), b"result")
    assert client.asks(req(p.ECHO_REQ, b"alive")) == res(p.ECHO_RES, b"alive")


@pytest.mark.parametrize("magic", [b"\0BAD", b"\0req", b"\0\0\0\0", b"\0RE\0", b"\0\xff\xff\xff"])
def test_a_wrong_magic_closes_the_connection(
    stage: ServerFixture, magic: bytes, log: LogBook
) -> None:
    """Bytes that start no packet end the connection, with one line in the log."""
    peer = stage.connect()
    assert peer.asks(req(p.ECHO_REQ, b"due"), packet(magic, 16, b"x")) == res(p.ECHO_RES, b"due")
    assert not peer.is_served
    assert len(log.warnings) == 1
    assert "was dropped" in log.warnings[0]


@pytest.mark.parametrize("packet_type", [0, 43, 44, 1000, 2**31 - 1])
def test_a_type_out_of_range_closes_the_connection(stage: ServerFixture, packet_type: int) -> None:
    """Types that the protocol does not have end the connection, as in the C server."""
    peer = stage.connect()
    assert peer.asks(req(packet_type, b"x")) == b""
    assert not peer.is_served


@pytest.mark.parametrize("packet_type", [2**31, 2**31 + 7, 2**32 - 1])
def test_a_type_from_two_to_the_thirty_one_does_not_kill_the_server(
    stage: ServerFixture, packet_type: int
) -> None:
    """One such packet of twelve bytes ends the C server's process; here only its connection."""
    peer = stage.connect()
    assert peer.asks(req(packet_type)) == b""
    assert not peer.is_served


@pytest.mark.parametrize(
    ("packet_type", "body", "name", "wanted", "found"),
    [
        (p.SUBMIT_JOB, b"abc", b"SUBMIT_JOB", 3, 1),
        (p.SUBMIT_JOB, b"", b"SUBMIT_JOB", 3, 1),
        (p.SUBMIT_JOB_LOW_BG, b"f\0u", b"SUBMIT_JOB_LOW_BG", 3, 2),
        (p.SUBMIT_JOB_EPOCH, b"f\0u\x0012", b"SUBMIT_JOB_EPOCH", 4, 3),
        (p.SUBMIT_REDUCE_JOB, b"f\0u\0r\0data", b"SUBMIT_REDUCE_JOB", 5, 4),
        (p.CAN_DO_TIMEOUT, b"f", b"CAN_DO_TIMEOUT", 2, 1),
        (p.WORK_STATUS, b"H:stage:1\x001", b"WORK_STATUS", 3, 2),
    ],
)
def test_too_few_arguments_are_refused_inside_the_packet(
    stage: ServerFixture, packet_type: int, body: bytes, name: bytes, wanted: int, found: int
) -> None:
    """The C server reads on into the bytes behind; here the next packet is whole."""
    text = b"%b takes %d arguments separated by NUL, not %d" % (name, wanted, found)
    echo = req(p.ECHO_REQ, b"next")
    answer = error(b"INVALID_ARGUMENT", text) + res(p.ECHO_RES, b"next")
    assert stage.connect().asks(req(packet_type, body), echo) == answer


def test_a_size_smaller_than_the_arguments_cuts_them_there(stage: ServerFixture) -> None:
    """The bytes after the announced size are the next unit, even if the sender meant otherwise."""
    peer = stage.connect()
    whole = b"f\0unique\0data\n"
    cut = b"\0REQ\0\0\0\x07\0\0\0\x04" + whole  # the size says four bytes: f, NUL, u, n
    text = b"SUBMIT_JOB takes 3 arguments separated by NUL, not 2"
    answer = peer.asks(cut)
    assert answer.startswith(error(b"INVALID_ARGUMENT", text))
    assert answer.endswith(b"ERR UNKNOWN_COMMAND Unknown+server+commandique\r\n")


@pytest.mark.parametrize("packet_type", [p.WORK_COMPLETE, p.WORK_DATA, p.WORK_WARNING])
def test_a_result_without_a_separator_does_not_hang(stage: ServerFixture, packet_type: int) -> None:
    """The C server waits for a NUL that never comes; here it is an empty result."""
    client, worker = stage.connect(), stage.worker(b"f")
    client.submits(2, b"f")
    worker.grabs(2, b"f")
    assert worker.asks(req(packet_type, handle(2))) == b""
    assert client.hears() == res(packet_type, handle(2), b"")


def test_a_claimed_two_gibibytes_are_refused(stage: ServerFixture, log: LogBook) -> None:
    """A size over the limit is refused when its header is read, and nothing is reserved."""
    peer = stage.connect()
    text = b"A packet of 2147483648 bytes is over the limit of 134217728, which --max-packet sets"
    answer = peer.asks(b"\0REQ\0\0\0\x07\x80\0\0\0" + b"f\0\0")
    assert answer == error(b"ARGUMENT_TOO_LARGE", text)
    assert peer.connection.input.buffered == 0
    assert log.warnings[-1].endswith(text.decode())


def test_a_claimed_size_within_the_limit_costs_what_was_received(stage: ServerFixture) -> None:
    """Of a large packet that does not come, only the received bytes are kept."""
    peer = stage.connect()
    peer.tells(b"\0REQ\0\0\0\x10\x07\xff\xff\xff" + b"x" * 1000)
    assert peer.connection.input.buffered == 1000
    assert peer.is_served


def test_a_single_argument_may_be_large_within_its_limit(stage: ServerFixture) -> None:
    """CAN_DO of more than 8 KiB is answered by ERROR; the C server closes the connection."""
    peer = stage.connect()
    name = b"f" * 8192
    text = b"Function name has 8192 bytes, the limit is 8191"
    assert peer.asks(req(p.CAN_DO, name)) == error(b"ARGUMENT_TOO_LARGE", text)
    assert peer.asks(req(p.CAN_DO, name[:-1])) == b""
    assert peer.asks(req(p.GET_STATUS, name))[:12] == res(20, b"x" * 8200)[:12]


@pytest.mark.parametrize("size", [65, 200, 5000])
@pytest.mark.parametrize("packet_type", [p.SUBMIT_JOB, p.SUBMIT_REDUCE_JOB])
def test_a_long_unique_is_refused(stage: ServerFixture, packet_type: int, size: int) -> None:
    """Reduce jobs too: the C server sends the next worker a piece of its memory."""
    peer = stage.connect()
    rest = (b"r", b"", b"d") if packet_type == p.SUBMIT_REDUCE_JOB else (b"d",)
    answer = peer.asks(req(packet_type, b"f", b"u" * size, *rest))
    assert answer == error(b"ARGUMENT_TOO_LARGE", b"Unique value too large")


def test_a_long_reducer_is_refused(stage: ServerFixture) -> None:
    """A reducer of 64 bytes is taken, one of 65 is not."""
    peer = stage.connect()
    assert peer.asks(req(p.SUBMIT_REDUCE_JOB, b"f", b"", b"r" * 64, b"", b"d")) == p.created(2)
    answer = peer.asks(req(p.SUBMIT_REDUCE_JOB, b"f", b"", b"r" * 65, b"", b"d"))
    assert answer == error(b"ARGUMENT_TOO_LARGE", b"Unique value too large")


def test_an_empty_function_name_is_a_name(stage: ServerFixture) -> None:
    """The empty name is taken for both CAN_DO and submissions, as in the C server."""
    client, worker = stage.connect(), stage.worker(b"")
    client.submits(2, b"")
    worker.grabs(2, b"")
    assert b"\n\t1\t1\t1\n" in stage.status()


def test_names_with_control_characters_break_no_report(stage: ServerFixture) -> None:
    """A tab or line feed in a name is escaped in reports and kept in packets."""
    name = b"a\tb\nc d\x7f"
    client, worker = stage.connect(), stage.worker(name)
    client.submits(2, name)
    assert b"\na\\x09b\\x0ac d\\x7f\t1\t0\t1\n" in stage.status()
    worker.grabs(2, name)


def test_a_trailing_nul_makes_another_function(stage: ServerFixture) -> None:
    """``rev`` and ``rev`` with a NUL are two functions, as in the C server."""
    stage.connect().submits(2, b"rev")
    assert stage.worker(b"rev\0").asks(req(p.GRAB_JOB)) == p.NO_JOB_PACKET


def test_a_text_line_without_an_end_closes_the_connection(
    stage: ServerFixture, log: LogBook
) -> None:
    """After the limit of 8,192 bytes a line is given up, and the answers due still come."""
    peer = stage.connect()
    assert peer.asks(b"version\n" + b"x" * 8191) == b"OK 1.2.3\n"
    before = peer.is_served
    peer.tells(b"x")
    assert (before, peer.is_served) == (True, False)
    assert log.warnings[-1].endswith("a text line is longer than the limit of 8192 bytes")


def test_a_sixth_word_closes_the_connection(stage: ServerFixture) -> None:
    """A text command has five words at most, as in the C server."""
    peer = stage.connect()
    assert peer.asks(b"version\n", b"a b c d e f\n", b"version\n") == b"OK 1.2.3\n"
    assert not peer.is_served


@pytest.mark.parametrize(
    "data", [b"GET / HTTP/1.0\r\n\r\n", b"\x16\x03\x01\x02\0\x01\0", b"\xff\n"]
)
def test_other_protocols_are_no_danger(stage: ServerFixture, data: bytes) -> None:
    """An HTTP request, a TLS greeting or a stray byte disturb no other."""
    stage.connect().tells(data)


def test_limits_are_the_operators() -> None:
    """Packet and line limits are what the server was started with."""
    stage = ServerFixture(limits=ConnectionLimits(packet=100, text_line=20))
    peer = stage.connect()
    assert peer.asks(req(p.ECHO_REQ, b"x" * 100)) == res(p.ECHO_RES, b"x" * 100)
    assert peer.asks(req(p.ECHO_REQ, b"x" * 101)).startswith(res(p.ERROR, b"")[:8])
    assert peer.is_served
    peer.tells(b"x" * 21)
    assert not peer.is_served


def test_a_dropped_connection_sends_and_handles_nothing_more(stage: ServerFixture) -> None:
    """The server ignores bytes after the fatal ones, even later ones."""
    peer = stage.connect()
    peer.tells(b"\0BAD", req(p.SUBMIT_JOB_BG, b"f", b"", b""))
    peer.tells(req(p.SUBMIT_JOB_BG, b"f", b"", b""))
    assert peer.hears() == b""
    assert b"\nf\t" not in stage.status()

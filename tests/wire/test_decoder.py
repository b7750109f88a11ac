"""Bytes in: what the decoder returns, keeps and refuses, one fact a test."""

from __future__ import annotations

import tracemalloc

import pytest

from gearman_tx.errors import RemoteProtocolError
from gearman_tx.wire import (
    DEFAULT_MAX_PACKET,
    DEFAULT_MAX_TEXT_LINE,
    HEADER_SIZE,
    LAST_PACKET_TYPE,
    RESPONSE_MAGIC,
    TEXT,
    TOO_LARGE,
    WRONG_MAGIC,
    OversizedPacket,
    PacketDecoder,
    PacketType,
    request,
    response,
)
from tests.wire.strategies import Unit

ECHO = int(PacketType.ECHO_REQ)
MEBIBYTE = 1024 * 1024


def header(packet_type: int, size: int, magic: bytes = b"\0REQ") -> bytes:
    """Return a header with any type and size."""
    return magic + packet_type.to_bytes(4, "big") + size.to_bytes(4, "big")


def echo(body: bytes) -> Unit:
    """Return an ECHO_REQ and what the decoder makes of it."""
    return Unit(request(ECHO, body), (ECHO, body))


def test_a_whole_packet_is_returned_at_once() -> None:
    """A packet that arrives in one read is one unit, and nothing is kept."""
    decoder = PacketDecoder()
    assert decoder.feed(echo(b"hello").data) == [(ECHO, b"hello")]
    assert decoder.buffered == 0


def test_a_packet_without_a_body_is_whole_with_its_header() -> None:
    """GRAB_JOB waits for nothing behind its header."""
    assert PacketDecoder().feed(request(PacketType.GRAB_JOB)) == [(PacketType.GRAB_JOB, b"")]


def test_several_units_in_one_read_come_in_order() -> None:
    """Packets and text lines are returned in the order of their bytes."""
    data = echo(b"1").data + b"status\r\n" + echo(b"2").data + b"workers\n"
    assert PacketDecoder().feed(data) == [
        (ECHO, b"1"),
        (TEXT, b"status"),
        (ECHO, b"2"),
        (TEXT, b"workers"),
    ]


def test_nothing_comes_of_no_bytes() -> None:
    """An empty read changes nothing, at the start of a unit and inside one."""
    decoder = PacketDecoder()
    assert decoder.feed(b"") == []
    whole = echo(b"hello").data
    for cut in (1, HEADER_SIZE, HEADER_SIZE + 1):
        assert decoder.feed(whole[:cut]) == []
        assert decoder.feed(b"") == []
        assert decoder.feed(whole[cut:]) == [(ECHO, b"hello")]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"status\n", b"status"),
        (b"status\r\n", b"status"),
        (b"\n", b""),
        (b"\r\n", b""),
        (b"a\rb\r\r\n", b"a\rb\r"),
        (b" status\n", b" status"),
        (b"create function a\0b\n", b"create function a\0b"),
        (b"\xff\xfe\n", b"\xff\xfe"),
    ],
)
def test_a_text_line_comes_without_its_end(data: bytes, line: bytes) -> None:
    """The end is a newline, with at most one carriage return before it."""
    assert PacketDecoder().feed(data) == [(TEXT, line)]


def test_a_decoder_for_responses_expects_the_other_magic() -> None:
    """A client's or worker's decoder reads what the server sends."""
    decoder = PacketDecoder(RESPONSE_MAGIC)
    assert decoder.feed(response(PacketType.NOOP)) == [(PacketType.NOOP, b"")]


@pytest.mark.parametrize(
    ("magic", "data"),
    [
        (b"\0REQ", response(PacketType.JOB_CREATED, b"H:vm:1")),
        (RESPONSE_MAGIC, request(PacketType.CAN_DO, b"H:vm:1")),
    ],
)
def test_a_packet_in_the_wrong_direction_is_a_unit_of_its_own(magic: bytes, data: bytes) -> None:
    """It can be answered with ERROR, and the connection goes on."""
    decoder = PacketDecoder(magic)
    assert decoder.feed(data + b"version\n") == [(WRONG_MAGIC, b"H:vm:1"), (TEXT, b"version")]
    assert decoder.error is None


@pytest.mark.parametrize("packet_type", [0, LAST_PACKET_TYPE + 1, 2**31, 2**32 - 1])
def test_a_type_that_does_not_exist_ends_the_decoding_in_both_directions(packet_type: int) -> None:
    """The magic of the other direction does not save it, as in the C server."""
    decoder = PacketDecoder()
    assert decoder.feed(header(packet_type, 1, RESPONSE_MAGIC) + b"x") == []
    assert decoder.error is not None


@pytest.mark.parametrize("packet_type", [1, 5, LAST_PACKET_TYPE])
def test_types_inside_the_range_are_returned_unjudged(packet_type: int) -> None:
    """Whether a type is used, and used this way round, is for the handlers to say."""
    assert PacketDecoder().feed(header(packet_type, 0)) == [(packet_type, b"")]


@pytest.mark.parametrize(
    "packet_type", [0, LAST_PACKET_TYPE + 1, 1000, 2**31 - 1, 2**31, 2**32 - 1]
)
def test_a_type_outside_the_range_ends_the_decoding(packet_type: int) -> None:
    """Also the types from 2**31 on, which end the whole C server."""
    decoder = PacketDecoder()
    assert decoder.feed(header(packet_type, 0)) == []
    assert isinstance(decoder.error, RemoteProtocolError)
    assert str(decoder.error) == f"packet type {packet_type} is outside 1 to 42"


@pytest.mark.parametrize("data", [b"\0REX" + bytes(8), b"\0req" + bytes(8), bytes(12)])
def test_another_magic_ends_the_decoding(data: bytes) -> None:
    """What begins with NUL must begin with one of the two magics."""
    decoder = PacketDecoder()
    assert decoder.feed(data) == []
    assert str(decoder.error).startswith(f"magic 0x{data[:4].hex()} is not \\0REQ or \\0RES;")


@pytest.mark.parametrize("data", [b"\0X", b"\0RX", b"\0REX", b"\0REX\0\0\0\0"])
def test_another_magic_is_noticed_before_the_header_is_whole(data: bytes) -> None:
    """A peer that speaks something else need not be waited for."""
    decoder = PacketDecoder()
    assert decoder.feed(data) == []
    assert decoder.error is not None
    assert "does not start a packet" in str(decoder.error)
    assert decoder.buffered == 0


def test_what_came_before_an_error_is_returned() -> None:
    """The peer is owed its answers to the packets before the bad one."""
    decoder = PacketDecoder()
    assert decoder.feed(echo(b"1").data + b"version\n" + header(0, 0) + echo(b"2").data) == [
        (ECHO, b"1"),
        (TEXT, b"version"),
    ]
    assert decoder.error is not None


def test_a_body_that_becomes_whole_before_an_error_is_returned() -> None:
    """So is a packet whose beginning came in an earlier read."""
    decoder = PacketDecoder()
    whole = echo(b"12345").data
    assert decoder.feed(whole[:-2]) == []
    assert decoder.feed(whole[-2:] + b"\0bad") == [(ECHO, b"12345")]
    assert decoder.error is not None


def test_an_error_is_for_good() -> None:
    """After an error every byte is dropped, however sound."""
    decoder = PacketDecoder()
    decoder.feed(header(43, 0))
    error = decoder.error
    assert decoder.feed(echo(b"1").data) == []
    assert decoder.feed(b"status\n") == []
    assert decoder.error is error
    assert decoder.buffered == 0


def test_a_body_of_the_largest_size_is_taken() -> None:
    """The limit itself is allowed."""
    decoder = PacketDecoder(max_packet=100)
    assert decoder.feed(echo(b"x" * 100).data) == [(ECHO, b"x" * 100)]


@pytest.mark.parametrize("magic", [b"\0REQ", RESPONSE_MAGIC])
def test_a_body_over_the_limit_is_told_with_its_header(magic: bytes) -> None:
    """One byte over the limit is told before any byte of the body, whatever the direction."""
    decoder = PacketDecoder(max_packet=100)
    [(packet_type, packet)] = decoder.feed(header(ECHO, 101, magic))
    assert (packet_type, packet) == (TOO_LARGE, OversizedPacket(ECHO, 101, 100, b""))
    assert str(packet) == "a packet of 101 bytes is over the limit of 100"
    assert decoder.error is None
    assert decoder.missing == 101


@pytest.mark.parametrize("cut", [0, 1, 11, 12, 13, 100, 112, 113])
def test_a_body_over_the_limit_is_skipped(cut: int) -> None:
    """The units before and behind it come out as ever, and nothing of it is held."""
    decoder = PacketDecoder(max_packet=100)
    stream = echo(b"1").data + echo(b"x" * 101).data + echo(b"2").data
    at = len(echo(b"1").data) + cut
    units = decoder.feed(stream[:at])
    assert decoder.buffered <= 12
    units += decoder.feed(stream[at:])
    assert units == [
        (ECHO, b"1"),
        (TOO_LARGE, OversizedPacket(ECHO, 101, 100, b"")),
        (ECHO, b"2"),
    ]
    assert decoder.missing == decoder.buffered == 0


@pytest.mark.parametrize("piece", [1, 7, 1000, 10_000])
def test_of_a_packet_about_a_job_the_handle_is_told(piece: int) -> None:
    """The unit waits for as many bytes as hold any handle; then the body is skipped."""
    decoder = PacketDecoder(max_packet=100)
    body = b"H:web1:7\0" + b"x" * 5000
    stream = request(PacketType.WORK_COMPLETE, b"H:web1:7", b"x" * 5000) + echo(b"2").data
    units = []
    most = 0
    for start in range(0, len(stream), piece):
        units += decoder.feed(stream[start : start + piece])
        most = max(most, decoder.buffered)
    expected = OversizedPacket(PacketType.WORK_COMPLETE, len(body), 100, body[:1024])
    assert units == [(TOO_LARGE, expected), (ECHO, b"2")]
    assert expected.handle == b"H:web1:7"
    assert most < 1024


def test_a_short_packet_about_a_job_over_a_small_limit_is_told_whole() -> None:
    """When its last byte arrives."""
    decoder = PacketDecoder(max_packet=10)
    stream = request(PacketType.WORK_DATA, b"H:web1:7", b"xyz")
    assert decoder.feed(stream[:-1]) == []
    assert decoder.feed(stream[-1:] + echo(b"2").data) == [
        (TOO_LARGE, OversizedPacket(PacketType.WORK_DATA, 12, 10, b"H:web1:7\0xyz")),
        (ECHO, b"2"),
    ]


def test_a_line_of_the_largest_size_is_taken() -> None:
    """The limit counts the end of the line, and the limit itself is allowed."""
    assert PacketDecoder(max_text_line=10).feed(b"123456789\n") == [(TEXT, b"123456789")]


def test_a_line_of_the_largest_size_may_come_byte_by_byte() -> None:
    """What was kept counts towards the limit as what comes at once does."""
    decoder = PacketDecoder(max_text_line=10)
    for byte in b"123456789":
        assert decoder.feed(bytes([byte])) == []
    assert decoder.buffered == 9
    assert decoder.feed(b"\n") == [(TEXT, b"123456789")]


@pytest.mark.parametrize("data", [b"1234567890", b"1234567890\n"])
def test_a_line_over_the_limit_ends_the_decoding(data: bytes) -> None:
    """As many bytes as the limit without a newline among them are too many."""
    decoder = PacketDecoder(max_text_line=10)
    assert decoder.feed(data) == []
    assert str(decoder.error) == "a text line is longer than the limit of 10 bytes"


def test_a_line_over_the_limit_byte_by_byte_ends_the_decoding() -> None:
    """A slow peer gets no more room than a fast one."""
    decoder = PacketDecoder(max_text_line=10)
    for byte in b"123456789":
        decoder.feed(bytes([byte]))
    assert decoder.buffered == 9
    assert decoder.feed(b"0") == []
    assert decoder.buffered == 0
    assert decoder.error is not None


def test_a_limit_of_a_line_holds_for_the_second_line_too() -> None:
    """The limit is counted from the start of the line, not of the read."""
    assert PacketDecoder(max_text_line=10).feed(b"123456789\n" * 3) == [(TEXT, b"123456789")] * 3


def test_a_large_body_in_many_pieces_becomes_one_unit() -> None:
    """Eight mebibytes in reads of 64 KiB come out as they went in, and only once whole."""
    body = bytes(range(256)) * (8 * MEBIBYTE // 256)
    data = echo(body).data + echo(b"next").data
    decoder = PacketDecoder()
    got = []
    for start in range(0, len(data), 65_536):
        got += decoder.feed(data[start : start + 65_536])
    assert [packet_type for packet_type, _ in got] == [ECHO, ECHO]
    assert got[0][1] == body
    assert got[1][1] == b"next"
    assert decoder.buffered == 0


def test_bodies_are_plain_bytes() -> None:
    """A body is ``bytes`` whether it came at once or in pieces: handlers keep it as it is."""
    decoder = PacketDecoder()
    whole = echo(b"hello").data
    at_once = decoder.feed(whole)
    in_pieces = [*decoder.feed(whole[:-1]), *decoder.feed(whole[-1:])]
    assert [type(body) for _, body in at_once + in_pieces] == [bytes, bytes]


@pytest.mark.parametrize(
    ("packet_type", "size"),
    [
        (PacketType.SUBMIT_JOB, 2**31),
        (PacketType.ECHO_REQ, 2**32 - 1),
        (PacketType.CAN_DO, DEFAULT_MAX_PACKET + 1),
    ],
)
def test_a_claim_over_the_limit_is_not_believed(packet_type: PacketType, size: int) -> None:
    """Two or four claimed GiB are told at once and take no memory."""
    decoder = PacketDecoder()
    [(kind, packet)] = decoder.feed(header(packet_type, size) + b"f\0u\0")
    assert (kind, packet.size, packet.limit) == (TOO_LARGE, size, 2**27)
    assert decoder.buffered == 0


def test_memory_follows_what_arrived_not_what_is_claimed() -> None:
    """A packet that claims 128 MiB takes a few bytes until they come."""
    tracemalloc.start()
    try:
        decoder = PacketDecoder()
        decoder.feed(header(ECHO, DEFAULT_MAX_PACKET) + b"f\0u\0")
        assert decoder.error is None
        assert decoder.buffered == 4
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEBIBYTE


def test_a_body_with_too_few_arguments_is_cut_by_its_size() -> None:
    """SUBMIT_JOB with ``abc`` for a body does not reach into the packet behind it."""
    data = header(PacketType.SUBMIT_JOB, 3) + b"abc" + echo(b"next").data
    assert PacketDecoder().feed(data) == [(PacketType.SUBMIT_JOB, b"abc"), (ECHO, b"next")]


def test_a_size_smaller_than_the_arguments_cuts_them() -> None:
    """What the size leaves over is the beginning of the next unit."""
    data = header(PacketType.SUBMIT_JOB, 3) + b"f\0u\0work\n"
    decoder = PacketDecoder()
    assert decoder.feed(data) == [(PacketType.SUBMIT_JOB, b"f\0u")]
    assert decoder.error is not None


@pytest.mark.parametrize(
    ("packet_type", "body"),
    [
        (PacketType.CAN_DO_TIMEOUT, b"f"),
        (PacketType.WORK_COMPLETE, b"H:vm:1"),
        (PacketType.WORK_DATA, b"H:vm:1"),
    ],
)
def test_a_packet_without_its_separator_is_whole_all_the_same(
    packet_type: PacketType, body: bytes
) -> None:
    """The C server waits for more and hangs the connection; here the size alone counts."""
    assert PacketDecoder().feed(header(packet_type, len(body)) + body) == [(packet_type, body)]


def test_a_single_argument_may_be_longer_than_eight_kibibytes() -> None:
    """The limit on names is not the decoder's; the C server closes the connection."""
    body = b"f" * 9000
    assert PacketDecoder().feed(request(PacketType.CAN_DO, body)) == [(PacketType.CAN_DO, body)]


def test_a_body_where_none_belongs_is_returned() -> None:
    """GRAB_JOB with three bytes is GRAB_JOB; its handler ignores them."""
    assert PacketDecoder().feed(header(PacketType.GRAB_JOB, 3) + b"abc") == [
        (PacketType.GRAB_JOB, b"abc")
    ]


def test_eight_kibibytes_without_a_newline_end_the_decoding() -> None:
    """The default limit of a text line is the C server's."""
    decoder = PacketDecoder()
    assert decoder.feed(b"x" * (DEFAULT_MAX_TEXT_LINE - 1)) == []
    assert decoder.buffered == DEFAULT_MAX_TEXT_LINE - 1
    decoder.feed(b"x")
    assert decoder.error is not None

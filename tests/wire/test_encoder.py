"""Packets out: what is built, and what is refused before it is sent."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.errors import LocalProtocolError
from gearman_tx.wire import (
    HEADER_SIZE,
    IS_COMPILED,
    PACKETS,
    Packet,
    PacketType,
    request,
    response,
    response_header,
)
from tests.wire.strategies import REQUESTS, RESPONSES, arguments

ONE_WAY_IN = tuple(row for row in PACKETS if not row.from_server)
ONE_WAY_OUT = tuple(row for row in PACKETS if not row.to_server)


def test_a_request_is_a_header_and_the_arguments_joined_by_nul() -> None:
    """The bytes of a submission are those of the protocol text."""
    packet = request(PacketType.SUBMIT_JOB, b"resize", b"u1", b"a\0b")
    assert packet == b"\0REQ\x00\x00\x00\x07\x00\x00\x00\x0dresize\0u1\0a\0b"


def test_a_response_is_a_header_and_the_arguments_joined_by_nul() -> None:
    """The bytes of an answer are those of the protocol text."""
    packet = response(PacketType.JOB_CREATED, b"H:vm:1")
    assert packet == b"\0RES\x00\x00\x00\x08\x00\x00\x00\x06H:vm:1"


def test_a_packet_without_arguments_is_a_header_alone() -> None:
    """GRAB_JOB has a body of no bytes."""
    assert request(PacketType.GRAB_JOB) == b"\0REQ\x00\x00\x00\x09\x00\x00\x00\x00"


def test_plain_numbers_are_packet_types_too() -> None:
    """The type may be given as it stands on the wire."""
    assert request(16, b"x") == request(PacketType.ECHO_REQ, b"x")


@given(st.sampled_from(RESPONSES), st.data())
def test_a_header_by_itself_is_that_of_the_whole_packet(row: Packet, data: st.DataObject) -> None:
    """``response_header`` and ``response`` begin alike."""
    packet = response(row.type, *data.draw(arguments(row)))
    assert packet.startswith(response_header(row.type, len(packet) - HEADER_SIZE))


@pytest.mark.parametrize("packet_type", [-1, 0, 5, 43, 2**31])
def test_a_number_outside_the_table_is_refused(packet_type: int) -> None:
    """What the protocol does not know cannot be sent, either way."""
    message = f"there is no packet type {packet_type}"
    with pytest.raises(LocalProtocolError, match=message):
        request(packet_type)
    with pytest.raises(LocalProtocolError, match=message):
        response(packet_type)


@pytest.mark.parametrize("row", ONE_WAY_OUT, ids=lambda row: row.type.name)
def test_a_request_cannot_be_an_answer(row: Packet) -> None:
    """What the server sends is no request."""
    with pytest.raises(LocalProtocolError, match=f"{row.type.name} is sent by the server only"):
        request(row.type, *(b"" for _ in row.arguments))


@pytest.mark.parametrize("row", ONE_WAY_IN, ids=lambda row: row.type.name)
def test_a_response_cannot_be_a_question(row: Packet) -> None:
    """What the server is sent is no response."""
    with pytest.raises(LocalProtocolError, match=f"{row.type.name} is sent to the server only"):
        response(row.type, *(b"" for _ in row.arguments))


@pytest.mark.parametrize("row", REQUESTS, ids=lambda row: row.type.name)
@pytest.mark.parametrize("difference", [-1, 1])
def test_the_number_of_arguments_is_the_tables(row: Packet, difference: int) -> None:
    """One argument too many or too few is refused, and the message says both counts."""
    count = len(row.arguments) + difference
    if count < 0:
        count = len(row.arguments) + 2
    text = f"{row.type.name} takes {len(row.arguments)} arguments, not {count}"
    with pytest.raises(LocalProtocolError, match=text):
        request(row.type, *(b"x" for _ in range(count)))


@pytest.mark.parametrize("place", [0, 1])
def test_only_the_last_argument_may_contain_nul(place: int) -> None:
    """A NUL before the last argument would move the border between two of them."""
    values = [b"f", b"u", b"w"]
    values[place] = b"a\0b"
    name = ("function", "unique")[place]
    with pytest.raises(LocalProtocolError, match=f"SUBMIT_JOB: {name} contains NUL"):
        request(PacketType.SUBMIT_JOB, *values)


def test_a_long_argument_is_cut_in_the_message() -> None:
    """A message about an argument shows its first 80 bytes."""
    with pytest.raises(LocalProtocolError) as raised:
        request(PacketType.SUBMIT_JOB, NUL_AND_MORE, b"", b"")
    assert len(str(raised.value)) < 500


NUL_AND_MORE = b"\0" + b"x" * 10_000


@pytest.mark.skipif(IS_COMPILED, reason="a compiled constant cannot be changed")
def test_a_body_as_large_as_the_size_field_holds_is_encoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The limit itself is allowed; one byte more is refused, and the message says both sizes."""
    monkeypatch.setattr("gearman_tx.wire.encoder.LARGEST_SIZE", 10)
    assert len(request(PacketType.ECHO_REQ, b"x" * 10)) == HEADER_SIZE + 10
    with pytest.raises(LocalProtocolError, match="ECHO_REQ: 11 bytes are over the limit of 10"):
        request(PacketType.ECHO_REQ, b"x" * 11)

"""Properties of the framing: round trips, any chunking, any bytes."""

from __future__ import annotations

from struct import unpack

from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.wire import (
    BY_TYPE,
    HEADER_SIZE,
    LAST_PACKET_TYPE,
    REQUEST_MAGIC,
    RESPONSE_MAGIC,
    TEXT,
    TOO_LARGE,
    WRONG_MAGIC,
    OversizedPacket,
    Packet,
    PacketDecoder,
    PacketType,
    request,
    response,
)
from tests.wire.strategies import (
    REQUESTS,
    RESPONSES,
    Unit,
    arguments,
    packet_units,
    pieces,
    text_units,
    units,
)

MAX_PACKET = 64
MAX_LINE = 32
BEGINNING = 1024  # bytes that are kept of a packet over the limit which begins with a handle

magics = st.sampled_from([REQUEST_MAGIC, RESPONSE_MAGIC])

numbers = st.one_of(
    st.integers(0, LAST_PACKET_TYPE + 2),
    st.sampled_from([MAX_PACKET, MAX_PACKET + 1, MAX_PACKET + 9, 2**31 - 1, 2**31, 2**32 - 1]),
)

mangled = st.lists(
    st.one_of(
        st.binary(max_size=20),
        magics,
        numbers.map(lambda number: number.to_bytes(4, "big")),
        packet_units(REQUEST_MAGIC, 15).map(lambda unit: unit.data),
        packet_units(RESPONSE_MAGIC, 15).map(lambda unit: unit.data),
        text_units(MAX_LINE).map(lambda unit: unit.data),
        st.sampled_from([b"\n", b"\r\n", b"\0", b"x" * MAX_LINE, b"y" * (MAX_LINE - 1)]),
    ),
    max_size=12,
).map(b"".join)
"""Streams that look like Gearman, more or less."""


def naive(magic: bytes, data: bytes) -> tuple[list[tuple[int, object]], bool]:
    """Decode a whole stream the slow and obvious way: the units, and whether it went wrong."""
    found: list[tuple[int, object]] = []
    while data:
        size = naive_size(data)
        if size is None:
            return found, True
        unit, data = data[:size], data[size:]
        if unit.startswith(b"\0") and size > HEADER_SIZE + MAX_PACKET:
            found += naive_oversized(unit, size - HEADER_SIZE)
            continue
        if len(unit) < size:
            break
        if unit.startswith(b"\0"):
            number = int.from_bytes(unit[4:8], "big") if unit.startswith(magic) else WRONG_MAGIC
            found.append((number, unit[HEADER_SIZE:]))
        else:
            found.append((TEXT, unit[:-1].removesuffix(b"\r")))
    return found, False


def naive_size(data: bytes) -> int | None:
    """Return how long the first unit of ``data`` is, at least; None if it breaks a rule."""
    if not data.startswith(b"\0"):
        size = data.find(b"\n") + 1 or len(data) + 1
        return size if size <= MAX_LINE else None
    if not any(known.startswith(data[:4]) for known in (REQUEST_MAGIC, RESPONSE_MAGIC)):
        return None
    if len(data) < HEADER_SIZE:
        return HEADER_SIZE
    number, size = unpack(">II", data[4:HEADER_SIZE])
    if not 0 < number <= LAST_PACKET_TYPE:
        return None
    return HEADER_SIZE + int(size)


def naive_oversized(unit: bytes, size: int) -> list[tuple[int, object]]:
    """Return what is told of a packet over the limit, of which ``unit`` has arrived."""
    number = int.from_bytes(unit[4:8], "big")
    has_handle = "handle" in BY_TYPE[PacketType(number)].arguments[:1]
    wanted = min(size, BEGINNING) if has_handle else 0
    beginning = unit[HEADER_SIZE : HEADER_SIZE + wanted]
    if len(beginning) < wanted:
        return []
    return [(TOO_LARGE, OversizedPacket(number, size, MAX_PACKET, beginning))]


def split_body(row: Packet, body: bytes) -> tuple[bytes, ...]:
    """Return the arguments in a body, as the protocol text tells to find them."""
    return tuple(body.split(b"\0", len(row.arguments) - 1)) if row.arguments else ()


@given(st.sampled_from(REQUESTS), st.data())
def test_every_request_comes_back_as_it_was(row: Packet, data: st.DataObject) -> None:
    """Encoding, decoding and splitting by the table gives the arguments again."""
    values = data.draw(arguments(row))
    [(packet_type, body)] = PacketDecoder().feed(request(row.type, *values))
    assert BY_TYPE[packet_type] is row
    assert split_body(row, body) == values


@given(st.sampled_from(RESPONSES), st.data())
def test_every_response_comes_back_as_it_was(row: Packet, data: st.DataObject) -> None:
    """The packets of the server are decoded as those of clients are."""
    values = data.draw(arguments(row))
    [(packet_type, body)] = PacketDecoder(RESPONSE_MAGIC).feed(response(row.type, *values))
    assert BY_TYPE[packet_type] is row
    assert split_body(row, body) == values


@given(magics, st.data())
def test_any_chunking_gives_the_same_units(magic: bytes, data: st.DataObject) -> None:
    """Packets of both directions and text lines, cut anywhere, come out whole and in order."""
    stream: list[Unit] = data.draw(st.lists(units(magic), max_size=8))
    decoder = PacketDecoder(magic)
    got = []
    for piece in data.draw(pieces(b"".join(unit.data for unit in stream))):
        got += decoder.feed(piece)
    assert got == [unit.meaning for unit in stream]
    assert decoder.error is None
    assert decoder.buffered == 0


@given(st.lists(units(), max_size=4))
def test_byte_by_byte_gives_the_same_units(stream: list[Unit]) -> None:
    """Each unit is returned with its last byte, neither earlier nor later."""
    decoder = PacketDecoder()
    for unit in stream:
        *most, last = (bytes([byte]) for byte in unit.data)
        for byte in most:
            assert decoder.feed(byte) == []
        assert decoder.buffered <= len(most)
        assert decoder.feed(last) == [unit.meaning]


@given(magics, mangled, st.data())
def test_any_bytes_decode_as_the_obvious_way_does(
    magic: bytes, stream: bytes, data: st.DataObject
) -> None:
    """However the bytes are cut: the same units, and an error in the same streams."""
    decoder = PacketDecoder(magic, MAX_PACKET, MAX_LINE)
    got = []
    for piece in data.draw(pieces(stream)):
        got += decoder.feed(piece)
    expected, went_wrong = naive(magic, stream)
    assert got == expected
    assert (decoder.error is not None) is went_wrong


@given(magics, st.one_of(st.binary(max_size=300), mangled), st.data())
def test_memory_is_bounded_whatever_arrives(
    magic: bytes, stream: bytes, data: st.DataObject
) -> None:
    """No more is held than arrived, nor than one unit may be long; nothing after an error."""
    decoder = PacketDecoder(magic, MAX_PACKET, MAX_LINE)
    arrived = 0
    for piece in data.draw(pieces(stream)):
        got = decoder.feed(piece)
        arrived += len(piece) - sum(len(body) for kind, body in got if kind != TOO_LARGE)
        assert decoder.buffered <= arrived
        assert decoder.buffered < max(MAX_PACKET, MAX_LINE, HEADER_SIZE, BEGINNING)
        if decoder.error is not None:
            assert decoder.buffered == 0
            assert decoder.feed(piece) == []

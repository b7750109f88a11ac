"""Hypothesis strategies for the protocol, derived from its table, for the tests of any room."""

from __future__ import annotations

from attrs import frozen
from hypothesis import strategies as st

from gearman_tx.wire import (
    DEFAULT_MAX_TEXT_LINE,
    HEADER_SIZE,
    PACKETS,
    REQUEST_MAGIC,
    RESPONSE_MAGIC,
    TEXT,
    WRONG_MAGIC,
    Packet,
    request,
    response,
)

REQUESTS = tuple(row for row in PACKETS if row.to_server)
RESPONSES = tuple(row for row in PACKETS if row.from_server)

NUL = b"\0"


@frozen
class Unit:
    """A piece of a stream: its bytes, and what a decoder must make of them."""

    data: bytes
    meaning: tuple[int, bytes]


def magic_of(row: Packet) -> bytes:
    """Return the magic of a packet that goes one way only, or to the server first."""
    return REQUEST_MAGIC if row.to_server else RESPONSE_MAGIC


def words(max_size: int = 40) -> st.SearchStrategy[bytes]:
    """Return arguments that stand before others: any bytes but NUL."""
    return st.binary(max_size=max_size).map(lambda data: data.replace(NUL, b"\x01"))


def arguments(row: Packet, max_size: int = 40) -> st.SearchStrategy[tuple[bytes, ...]]:
    """Return the arguments of one packet: as many as the table says, the last one of any bytes."""
    if not row.arguments:
        return st.just(())
    first = [words(max_size) for _ in row.arguments[:-1]]
    return st.tuples(*first, st.binary(max_size=max_size))


def packet_units(magic: bytes, max_size: int = 40) -> st.SearchStrategy[Unit]:
    """Return well-formed packets that carry ``magic``, as their receiver decodes them."""
    encode = request if magic == REQUEST_MAGIC else response
    rows = REQUESTS if magic == REQUEST_MAGIC else RESPONSES

    def unit(row: Packet, values: tuple[bytes, ...]) -> Unit:
        data = encode(row.type, *values)
        return Unit(data, (int(row.type), data[HEADER_SIZE:]))

    return st.sampled_from(rows).flatmap(
        lambda row: arguments(row, max_size).map(lambda values: unit(row, values))
    )


def misdirected_units(magic: bytes, max_size: int = 40) -> st.SearchStrategy[Unit]:
    """Return packets of the other direction, as a decoder that expects ``magic`` sees them."""
    other = RESPONSE_MAGIC if magic == REQUEST_MAGIC else REQUEST_MAGIC
    return packet_units(other, max_size).map(
        lambda unit: Unit(unit.data, (WRONG_MAGIC, unit.meaning[1]))
    )


def text_units(max_line: int = DEFAULT_MAX_TEXT_LINE) -> st.SearchStrategy[Unit]:
    """Return text lines with their ends, no longer than ``max_line`` bytes in all."""

    def unit(line: bytes, end: bytes) -> Unit:
        text = line.replace(b"\n", b" ")
        if text.startswith(NUL):
            text = b"." + text[1:]
        data = text + end
        return Unit(data, (TEXT, data[:-1].removesuffix(b"\r")))

    lines = st.binary(max_size=min(max_line, 80) - len(b"\r\n"))
    return st.builds(unit, lines, st.sampled_from([b"\n", b"\r\n"]))


def units(magic: bytes = REQUEST_MAGIC, max_size: int = 40) -> st.SearchStrategy[Unit]:
    """Return everything that may follow one another on a connection: packets and text lines."""
    return st.one_of(
        packet_units(magic, max_size), misdirected_units(magic, max_size), text_units()
    )


def pieces(data: bytes) -> st.SearchStrategy[list[bytes]]:
    """Return ways to cut ``data`` into pieces, empty ones among them."""
    cuts = st.lists(st.integers(0, len(data)), max_size=30).map(sorted)
    return cuts.map(
        lambda places: [
            data[start:stop] for start, stop in zip([0, *places], [*places, len(data)], strict=True)
        ]
    )

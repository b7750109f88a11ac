"""A large body may stay in the pieces in which it came; its bytes are the same."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.large_body import LARGE_BODY, LargeBody
from gearman_tx.wire import PacketDecoder, PacketType, request

ECHO = int(PacketType.ECHO_REQ)
SUBMIT = int(PacketType.SUBMIT_JOB)


def feed_in_parts(decoder: PacketDecoder, data: bytes, cuts: list[int]) -> list[tuple[int, Any]]:
    """Return the units of ``data``, cut there."""
    places = sorted({0, *(cut for cut in cuts if cut < len(data)), len(data)})
    return [unit for start, end in pairwise(places) for unit in decoder.feed(data[start:end])]


_CUTS = st.lists(st.integers(1, 3 * LARGE_BODY), max_size=12)


@given(cuts=_CUTS, size=st.integers(LARGE_BODY - 20, 2 * LARGE_BODY))
def test_a_body_in_pieces_has_the_same_bytes(cuts: list[int], size: int) -> None:
    """However it was cut, and whatever is in front of it and behind."""
    workload = bytes(range(256)) * (size // 256 + 1)
    echo = request(ECHO, b"x")
    data = echo + request(SUBMIT, b"f", b"u", workload[:size]) + echo
    units = feed_in_parts(PacketDecoder(in_pieces={SUBMIT}), data, cuts)
    assert [(kind, bytes(body)) for kind, body in units] == [
        (ECHO, b"x"),
        (SUBMIT, b"f\0u\0" + workload[:size]),
        (ECHO, b"x"),
    ]


def test_only_a_large_one_of_such_a_type_stays_in_pieces() -> None:
    """Others are bytes, and so is one that came in one read."""
    large, small = bytes(LARGE_BODY), bytes(LARGE_BODY - 20)
    for kind, body, cuts, stays in [
        (SUBMIT, large, [1000], True),
        (SUBMIT, large, [], False),
        (SUBMIT, small, [1000], False),
        (ECHO, large, [1000], False),
    ]:
        arguments = (b"f", b"u", body) if kind == SUBMIT else (body,)
        units = feed_in_parts(PacketDecoder(in_pieces={SUBMIT}), request(kind, *arguments), cuts)
        assert isinstance(units[0][1], LargeBody) is stays


def test_what_came_a_little_at_a_time_is_in_few_pieces() -> None:
    """A hundred thousand reads of a byte make no hundred thousand pieces."""
    decoder = PacketDecoder(in_pieces={SUBMIT})
    data = request(SUBMIT, b"f", b"u", bytes(100_000))
    units = [unit for byte in data for unit in decoder.feed(bytes([byte]))]
    body = units[0][1]
    assert len(body.pieces) < 10
    assert len(body) == len(data) - 12


@given(pieces=st.lists(st.binary(min_size=1, max_size=8), min_size=1), count=st.integers(1, 3))
def test_splitting_is_that_of_the_whole(pieces: list[bytes], count: int) -> None:
    """The arguments in front are found wherever the pieces were cut."""
    whole = b"".join(pieces)
    expected = whole.split(b"\0", count)
    arguments, rest = LargeBody(pieces).split(count)
    assert arguments == expected[:count]
    if len(expected) > count:
        assert bytes(rest) == expected[count]
        assert len(rest) == len(expected[count])


def test_a_read_that_ends_with_the_body_is_not_copied() -> None:
    """The last piece is what was read; where it is compiled too."""
    decoder = PacketDecoder(in_pieces={SUBMIT})
    data = request(SUBMIT, b"f", b"u", bytes(2 * LARGE_BODY))
    decoder.feed(data[:1000])
    last = data[1000:]
    ((_, body),) = decoder.feed(last)
    assert body.pieces[-1] is last

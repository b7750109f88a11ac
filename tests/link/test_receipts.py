"""Answers to submissions that a peer does not read cost little and stop nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.link import OutputLimits, Receipt
from gearman_tx.link.backlog import Backlog
from gearman_tx.link.receipts import BLOCK
from gearman_tx.wire import PacketType, response
from tests.link.wiring import SHAPES, Wire, wire

MANY = 5 * BLOCK // 40
"""So many receipts fill several blocks."""

_PARTS = st.lists(
    st.one_of(
        st.binary(max_size=5),
        st.binary(max_size=300).map(Receipt),
        st.integers(0, 70_000).map(bytes),
        st.integers(1, 90_000).map(bytes).map(Receipt),
    ),
    max_size=30,
)


def receipt(number: int) -> Receipt:
    """Return the answer to a submission."""
    return Receipt(response(PacketType.JOB_CREATED, b"H:localhost:%d" % (10**15 + number)))


def fall_behind(made: Wire) -> bytes:
    """Send more than the transport takes; return it."""
    start = bytes(200_000)
    made.link.send(start)
    made.end_turn()
    assert made.link.output.backlog.size
    return start


@pytest.mark.parametrize("shape", SHAPES)
def test_unread_receipts_stop_nothing(shape: str) -> None:
    """However many there are, the peer is heard, and gets all of them in order in the end."""
    made = wire(shape, OutputLimits(pause=250_000, most=10**9, timeout=30.0))
    expected = [fall_behind(made)]
    for first in range(0, 3 * MANY, 100):
        receipts = [receipt(number) for number in range(first, first + 100)]
        made.link.send_parts(receipts)
        expected += receipts
        made.end_turn()
    assert made.link.highs == []
    assert made.reactor.getDelayedCalls() == []
    made.link.send(b"other output")
    made.end_turn()
    assert made.take() == b"".join(expected) + b"other output"
    assert made.link.queued == 0


def test_unread_receipts_take_a_tenth_of_their_size() -> None:
    """This counts, and not their size, for the limit at which a peer is dropped."""
    made = wire("direct", OutputLimits(pause=250_000, most=300_000, timeout=30.0))
    fall_behind(made)
    size = 0
    for number in range(2 * MANY):
        made.link.send(receipt(number))
        size += len(receipt(number))
    made.end_turn()
    assert size > 300_000
    assert made.link.queued - 200_000 < size // 10 + BLOCK
    assert made.link.too_slow == []


def test_far_too_many_unread_receipts_drop_the_peer() -> None:
    """The reason says what they take, and the peer was not paused before."""
    made = wire("direct", OutputLimits(pause=250_000, most=300_000, timeout=30.0))
    fall_behind(made)
    number = 0
    while not made.link.is_over:
        made.link.send(receipt(number))
        made.end_turn()
        number += 1
    (reason,) = made.link.too_slow
    start = "unread answers to submissions and other output take 3000"
    assert reason.startswith(start)
    assert reason.endswith(" bytes, the limit is 300000")
    assert made.link.highs == []
    assert made.link.queued == 0


def test_other_output_behind_receipts_pauses_the_peer() -> None:
    """Only receipts are left out of the first limit, and the peer is heard again in time."""
    made = wire("direct", OutputLimits(pause=250_000, most=10**9, timeout=30.0))
    fall_behind(made)
    made.link.send_parts([receipt(number) for number in range(MANY)])
    made.link.send(bytes(50_001))
    made.end_turn()
    assert made.link.highs == [True]
    made.take()
    assert made.link.highs == [True, False]


@given(_PARTS, st.lists(st.integers(1, 200_000), max_size=40))
def test_a_backlog_gives_back_what_was_added(parts: list[bytes], sizes: list[int]) -> None:
    """Bytes come out in order, whatever is taken between two additions, and the sums are right."""
    backlog = Backlog()
    taken, added = b"", 0
    for part, size in zip(parts, sizes + [0] * len(parts), strict=False):
        backlog.add([part])
        taken += _take(backlog, size)
        added += len(part)
        assert backlog.size == added - len(taken)
    while backlog.size:
        taken += _take(backlog, 1 << 30)
    assert taken == b"".join(parts)
    assert (backlog.memory, backlog.receipts) == (0, 0)
    assert backlog.taken == len(taken)


def _take(backlog: Backlog, size: int) -> bytes:
    """Take up to ``size`` of the next bytes of ``backlog``."""
    if not (backlog.size and size):
        return b""
    data = b"".join(backlog.next_pieces())[:size]
    backlog.take(len(data))
    return data

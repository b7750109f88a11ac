"""A peer that does not read is paused, then dropped; what waits for it stays bounded."""

from __future__ import annotations

import pytest

from gearman_tx.link import OutputLimits
from gearman_tx.wire import PacketType, request
from tests.link.wiring import SHAPES, Wire, direct, wire

LIMITS = OutputLimits(pause=1000, most=10_000, timeout=30.0)


def flood(made: Wire, size: int) -> None:
    """Send ``size`` bytes in one turn; the peer reads none of them.

    A transport that buffers by itself takes its fill once; that is not counted as unread.
    """
    made.link.send(b"x" * size)
    made.end_turn()


def test_output_up_to_the_limit_has_no_effect() -> None:
    """As many bytes as the pause limit may be unread without anything happening."""
    made, _ = direct(LIMITS, room=0)
    flood(made, 1000)
    assert made.link.highs == []


@pytest.mark.parametrize("shape", SHAPES)
def test_a_peer_that_does_not_read_is_read_from_no_more(shape: str) -> None:
    """Above the pause limit the peer's own requests wait; when it read enough they go on."""
    made = wire(shape, OutputLimits(pause=200_000, most=10**9, timeout=30.0))
    flood(made, 400_000)
    assert made.link.highs == [True]
    made.link.dataReceived(request(PacketType.ECHO_REQ, b"while paused"))
    assert made.link.handled == []
    made.take(1 << 40)
    assert made.link.highs == [True, False]
    assert made.link.handled == [b"while paused"]


def test_reading_goes_on_at_half_of_the_limit() -> None:
    """The peer is heard again once half of the pause limit is left, not at each byte below it."""
    made, transport = direct(OutputLimits(pause=400_000, most=10**9, timeout=30.0), room=0)
    flood(made, 500_000)
    assert made.link.highs == [True]
    assert transport not in made.reactor.readers
    transport.take(299_999)
    assert made.link.highs == [True]
    transport.take(1)
    assert made.link.highs == [True, False]
    assert transport in made.reactor.readers


@pytest.mark.parametrize("shape", SHAPES)
def test_a_peer_is_dropped_when_too_much_is_unread(shape: str) -> None:
    """Above the drop limit the connection is aborted and its memory given back at once."""
    made = wire(shape, OutputLimits(pause=1000, most=300_000, timeout=30.0))
    if shape == "buffering":
        flood(made, 128 * 1024)  # its fill
    flood(made, 300_001)
    assert made.link.too_slow == ["300001 bytes of output are unread, the limit is 300000"]
    assert made.link.queued == 0
    assert made.link.is_over
    assert made.link.ends == 1


def test_a_peer_may_be_dropped_by_its_first_packet() -> None:
    """One answer that is too large for a peer that reads nothing ends it in the same flush."""
    made, _ = direct(OutputLimits(pause=1000, most=300_000, timeout=30.0), room=0)
    flood(made, 300_001)
    assert made.link.too_slow == ["300001 bytes of output are unread, the limit is 300000"]
    assert made.link.ends == 1


def test_a_stalled_peer_is_dropped_after_the_timeout() -> None:
    """A paused peer that takes no byte for as long as the limit says is aborted."""
    made, _ = direct(LIMITS, room=0)
    flood(made, 9_000)
    assert made.link.highs == [True]
    made.reactor.advance(29.9)
    assert made.link.too_slow == []
    made.reactor.advance(0.2)
    text = "9000 bytes of output are unread and none was taken in 30 seconds"
    assert made.link.too_slow == [text]
    made.reactor.advance(0)
    assert made.link.ends == 1
    assert made.reactor.getDelayedCalls() == []


def test_a_slow_peer_is_not_a_stalled_one() -> None:
    """Taking anything at all within the time keeps a paused connection alive."""
    made, transport = direct(OutputLimits(pause=1000, most=10**9, timeout=30.0), room=0)
    flood(made, 1_000_000)
    for _ in range(5):
        made.reactor.advance(29.0)
        transport.take(128 * 1024)
    assert made.link.too_slow == []
    assert made.link.highs == [True]
    made.take()
    assert made.link.highs == [True, False]
    assert made.reactor.getDelayedCalls() == []


def test_a_crowded_peer_is_told_of_whenever_it_gets_more() -> None:
    """Halfway to the last limit others are slowed down, until the peer has taken its share."""
    made, transport = direct(OutputLimits(pause=1000, most=8_000_000, timeout=30.0), room=0)
    flood(made, 4_000_000)
    assert made.link.crowds == []
    flood(made, 1_500_000)
    assert made.link.crowds == [True]
    for _ in range(3):
        transport.take(400_000)
        assert made.link.crowds == [True]
    flood(made, 1000)
    assert made.link.crowds == [True, True]
    while made.link.queued > 4_000_000 - 1024 * 1024:
        assert made.link.crowds == [True, True]
        transport.take(100_000)
    assert made.link.crowds == [True, True, False]
    made.take()
    assert made.link.crowds == [True, True, False]


def test_what_waits_behind_a_hole_is_counted() -> None:
    """A reply that does not come lets no more pile up behind it than a peer that does not read."""
    made, transport = direct(LIMITS)
    hole = made.link.hold()
    made.link.send(b"x" * 1001)
    assert made.link.queued == 1001
    made.end_turn()
    assert made.link.highs == [True]
    made.link.fill(hole, b"first ")
    made.end_turn()
    assert made.link.highs == [True, False]
    assert transport.received == b"first " + b"x" * 1001
    assert made.link.queued == 0


def test_too_much_behind_a_hole_drops_the_peer() -> None:
    """The drop limit holds for what waits behind a hole."""
    made, _ = direct(LIMITS)
    made.link.hold()
    made.link.send_parts((b"x" * 5000, b"y" * 5001))
    made.end_turn()
    assert made.link.too_slow == ["10001 bytes of output are unread, the limit is 10000"]


@pytest.mark.parametrize(
    "values", [{"pause": -1}, {"most": 0}, {"timeout": 0.0}], ids=lambda values: next(iter(values))
)
def test_limits_out_of_range_are_refused(values: dict[str, float]) -> None:
    """A limit that would make no sense cannot be set."""
    with pytest.raises(ValueError, match=next(iter(values))):
        OutputLimits(**values)  # type: ignore[arg-type]  # one of them, whichever

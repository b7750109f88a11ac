"""Back-off: growing, capped, jittered, and reset by a connection that lasted."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.task import Clock

from gearman_tx.link import Backoff


def make_backoff(clock: Clock, chance: float = 1.0) -> Backoff:
    """Return a back-off of 1 to 8 seconds whose dice always show ``chance``."""
    return Backoff(clock.seconds, lambda: chance, first=1.0, most=8.0, stable_after=10.0)


def test_delays_double_up_to_the_cap() -> None:
    """And stay there forever."""
    backoff = make_backoff(Clock())
    assert [backoff(attempt) for attempt in range(6)] == [1, 2, 4, 8, 8, 8]
    assert {backoff(0) for _ in range(2000)} == {8}


@given(chance=st.floats(0, 1), failures=st.integers(0, 20))
def test_a_delay_is_between_half_and_all_of_what_is_due(chance: float, failures: int) -> None:
    """So that clients which lost one server at once do not come back at once."""
    backoff = make_backoff(Clock(), chance)
    for _ in range(failures):
        backoff(1)
    due = min(8.0, 2.0**failures)
    assert due / 2 <= backoff(1) <= due


def test_a_connection_that_lasted_resets_the_delay() -> None:
    """Ten seconds are long enough."""
    clock = Clock()
    backoff = make_backoff(clock)
    for _ in range(3):
        backoff(1)
    backoff.connected()
    clock.advance(10)
    assert [backoff(1), backoff(1)] == [1, 2]


def test_a_connection_that_ended_at_once_does_not() -> None:
    """A server that accepts and hangs up is not tried in a hot loop."""
    clock = Clock()
    backoff = make_backoff(clock)
    delays = []
    for _ in range(4):
        backoff.connected()
        clock.advance(1)
        delays.append(backoff(1))
    assert delays == [1, 2, 4, 8]

"""A reactor's own time does not change when the system clock is set."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from twisted.internet.asyncioreactor import AsyncioSelectorReactor
from twisted.internet.epollreactor import EPollReactor
from twisted.internet.pollreactor import PollReactor
from twisted.internet.selectreactor import SelectReactor
from twisted.internet.task import Clock
from twisted.python import runtime

from gearman_tx.link import keep_steady, twisted_probe

REACTORS = [EPollReactor, PollReactor, SelectReactor, AsyncioSelectorReactor]
HOUR = 3600.0
MOMENT = 60.0
"""More seconds than a busy machine takes between two lines of a test."""


class SystemClock:
    """A system clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 1_700_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.seconds


@pytest.fixture
def system_clock(monkeypatch: pytest.MonkeyPatch) -> SystemClock:
    """Return the system clock that Twisted reads in this test."""
    clock = SystemClock()
    monkeypatch.setattr(runtime, "seconds", clock)
    return clock


@pytest.fixture(params=REACTORS, ids=lambda made: made.__name__)
def reactor(
    request: pytest.FixtureRequest, system_clock: SystemClock, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    """Return a reactor, whose own descriptors are closed at the end."""
    monkeypatch.setattr(request.param, "seconds", staticmethod(system_clock))
    loop = asyncio.new_event_loop()
    made = request.param(loop) if request.param is AsyncioSelectorReactor else request.param()
    yield made
    made.removeAll()
    made.waker.connectionLost(None)
    if made.__class__ is EPollReactor:
        made._poller.close()  # noqa: SLF001  # Twisted has no name for it
    loop.close()


@pytest.mark.parametrize("step", [-HOUR, HOUR])
def test_a_timed_call_is_due_when_it_was(
    reactor: Any, system_clock: SystemClock, step: float
) -> None:
    """Whether it waited before the reactor was made steady, or not."""
    before = reactor.callLater(MOMENT, int)
    keep_steady(reactor)
    after = reactor.callLater(2 * MOMENT, int)
    assert 0 <= reactor.seconds() - system_clock() < MOMENT
    system_clock.seconds += step
    assert 0 < before.getTime() - reactor.seconds() <= MOMENT
    assert MOMENT < after.getTime() - reactor.seconds() <= 2 * MOMENT
    assert 0 < reactor.timeout() <= MOMENT
    before.reset(3 * MOMENT)
    assert 2 * MOMENT < before.getTime() - reactor.seconds() <= 3 * MOMENT


def test_a_reactor_is_made_steady_once(reactor: Any, system_clock: SystemClock) -> None:
    """Its time does not come back to the system clock's."""
    keep_steady(reactor)
    system_clock.seconds += HOUR
    keep_steady(reactor)
    assert reactor.seconds() - system_clock() < MOMENT - HOUR


def test_another_source_of_time_is_kept(reactor: Any) -> None:
    """That of a test's clock, and that of a program which replaced it before."""
    own: Callable[[], float] = lambda: 7.0  # noqa: E731  # an object to compare
    reactor.seconds = own
    keep_steady(reactor)
    assert reactor.seconds is own
    clock = Clock()
    keep_steady(clock)
    clock.advance(5)
    assert clock.seconds() == 5


def test_without_the_names_the_reactor_is_left_as_it_is(
    reactor: Any, system_clock: SystemClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It follows the system clock, as before."""
    names = (*twisted_probe.CLOCK_NAMES, "a_name_that_twisted_does_not_have")
    monkeypatch.setattr(twisted_probe, "CLOCK_NAMES", names)
    keep_steady(reactor)
    assert reactor.seconds is system_clock

"""A signal interrupts a run once, and not while a process is being started."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from benchmarks.interruption import Interruption


@pytest.fixture
def interruption() -> Iterator[Interruption]:
    """Listen for the time of a test."""
    listening = Interruption()
    with listening.listening():
        yield listening


def hear(number: int) -> None:
    """Send this process a signal; its handler has run when this returns."""
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_interrupts(interruption: Interruption, number: int) -> None:
    """Whoever stops a run by hand or by a script."""
    with pytest.raises(KeyboardInterrupt):
        hear(number)
    assert interruption.is_raised


def test_a_second_signal_lets_the_stopping_go_on(interruption: Interruption) -> None:
    """An impatient user does not leave a server behind."""
    with pytest.raises(KeyboardInterrupt):
        hear(signal.SIGINT)
    hear(signal.SIGINT)
    hear(signal.SIGTERM)
    assert interruption.is_raised


def test_a_signal_is_put_off_until_there_is_a_name(interruption: Interruption) -> None:
    """What was started in the meantime can be stopped by the handler of the interruption."""
    started = False
    with pytest.raises(KeyboardInterrupt), interruption.put_off():  # noqa: PT012  # as it is used
        with interruption.put_off():
            hear(signal.SIGINT)
        started = True
    assert started


def test_without_a_signal_nothing_is_raised(interruption: Interruption) -> None:
    """The usual end."""
    with interruption.put_off():
        pass
    assert not interruption.is_raised

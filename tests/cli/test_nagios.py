"""The line of the check: the worst state, what was found, and data in the form of Nagios."""

from __future__ import annotations

import re
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.cli.nagios import Figure, Finding, Limits, State, line_of, worst
from gearman_tx.cli.threshold import COUNTS, Range

DATA = re.compile(r"'[^'=|\n]+'=[0-9]+(s?);[0-9:@~]*;[0-9:@~]*;0")
"""One number in the form of the guidelines, with units and bounds that this plugin uses."""


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        ([], State.OK),
        ([State.WARNING], State.WARNING),
        ([State.WARNING, State.UNKNOWN], State.UNKNOWN),
        ([State.UNKNOWN, State.CRITICAL, State.WARNING], State.CRITICAL),
    ],
)
def test_worst(states: list[State], expected: State) -> None:
    """What is known to be critical is worse than what is not known."""
    assert worst(Finding(state, "") for state in states) is expected


def test_line() -> None:
    """The worst finding comes first; the bar only stands before the data."""
    findings = [Finding(State.WARNING, "a|b\nc"), Finding(State.CRITICAL, "d")]
    line = line_of(State.CRITICAL, "all is well", findings, [Figure("queued", 7)])
    assert line == "GEARMAN CRITICAL - d; a/b c | 'queued'=7;;;0"
    assert line_of(State.OK, "all is well", [], []) == "GEARMAN OK - all is well"


@pytest.mark.parametrize(
    ("warning", "critical", "shown"),
    [
        ("10", "20:30", "10;20:30"),
        ("10:", "~:5", "10:;~:5"),
        ("@10", "@5:10", "@10;@5:10"),
        (None, "0:7", ";7"),
    ],
)
def test_figure(warning: str | None, critical: str, shown: str) -> None:
    """The limits stand behind the value."""
    first = None if warning is None else COUNTS.convert(warning, None, None)
    limits = Limits(first, COUNTS.convert(critical, None, None))
    assert str(Figure("it's = 1|2", 3, limits, "s")) == f"'it_s _ 1_2'=3s;{shown};0"


bounds = st.integers(0, 10**6)
ranges = st.builds(
    lambda low, more, is_open, is_alarm: Range(
        "", low, inf if is_open else max(low, 0) + more, is_alarm
    ),
    st.just(-inf) | bounds,
    bounds,
    st.booleans(),
    st.booleans(),
)


@given(
    st.text(min_size=1),
    st.integers(0, 10**9),
    st.builds(Limits, st.none() | ranges, st.none() | ranges),
)
def test_any_figure_is_data(label: str, value: int, limits: Limits) -> None:
    """Whatever a function is called, programs can read the line."""
    line = line_of(State.OK, "x", [], [Figure(label.replace("\n", " "), value, limits)])
    assert DATA.fullmatch(line.partition(" | ")[2]), line

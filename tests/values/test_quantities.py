"""Spans and sizes are read in all their forms, and written in forms that can be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gearman_tx.values.quantities import exact_size, read_size, read_span, rough_size, span_text


@pytest.mark.parametrize(
    ("word", "seconds"),
    [
        ("90", 90.0),
        ("0.5", 0.5),
        ("1e3", 1000.0),
        ("90s", 90.0),
        ("10m", 600.0),
        ("1.5h", 5400.0),
        ("2d", 172800.0),
        ("1w", 604800.0),
    ],
)
def test_a_span(word: str, seconds: float) -> None:
    """A number is in seconds unless it has a unit."""
    assert read_span(word) == seconds


@pytest.mark.parametrize("word", ["", "h", "-1", "+1", "2x", "1 h", "1h5m", "nan", "inf", "\u0663"])
def test_no_span(word: str) -> None:
    """Anything else is no span."""
    assert read_span(word) is None


@given(st.sampled_from("smhdw"), st.integers(1, 6))
def test_a_span_is_shown_in_its_unit(unit: str, count: int) -> None:
    """A span that is one unit is shown as it was written."""
    found = read_span(f"{count}{unit}")
    assert found is not None
    if unit != "w":
        assert span_text(int(found)) == f"{count}{unit}"


def test_spans_are_short() -> None:
    """Two units are shown."""
    assert [span_text(value) for value in (0, 61, 90061)] == ["0s", "1m 1s", "1d 1h"]


@given(st.integers(0, 2**45))
def test_an_exact_size(size: int) -> None:
    """An exact size is read as the same number."""
    assert read_size(exact_size(size)) == size


@given(st.integers(0, 2**60))
def test_a_rough_size(size: int) -> None:
    """A rough size is short and near the number."""
    shown = rough_size(size)
    assert len(shown) <= 5
    unit = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40, "P": 2**50, "E": 2**60}
    number = shown.rstrip("KMGTPE")
    near = float(number) * unit[shown[len(number) :]]
    assert abs(near - size) <= 0.051 * size


@pytest.mark.parametrize(
    ("size", "shown"),
    [(9, "9"), (1023, "1023"), (1024, "1.0K"), (1536, "1.5K"), (10220, "10K"), (2**20 - 1, "1.0M")],
)
def test_rough_sizes(size: int, shown: str) -> None:
    """Below ten of a unit there is one decimal."""
    assert rough_size(size) == shown

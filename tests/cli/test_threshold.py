"""The ranges of the check: what they hold, and what is said about a wrong one."""

from __future__ import annotations

import click
import pytest

from gearman_tx.cli.threshold import COUNTS, SPANS


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("10", [0, 10], [-1, 11]),
        ("10:", [10, 10**9], [9, 0]),
        ("~:10", [-5, 10], [11]),
        ("10:20", [10, 20], [9, 21]),
        ("@10:20", [9, 21], [10, 20]),
        ("@0", [1], [0]),
        ("0:0", [0], [1]),
    ],
)
def test_ranges(text: str, good: list[int], bad: list[int]) -> None:
    """They are those of the plugin guidelines: bounds belong to the range."""
    found = COUNTS.convert(text, None, None)
    assert [value for value in good if found.alarms(value)] == []
    assert [value for value in bad if not found.alarms(value)] == []
    assert found.text == text


def test_spans() -> None:
    """Bounds in time may have a unit."""
    found = SPANS.convert("10m:2h", None, None)
    assert [found.alarms(value) for value in (599, 600, 7200, 7201)] == [True, False, False, True]


@pytest.mark.parametrize("text", ["", ":", "@", "x", "20:10", "1:2:3", "10:~", "1.5", "-1", "٣"])
def test_wrong_ranges(text: str) -> None:
    """The message names the value and the forms."""
    with pytest.raises(click.BadParameter, match="is not a range: write MAX, MIN:, MIN:MAX or @"):
        COUNTS.convert(text, None, None)

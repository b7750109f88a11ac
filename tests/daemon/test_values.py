"""Words become values, or are refused with the accepted values."""

from __future__ import annotations

import pytest

from gearman_tx.daemon.options import values
from gearman_tx.errors import ConfigurationError


@pytest.mark.parametrize(
    ("word", "value"), [("0", 0), ("-1", -1), ("+7", 7), ("007", 7), ("255", 255)]
)
def test_number(word: str, value: int) -> None:
    """A whole number within its limits is accepted."""
    assert values.number(-1, 255)(word) == value


@pytest.mark.parametrize("word", ["", "-2", "256", "1.0", "1 ", "0x1", "1_0", "\u0663", "9" * 5000])
def test_number_refuses(word: str) -> None:
    """The message has the word and the limits."""
    with pytest.raises(ConfigurationError, match=r"is not a whole number from -1 to 255$") as error:
        values.number(-1, 255)(word)
    assert repr(word) in str(error.value)


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("64", 64),
        ("64K", 64 * 1024),
        ("64k", 64 * 1024),
        ("1M", 1024**2),
        ("1MiB", 1024**2),
        ("4GB", 4 * 1024**3),
    ],
)
def test_size(word: str, value: int) -> None:
    """A size is in bytes, or has a unit of 1024."""
    assert values.size(64, 2**40)(word) == value


@pytest.mark.parametrize("word", ["", "K", "63", "2T", "-1K", "1.5M", "2048G", "9" * 5000])
def test_size_refuses(word: str) -> None:
    """The message has the limits in the same notation."""
    with pytest.raises(ConfigurationError, match="is not a size from 64 to 1024G; write bytes"):
        values.size(64, 2**40)(word)


@pytest.mark.parametrize(
    ("word", "value"), [("0.5", 0.5), ("60", 60.0), ("1e1", 10.0), ("2h", 7200.0), ("1d", 86400.0)]
)
def test_seconds(word: str, value: float) -> None:
    """Fractions are allowed, and units."""
    assert values.seconds(0.1, 86400)(word) == value


@pytest.mark.parametrize("word", ["", "soon", "nan", "inf", "-1", "0", "86401", "2d"])
def test_seconds_refuses(word: str) -> None:
    """Words that are not a time, and times outside the limits, are refused."""
    with pytest.raises(ConfigurationError, match=r"is not a time from 0\.1 to 86400 seconds; "):
        values.seconds(0.1, 86400)(word)


def test_choice() -> None:
    """One of the names is accepted, in exactly its spelling."""
    read = values.choice("INFO", "DEBUG")
    assert read("INFO") == "INFO"
    with pytest.raises(ConfigurationError, match="'info' is not one of INFO, DEBUG"):
        read("info")


def test_text() -> None:
    """Any text but an empty one is accepted."""
    assert values.text("a b") == "a b"
    with pytest.raises(ConfigurationError, match="the value is empty"):
        values.text("")


@pytest.mark.parametrize(
    ("word", "limits"), [("5", (5, 5, 5)), ("0", (0, 0, 0)), ("9,5,0", (9, 5, 0))]
)
def test_max_queue(word: str, limits: tuple[int, int, int]) -> None:
    """One number applies to all priorities, three to high, normal and low."""
    assert values.max_queue(word) == limits


@pytest.mark.parametrize("word", ["", "1,2", "1,2,3,4", "a", "1,,3", "-1"])
def test_max_queue_refuses(word: str) -> None:
    """Two numbers are ambiguous; a limit cannot be negative."""
    with pytest.raises(ConfigurationError):
        values.max_queue(word)


def test_one_of_some_words_in_any_case() -> None:
    """The value is in lower case; the refusal of another word lists the choices."""
    read = values.one_of("full", "normal")
    assert [read("full"), read("Normal")] == ["full", "normal"]
    with pytest.raises(ConfigurationError, match="'off' is neither full nor normal"):
        read("off")

"""Each value has a form for people, one for JSON and one for TSV."""

from __future__ import annotations

from gearman_tx.cli import formats
from gearman_tx.cli.columns import COLUMNS
from gearman_tx.cli.formats import as_json, as_plain, as_text

LIMITS = {"high": 5, "normal": 0, "low": 7}


def test_text() -> None:
    """Cells have dashes for what is unknown, and no control characters."""
    assert [as_text(value) for value in (None, True, False, 3)] == ["-", "yes", "no", "3"]
    assert as_text((b"a\n", b"b")) == "a\\x0a, b"
    assert as_text("caf\xe9\n") == "caf\xe9\\x0a"
    assert as_text(b"\xff") == "\\xff"


def test_json() -> None:
    """Bytes are text; bytes that are not UTF-8 are written as in Python."""
    assert as_json((b"\xff", None, "\n")) == ["\\xff", None, "\n"]


def test_tsv() -> None:
    """Cells of TSV are plain, and empty for what is unknown; a tab never splits one."""
    values = (None, True, (b"a\t", b"b"), LIMITS, 1500, 0.5)
    assert [as_plain(value) for value in values] == ["", "true", "a\\x09,b", "5/0/7", "1500", "0.5"]


def test_units() -> None:
    """A table shows units; what is unknown has none."""
    assert [formats.span(value) for value in (0, 90061, None)] == ["0s", "1d 1h", "-"]
    assert [formats.milliseconds(value) for value in (0.0015, None)] == ["1.50 ms", "-"]
    assert [formats.size(value) for value in (9, 1536, None)] == ["9", "1.5K", "-"]
    done = {"numerator": 1, "denominator": 4}
    assert [formats.progress(value) for value in (done, None)] == ["1/4", "-"]


def test_limits() -> None:
    """Equal limits are one number; no limit is a dash."""
    same, none = dict.fromkeys(LIMITS, 5), dict.fromkeys(LIMITS, 0)
    assert [formats.limits(value) for value in (same, none, LIMITS)] == ["5", "-", "5/-/7"]


def test_moments_beyond_the_calendar() -> None:
    """A moment that no date exists for is shown as a number."""
    show = COLUMNS["first_due"].format
    assert show(1e18) == "1e+18"
    assert show(None) == "-"
    assert show(1.5).startswith("19")


def test_a_name_is_also_the_title() -> None:
    """The title of a column is its name with a capital letter and blanks."""
    assert COLUMNS["worker_host"].title == "Worker host"
    assert all(name == column.name for name, column in COLUMNS.items())

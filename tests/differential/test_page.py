"""The compatibility page says what the differential tests allow, and nothing else."""

from __future__ import annotations

from tests.differential.page import PAGE, with_differences


def test_the_compatibility_page_lists_the_allowed_differences() -> None:
    """The page is what ``python -m tests.differential.page`` would write."""
    page = PAGE.read_text(encoding="utf-8")
    assert with_differences(page) == page

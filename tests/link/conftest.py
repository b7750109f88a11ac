"""Every test of the room fails when something is logged as a failure unasked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.link.logs import LogBook, watched_log


@pytest.fixture(autouse=True)
def log() -> Iterator[LogBook]:
    """Collect what is logged during the test."""
    with watched_log() as book:
        yield book

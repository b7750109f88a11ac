"""What holds in every test of the durable queue."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.link.logs import LogBook, watched_log


@pytest.fixture
def log() -> Iterator[LogBook]:
    """Return what is logged; a failure that the test does not ask for fails it."""
    with watched_log() as book:
        yield book

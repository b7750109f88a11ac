"""A fresh job server for each test, which fails when a failure is logged unexpectedly."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.link.logs import LogBook, watched_log
from tests.server.server_fixture import ServerFixture


@pytest.fixture(autouse=True)
def log() -> Iterator[LogBook]:
    """Collect the log of the test."""
    with watched_log() as book:
        yield book


@pytest.fixture
def stage() -> ServerFixture:
    """Return a job server with a queue in memory and the default limits."""
    return ServerFixture()

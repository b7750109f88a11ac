"""The databases of these tests, each started once for the tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.importing.databases import (
    Database,
    running_mariadb,
    running_postgresql,
    running_redis,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the queue file of a test is."""
    return tmp_path / "gearmand-4730.sqlite3"


@pytest.fixture(scope="module")
def postgresql() -> Iterator[Database]:
    """Run PostgreSQL."""
    with running_postgresql() as database:
        yield database


@pytest.fixture(scope="module")
def mariadb() -> Iterator[Database]:
    """Run MariaDB."""
    with running_mariadb() as database:
        yield database


@pytest.fixture(scope="module")
def redis_server() -> Iterator[Database]:
    """Run redis."""
    with running_redis() as database:
        yield database

"""Enough descriptors for thousands of connections, and a job server."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from gearman_tx.testing import ServerProcess
from tests.support.servers import running, start_our_server


@pytest.fixture(scope="package", autouse=True)
def many_descriptors() -> None:
    """Let this process, and so the servers that it starts, open as many files as it may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """Return a job server with the default options."""
    with running(start_our_server(tmp_path)) as process:
        yield process

"""Enough descriptors for thousands of connections, and a job server."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from gearman_tx.testing import ServerProcess
from tests.loopback.system_clock import SystemClock, compile_library
from tests.support.servers import running, start_our_server
from tests.support.sharing import run_folder


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


@pytest.fixture
def system_clock(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> SystemClock:
    """Return the system clock of the programs that the test starts from now on."""
    library = compile_library(run_folder(tmp_path_factory) / "system-clock")
    clock = SystemClock(tmp_path, library)
    clock.install(monkeypatch)
    return clock

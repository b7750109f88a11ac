"""Fixtures for pytest, which loads this module wherever gearman_tx is installed.

``gearman_server`` is a real job server for one test, ``shared_gearman_server`` one for the whole
session, ``start_gearman_server`` starts any number of them. ``gearman_stage`` is a job server in
memory. When a test fails, its report has the log lines that its servers wrote meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import pytest

from gearman_tx.testing.process import GearmanServer
from gearman_tx.testing.stage import Stage

_SHARED: Final = "shared_gearman_server"
_SERVERS: Final = pytest.StashKey[dict[GearmanServer, int]]()  # with the offset of this test's log


@pytest.fixture
def gearman_stage() -> Iterator[Stage]:
    """Return a job server in memory at ``localhost:4730``, for clients and workers without sockets.

    A :class:`gearman_tx.testing.Stage`; it is closed at the end of the test.
    """
    with Stage() as stage:
        yield stage


@pytest.fixture
def gearman_options() -> Sequence[str]:
    """Return the options of ``gearman_server``; override it: ``["--maxqueue=10"]``."""
    return ()


@pytest.fixture
def gearman_server(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    gearman_options: Sequence[str],
) -> Iterator[GearmanServer]:
    """Start ``twistd gearmand`` on a free port of 127.0.0.1, with an empty queue in a file.

    A :class:`gearman_tx.testing.GearmanServer`: ``host``, ``port``, ``url``, ``stop()``,
    ``start()``, ``restart()``, ``kill()``, ``jobs()``. It ends with the test.
    """
    with _running(request.config, tmp_path_factory.mktemp("gearman"), gearman_options) as server:
        yield server


@pytest.fixture(scope="session")
def shared_gearman_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GearmanServer]:
    """Start a job server as ``gearman_server`` does, once for all tests that use it.

    Jobs that a test leaves behind stay in it.
    """
    with _running(request.config, tmp_path_factory.mktemp("gearman"), ()) as server:
        yield server


@pytest.fixture
def start_gearman_server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[..., GearmanServer]]:
    """Return a function that starts another job server with the given options.

    The servers end with the test.
    """
    with ExitStack() as servers:

        def start(*options: str) -> GearmanServer:
            run = _running(request.config, tmp_path_factory.mktemp("gearman"), options)
            return servers.enter_context(run)

        yield start


@contextmanager
def _running(
    config: pytest.Config, folder: Path, options: Sequence[str]
) -> Iterator[GearmanServer]:
    """Run a job server in ``folder``; reports of failures show its log."""
    server = GearmanServer(folder, *options)
    servers = config.stash.setdefault(_SERVERS, {})
    servers[server] = 0
    try:
        yield server
    finally:
        del servers[server]
        server.stop()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Pytest: note the offset of this test's log."""
    servers = item.config.stash.get(_SERVERS, {})
    for server in servers:
        servers[server] = server.log.stat().st_size


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Pytest: add the log of the test's job servers to the report of a failure."""
    outcome = yield
    report: pytest.TestReport = outcome.get_result()  # type: ignore[attr-defined]  # pluggy's
    if not report.failed:
        return
    uses_shared = _SHARED in getattr(item, "fixturenames", ())
    for server, start in item.config.stash.get(_SERVERS, {}).items():
        if start == 0 or uses_shared:
            log = server.log.read_bytes()[start:].decode(errors="replace")
            report.sections.append((f"log of the job server {server.url}", log))

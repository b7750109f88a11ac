"""The two job servers that the commands are run against."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gearman_tx.testing import ServerProcess
from tests.support.servers import running, start_c_server, start_our_server


@pytest.fixture(scope="session")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Run our server for all tests of the commands."""
    with running(start_our_server(tmp_path_factory.mktemp("ours"))) as server:
        yield server


@pytest.fixture(scope="session")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Run the C server for all tests of the commands."""
    with running(start_c_server(tmp_path_factory.mktemp("theirs"))) as server:
        yield server


@pytest.fixture(params=["ours", "theirs"])
def server(request: pytest.FixtureRequest) -> str:
    """Return the address of each of the two servers."""
    found: ServerProcess = request.getfixturevalue(request.param)
    return f"127.0.0.1:{found.port}"


@pytest.fixture
def our_server(ours: ServerProcess) -> str:
    """Return the address of our server."""
    return f"127.0.0.1:{ours.port}"


@pytest.fixture
def c_server(theirs: ServerProcess) -> str:
    """Return the address of the C server."""
    return f"127.0.0.1:{theirs.port}"

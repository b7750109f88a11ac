"""One program on pygearman and on ``blocking`` prints the same, with both job servers."""

from __future__ import annotations

import sys

import pytest

from tests.blocking.conftest import Find
from tests.interop.interop_fixture import InteropFixture

JOBS = 14
"""Jobs that ``requests.py`` has done."""

THEIRS: dict[int, list[bytes]] = {}
"""What pygearman alone prints, by the port of the job server, which it prints too."""


def run_pair(
    interop: InteropFixture, find: Find, client: str, worker: str, name: str
) -> list[bytes]:
    """Return the output of ``requests.py`` and ``hooks.py``, each on the named library."""
    port = str(interop.server.port)
    command = [sys.executable, find(worker, "hooks"), port, name, str(JOBS)]
    working = interop.start_worker(command, name)
    asking = interop.run([sys.executable, find(client, "requests"), port, name])
    assert asking.err == b""
    return [part.replace(name.encode(), b"NAME") for part in (asking.out, working.succeed().out)]


@pytest.mark.parametrize(
    ("client", "worker"),
    [("blocking", "blocking"), ("blocking", "pygearman"), ("pygearman", "blocking")],
)
def test_client_and_worker(interop: InteropFixture, find: Find, client: str, worker: str) -> None:
    """Requests and calls of hooks are the same, with either library at either end."""
    if interop.server.port not in THEIRS:
        pair = run_pair(interop, find, "pygearman", "pygearman", f"{interop.function}-a")
        THEIRS[interop.server.port] = pair
    theirs = THEIRS[interop.server.port]
    ours = run_pair(interop, find, client, worker, f"{interop.function}-b")
    for one, other in zip(theirs, ours, strict=True):
        assert other.decode().splitlines() == one.decode().splitlines()
    assert ours[0].count(b"\n") > 80
    assert ours[1].count(b"execute") == JOBS

"""Servers are started in the way of libtest, the test harness of the C project."""

from __future__ import annotations

import contextlib
import signal
import time
from pathlib import Path

from tests.daemon.peer import Peer
from tests.daemon.process import drop_in, started, until
from tests.support.ports import free_port

SERVERS = 3
PID_FILE_SECONDS = 8.0


def test_several_servers_in_one_folder_without_an_environment(tmp_path: Path) -> None:
    """Each writes its PID file within 8 s, answers, and ends at SIGTERM; only the logs are left."""
    with contextlib.ExitStack() as stack:
        servers = []
        for number in range(SERVERS):
            port, pid_file = free_port(), tmp_path / f"{number}.pid"
            command = drop_in(
                f"--port={port}",
                "--listen=localhost",
                f"--pid-file={pid_file}",
                f"--log-file={tmp_path / f'{number}.log'}",
                "--verbose=INFO",
                "--job-retries=30",
                "--exceptions",
                "--round-robin",
            )
            begun = time.monotonic()
            server = stack.enter_context(started(command, tmp_path, {}))
            until(pid_file.exists, "the PID file is there")
            assert time.monotonic() - begun < PID_FILE_SECONDS
            with Peer(port) as operator:
                assert operator.ask(b"version").startswith(b"OK")
            servers.append(server)
        for server in servers:
            assert server.end(signal.SIGTERM) == 0
    left = {path.name for path in tmp_path.iterdir() if path.stat().st_size}
    assert left == {f"{number}.log" for number in range(SERVERS)}

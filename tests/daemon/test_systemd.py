"""The server notifies systemd when it is ready and when it stops."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from gearman_tx.daemon.systemd import notify
from tests.daemon.peer import Peer
from tests.daemon.process import WAIT_SECONDS, started, twistd
from tests.support.ports import free_port


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """Listen as systemd does, on a path or an abstract name; return the name and the socket."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@gearman_tx-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(name.replace("@", "\0", 1) if name.startswith("@") else name)
        listening.settimeout(WAIT_SECONDS)
        yield name, listening


def test_a_server_notifies_its_states(manager: tuple[str, socket.socket], tmp_path: Path) -> None:
    """READY is sent when connections are accepted, STOPPING when the server ends."""
    name, listening = manager
    port = free_port()
    command = twistd("--listen=127.0.0.1", f"--port={port}")
    with started(command, tmp_path, {**os.environ, "NOTIFY_SOCKET": name}) as server:
        told = listening.recv(4096).decode().split("\n")
        assert told == ["READY=1", f"STATUS=listening on 127.0.0.1:{port}"]
        with Peer(port) as operator:
            assert operator.ask(b"version").startswith(b"OK")
        assert server.end() == 0
        assert "STOPPING=1" in listening.recv(4096).decode().split("\n")


def test_without_a_socket() -> None:
    """Without NOTIFY_SOCKET nothing is sent."""
    assert not notify({}, READY="1")


def test_a_missing_socket(tmp_path: Path) -> None:
    """A missing service manager does not stop the server."""
    assert not notify({"NOTIFY_SOCKET": str(tmp_path / "gone")}, READY="1")

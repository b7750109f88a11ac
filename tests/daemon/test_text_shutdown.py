"""The text command ``shutdown``, with --allow-shutdown."""

from __future__ import annotations

from pathlib import Path

from tests.daemon.peer import Peer
from tests.daemon.process import refuses, serving, until


def test_it_is_no_command_by_default(tmp_path: Path) -> None:
    """Without --allow-shutdown it is unknown, as in the C server."""
    with serving(tmp_path) as server, Peer(server.port) as operator:
        assert operator.ask(b"shutdown").startswith(b"ERR UNKNOWN_COMMAND")
        assert operator.ask(b"version").startswith(b"OK")


def test_it_stops_at_once(tmp_path: Path) -> None:
    """The reply is sent before the server ends, even if a job is left."""
    with serving(tmp_path, "--allow-shutdown") as server, Peer(server.port) as operator:
        operator.submit()
        assert operator.ask(b"shutdown") == b"OK\r\n"
        assert operator.is_at_end
        assert server.end(None) == 0
        server.says("text command: stopping at once")


def test_it_stops_gracefully(tmp_path: Path) -> None:
    """It acts like SIGUSR1: here it waits until the job is cancelled."""
    with serving(tmp_path, "--allow-shutdown") as server, Peer(server.port) as operator:
        handle = operator.submit()
        assert operator.ask(b"shutdown graceful") == b"OK\r\n"
        until(lambda: refuses(server.port), "the port is closed")
        assert operator.ask(b"cancel job " + handle) == b"OK\r\n"
        assert operator.is_at_end
        assert server.end(None) == 0

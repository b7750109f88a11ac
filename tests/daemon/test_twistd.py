"""``twistd gearmand`` as a daemon, and handles after a restart."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.daemon.peer import Peer
from tests.daemon.process import daemon, serving, twistd
from tests.support.ports import free_port


def test_a_daemon(tmp_path: Path) -> None:
    """When ``twistd`` returns, connections are accepted; SIGTERM removes the PID file."""
    port, pid_file, log = free_port(), tmp_path / "twistd.pid", tmp_path / "twistd.log"
    command = twistd("--listen=127.0.0.1", f"--port={port}", twistd_options=())
    with daemon(command, tmp_path, pid_file, log) as server:
        with Peer(port) as operator:
            assert operator.ask(b"getpid") == b"OK %d\n" % server.pid
        server.end(signal.SIGTERM)
        server.says("SIGTERM: stopping at once", "stopped")
        assert not pid_file.exists()


def test_a_log_file_of_its_own(tmp_path: Path) -> None:
    """With --log-file, twistd opens no log; the file has all lines from the start."""
    port, log = free_port(), tmp_path / "gearmand.log"
    command = twistd("--listen=127.0.0.1", f"--port={port}", f"--log-file={log}", twistd_options=())
    with daemon(command, tmp_path, tmp_path / "twistd.pid", log) as server:
        assert "background jobs are kept in" in server.ready()
        server.end(signal.SIGTERM)
    assert not (tmp_path / "twistd.log").exists()


def test_handles_do_not_repeat_after_a_restart(tmp_path: Path) -> None:
    """A later server's first job has a larger number than an earlier one's last."""
    numbers = []
    for _ in range(2):
        with serving(tmp_path) as server, Peer(server.port) as client:
            handles = [client.submit() for _ in range(3)]
            numbers += [int(handle.rpartition(b":")[2]) for handle in handles]
            assert server.end() == 0
    assert numbers == sorted(set(numbers))

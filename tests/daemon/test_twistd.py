"""``twistd gearmand`` as a daemon, and handles after a restart."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.daemon.peer import Peer
from tests.daemon.process import daemon, serving, started, twistd
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


def test_the_log_is_the_servers_alone(tmp_path: Path) -> None:
    """The first line is that of a report of a fault; Twisted's lines come with DEBUG."""
    with serving(tmp_path) as server:
        server.end()
        lines = server.text.splitlines()
    assert "gearman_tx 0." in lines[0]
    assert "stopped" in lines[-1]
    assert all("[gearman_tx." in line for line in lines)
    with serving(tmp_path, "--verbose=DEBUG") as server:
        server.says("GearmanFactory starting on")


@pytest.mark.parametrize("how", [("-n", "--pidfile="), ("--logfile=log",)])
def test_json(tmp_path: Path, how: tuple[str, ...]) -> None:
    """Each line is an object, on standard output and in the file of ``twistd --logfile``."""
    port = free_port()
    words = ("--listen=127.0.0.1", f"--port={port}", "--log-format=json")
    command = twistd(*words, twistd_options=how)
    if "-n" in how:
        with started(command, tmp_path) as server:
            server.ready()
            server.end()
            text = server.text
    else:
        log = tmp_path / "log"
        with daemon(command, tmp_path, tmp_path / "twistd.pid", log) as server:
            server.ready()
            server.end(signal.SIGTERM)
            text = server.says("stopped")
    events = [json.loads(line)["event"] for line in text.splitlines()]
    assert (events[0], events[-1]) == ("starting", "stopped")
    assert "listening" in events


def test_handles_do_not_repeat_after_a_restart(tmp_path: Path) -> None:
    """A later server's first job has a larger number than an earlier one's last."""
    numbers = []
    for _ in range(2):
        with serving(tmp_path) as server, Peer(server.port) as client:
            handles = [client.submit() for _ in range(3)]
            numbers += [int(handle.rpartition(b":")[2]) for handle in handles]
            assert server.end() == 0
    assert numbers == sorted(set(numbers))

"""A real server in a process of its own: ready when it is returned, and again after a restart."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gearman_tx.testing import GearmanServer
from gearman_tx.wire import PacketType, request
from tests.daemon.process import wait_gone
from tests.support.servers import running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[GearmanServer]:
    """Return a server on a free port."""
    with running(GearmanServer(tmp_path)) as server:
        assert isinstance(server, GearmanServer)
        yield server


def submit(server: GearmanServer) -> bytes:
    """Submit a background job and return the answer."""
    with socket.create_connection((server.host, server.port), timeout=5) as link:
        link.sendall(request(PacketType.SUBMIT_JOB_BG, b"resize", b"", b"picture"))
        return link.recv(100)


def test_it_is_ready_when_it_is_returned(server: GearmanServer) -> None:
    """The first connection is accepted, and the port is a free one that the server found."""
    assert server.is_up
    assert server.url == f"127.0.0.1:{server.port}"
    assert server.jobs() == []
    answer = submit(server)
    (job,) = server.jobs()
    assert answer.endswith(job.handle)
    assert (job.function, job.size) == (b"resize", 7)


def test_a_restart_keeps_the_port_and_the_queue(server: GearmanServer) -> None:
    """It comes back at the same place, with what was submitted, and goes on in the same log."""
    submit(server)
    port, pid = server.port, server.pid
    server.restart()
    assert (server.port, len(server.jobs())) == (port, 1)
    assert server.pid != pid
    assert server.log.read_text().count(f"listening on {server.url}") == 2


def test_stopped_and_killed(server: GearmanServer) -> None:
    """``stop`` returns the exit status; a killed one can be started again."""
    assert server.stop() == 0
    assert not server.is_up
    assert server.stop() == 0
    server.start()
    submit(server)
    server.kill()
    server.kill()
    assert server.process.returncode == -signal.SIGKILL
    server.start()
    assert len(server.jobs()) == 1


def test_one_that_does_not_stop_is_killed(
    server: GearmanServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped process does not handle SIGTERM; the caller gets an error."""
    monkeypatch.setattr("gearman_tx.testing.process.STOP_SECONDS", 0.2)
    server.process.send_signal(signal.SIGSTOP)
    with pytest.raises(subprocess.TimeoutExpired):
        server.stop()
    assert server.process.returncode == -signal.SIGKILL


def test_one_that_does_not_start(tmp_path: Path) -> None:
    """The error has the log; waiting ends with the process, not after a time-out."""
    with pytest.raises(AssertionError, match="unrecognised option '--nonsense'"):
        GearmanServer(tmp_path, "--nonsense")


def test_one_that_is_never_ready(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time to start it is killed, and the error has its log."""
    monkeypatch.setattr("gearman_tx.testing.process.START_SECONDS", 0.0)
    with pytest.raises(AssertionError, match="the job server did not start"):
        GearmanServer(tmp_path)


def test_servers_side_by_side(tmp_path: Path) -> None:
    """Two servers have two ports, and may share a folder when they are given them."""
    with running(GearmanServer(tmp_path)) as first:
        other = tmp_path / "a path too long for the name of a socket" / ("x" * 99)
        other.mkdir(parents=True)
        with running(GearmanServer(other)) as second:
            assert first.port != second.port


def test_a_child_that_hangs_ends_with_its_parent(tmp_path: Path) -> None:
    """One that ignores SIGTERM is cut off after its patience."""
    code = """
import os, signal, subprocess, sys, threading
from gearman_tx.process.parent import end_with_parent

if sys.argv[1:]:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end_with_parent(int(sys.argv[1]), 0.1)
    print(os.getpid(), flush=True)
    threading.Event().wait()
subprocess.Popen([sys.executable, __file__, str(os.getpid())])
threading.Event().wait()
"""
    program = tmp_path / "program.py"
    program.write_text(code)
    parent = subprocess.Popen([sys.executable, program], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.kill()
    parent.communicate()
    wait_gone(child)

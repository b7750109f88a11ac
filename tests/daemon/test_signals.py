"""Signals have the meanings of the C server."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from gearman_tx.wire import PacketType
from tests.daemon.peer import Peer
from tests.daemon.process import refuses, serving, started, twistd, until
from tests.support.ports import free_port


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_at_once(tmp_path: Path, number: signal.Signals) -> None:
    """SIGTERM and SIGINT close all connections in good order, even if jobs are left; status 0."""
    with serving(tmp_path) as server:
        with Peer(server.port) as client:
            client.submit()
            assert server.end(number) == 0
            assert client.is_at_end
        text = server.says(f"{number.name}: stopping at once", "in memory: 1", "stopped")
        assert "Traceback" not in text


def test_sigusr1_without_jobs(tmp_path: Path) -> None:
    """SIGUSR1 ends an idle server at once, with status 0, and closes its connections."""
    with serving(tmp_path) as server, Peer(server.port) as worker:
        worker.send(PacketType.PRE_SLEEP)
        assert worker.ask(b"version").startswith(b"OK")
        assert server.end(signal.SIGUSR1) == 0
        assert worker.is_at_end


def test_sigusr1_waits_for_the_last_job(tmp_path: Path) -> None:
    """SIGUSR1 closes the port and refuses submissions; queued jobs and results are delivered."""
    with serving(tmp_path) as server, Peer(server.port) as client:
        handle = client.submit(kind=PacketType.SUBMIT_JOB)
        client.submit()
        with Peer(server.port) as worker:
            assert worker.grab() == handle
            server.kill(signal.SIGUSR1)
            server.says("SIGUSR1: stopping gracefully, jobs left: 2")
            until(lambda: refuses(server.port), "the port is closed")
            client.send(PacketType.SUBMIT_JOB_BG, b"work", b"", b"late")
            assert client.receive()[0] == PacketType.ERROR
            worker.send(PacketType.WORK_COMPLETE, handle, b"result")
            worker.send(PacketType.WORK_COMPLETE, worker.grab(), b"")
            assert client.receive() == (PacketType.WORK_COMPLETE, [handle, b"result"])
            assert server.end(None) == 0
            assert client.is_at_end
            assert worker.is_at_end


def test_sigusr1_has_a_deadline(tmp_path: Path) -> None:
    """--shutdown-timeout ends a graceful shutdown even if a job is left; SIGUSR1 may repeat."""
    options = ["--shutdown-timeout=0.5"]
    with serving(tmp_path, *options) as server, Peer(server.port) as client:
        client.submit()
        server.kill(signal.SIGUSR1)
        server.says("stopping gracefully")
        server.kill(signal.SIGUSR1)
        assert server.end(None) == 0
        server.says("stopping already", "--shutdown-timeout are over, jobs left: 1")


def test_sigterm_ends_a_graceful_shutdown(tmp_path: Path) -> None:
    """SIGTERM still stops a server that waits for a job without a worker."""
    with serving(tmp_path) as server, Peer(server.port) as client:
        client.submit()
        server.kill(signal.SIGUSR1)
        server.says("stopping gracefully")
        assert server.end(signal.SIGTERM) == 0


def test_sigusr1_is_ours_when_twistd_has_a_log_file(tmp_path: Path) -> None:
    """Twistd would rotate its --logfile on SIGUSR1, but leaves a handled signal alone."""
    log = tmp_path / "twistd.log"
    options = ("-n", "--pidfile=", f"--logfile={log}")
    command = twistd("--listen=127.0.0.1", f"--port={free_port()}", twistd_options=options)
    with started(command, tmp_path, log=log) as server:
        server.ready()
        assert server.end(signal.SIGUSR1) == 0
        server.says("SIGUSR1: stopping gracefully")
        assert list(tmp_path.glob("twistd.log.*")) == []


def test_sighup_reopens_the_log_file(tmp_path: Path) -> None:
    """After SIGHUP the log goes on in a new file."""
    log, moved = tmp_path / "gearmand.log", tmp_path / "gearmand.log.1"
    with serving(tmp_path, f"--log-file={log}", log=log) as server:
        log.rename(moved)
        server.kill(signal.SIGHUP)
        server.log = moved
        server.says("SIGHUP, reopening log file")
        server.log = log
        assert server.end(signal.SIGTERM) == 0
        assert "SIGTERM: stopping at once" in log.read_text()
        assert "SIGTERM" not in moved.read_text()


def test_sighup_when_the_log_file_cannot_be_made(tmp_path: Path) -> None:
    """If the new file cannot be opened, the old one stays in use."""
    folder, moved = tmp_path / "log", tmp_path / "moved"
    folder.mkdir()
    log = folder / "gearmand.log"
    with serving(tmp_path, f"--log-file={log}", log=log) as server:
        folder.rename(moved)
        server.log = moved / "gearmand.log"
        server.kill(signal.SIGHUP)
        server.says("cannot reopen the log file", "No such file or directory")
        assert server.end(signal.SIGTERM) == 0


def test_sighup_and_sigpipe_do_not_end_the_server(tmp_path: Path) -> None:
    """SIGHUP logs that there is no log file to reopen; SIGPIPE logs nothing."""
    with serving(tmp_path) as server:
        server.kill(signal.SIGPIPE)
        server.kill(signal.SIGHUP)
        server.says("SIGHUP, but there is no --log-file to reopen")
        with Peer(server.port) as operator:
            assert operator.ask(b"version").startswith(b"OK")
        assert server.end(signal.SIGTERM) == 0

"""Signals have the meanings of the C server."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from gearman_tx.wire import PacketType
from tests.daemon.peer import Peer
from tests.daemon.process import daemon, drop_in, refuses, serving, started, twistd, until
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


def own_log(_folder: Path, log: Path) -> list[str]:
    """Return a command line with the server's own log."""
    return twistd("-q", "builtin", *where(), f"--log-file={log}")


def log_of_twistd(_folder: Path, log: Path) -> list[str]:
    """Return a command line with the log of ``twistd``."""
    options = ["-n", "--pidfile=", f"--logfile={log}"]
    return twistd("-q", "builtin", *where(), twistd_options=options)


def log_of_the_drop_in(folder: Path, log: Path) -> list[str]:
    """Return a command line of the drop-in."""
    return drop_in(*where(), f"--pid-file={folder / 'pid'}", "-l", str(log))


def where() -> list[str]:
    """Return the options that name a free port."""
    return ["--listen=127.0.0.1", f"--port={free_port()}"]


logs = pytest.mark.parametrize("command", [own_log, log_of_twistd, log_of_the_drop_in])


@logs
def test_sighup_reopens_the_log_file(
    tmp_path: Path, command: Callable[[Path, Path], list[str]]
) -> None:
    """After SIGHUP the log goes on in a new file, as logrotate needs it."""
    log, moved = tmp_path / "gearmand.log", tmp_path / "gearmand.log.1"
    with started(command(tmp_path, log), tmp_path, log=log) as server:
        server.ready()
        log.rename(moved)
        server.kill(signal.SIGHUP)
        server.log = moved
        server.says("SIGHUP, reopening log file")
        until(log.exists, "the log file is reopened")
        server.log = log
        assert server.end(signal.SIGTERM) == 0
        assert "SIGTERM: stopping at once" in log.read_text()
        assert "SIGTERM" not in moved.read_text()


@logs
def test_sighup_when_the_log_file_cannot_be_made(
    tmp_path: Path, command: Callable[[Path, Path], list[str]]
) -> None:
    """If the new file cannot be opened, the old one stays in use."""
    folder, moved = tmp_path / "log", tmp_path / "moved"
    folder.mkdir()
    log = folder / "gearmand.log"
    with started(command(tmp_path, log), tmp_path, log=log) as server:
        server.ready()
        folder.rename(moved)
        server.log = moved / "gearmand.log"
        server.kill(signal.SIGHUP)
        server.says(f"cannot reopen the log file {log}: No such file or directory")
        assert server.end(signal.SIGTERM) == 0
        server.says("SIGTERM: stopping at once")


def test_sighup_reopens_the_log_of_a_daemon(tmp_path: Path) -> None:
    """``twistd`` in the background logs to twistd.log, and that is reopened."""
    log, moved = tmp_path / "twistd.log", tmp_path / "twistd.log.1"
    command = twistd(*where(), twistd_options=())
    with daemon(command, tmp_path, tmp_path / "twistd.pid", log) as server:
        server.ready()
        log.rename(moved)
        server.kill(signal.SIGHUP)
        until(log.exists, "the log file is reopened")
        server.end(signal.SIGTERM)
        server.says("SIGTERM: stopping at once", "stopped")


def test_sighup_and_sigpipe_do_not_end_the_server(tmp_path: Path) -> None:
    """SIGHUP logs that no log file can be reopened; SIGPIPE logs nothing."""
    with serving(tmp_path) as server:
        server.kill(signal.SIGPIPE)
        server.kill(signal.SIGHUP)
        server.says("SIGHUP, but the log is in no file that could be reopened")
        with Peer(server.port) as operator:
            assert operator.ask(b"version").startswith(b"OK")
        assert server.end(signal.SIGTERM) == 0

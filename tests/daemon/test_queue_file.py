"""``--queue-type=sqlite``: background jobs outlive the server; errors of the file."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from gearman_tx.testing import ServerProcess
from gearman_tx.wire import PacketType, request
from tests.support.ports import free_port
from tests.support.servers import running, start_our_server

SQLITE = "--queue-type=sqlite"


def submit(server: ServerProcess, *workloads: bytes) -> list[bytes]:
    """Submit background jobs on one connection; return their handles once all are acknowledged."""
    packets = b"".join(request(PacketType.SUBMIT_JOB_BG, b"f", b"", data) for data in workloads)
    expected = len(workloads)
    reply = server.ask(packets + b"version\n", until=b"\n")
    handles = [part[8:].decode("latin-1") for part in reply.split(b"\0RES")[1:]]
    assert len(handles) == expected
    return [handle.partition("OK ")[0].encode("latin-1") for handle in handles]


def queued(server: ServerProcess) -> list[bytes]:
    """Return the handles of all jobs, the oldest first, once they are loaded."""
    server.ask(request(PacketType.ECHO_REQ, b"loaded"), until=b"loaded")
    report = server.ask(b"show jobs\n", until=b".\n")
    return [line.split(b"\t")[0] for line in report.splitlines()[:-1]]


def figures(server: ServerProcess) -> dict[str, str]:
    """Return the rows of the report ``store``."""
    lines = server.ask(b"store\n", until=b".\n").decode().splitlines()[:-1]
    return dict(line.split("\t", 1) for line in lines)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_acknowledged_jobs_outlive_the_server(tmp_path: Path, how: signal.Signals) -> None:
    """They keep their handles and their order, however the server ended."""
    with running(start_our_server(tmp_path, SQLITE)) as server:
        handles = submit(server, b"one", b"", b"\0three")
        server.stop(how)
    with running(start_our_server(tmp_path, SQLITE, port=server.port)) as server:
        assert queued(server) == handles
        (new,) = submit(server, b"four")
        assert queued(server) == [*handles, new]


def test_the_file_is_named_after_the_port(tmp_path: Path) -> None:
    """The default file is in the working folder, and ``store`` has its path."""
    with running(start_our_server(tmp_path, SQLITE)) as server:
        path = tmp_path / f"gearmand-{server.port}.sqlite3"
        told = figures(server)
        assert (told["kind"], Path(told["path"])) == ("sqlite", path.resolve())
        assert path.exists()


def test_the_c_servers_names_are_understood(tmp_path: Path) -> None:
    """``-q libsqlite3 --libsqlite3-db FILE`` is a queue file too."""
    path = tmp_path / "queue.db"
    with running(
        start_our_server(tmp_path, "-q", "libsqlite3", f"--libsqlite3-db={path}")
    ) as server:
        assert Path(figures(server)["path"]) == path.resolve()


def test_a_second_server_on_the_file_does_not_start(tmp_path: Path) -> None:
    """It prints one line and exits with 1; the first server goes on."""
    path = tmp_path / "queue.sqlite3"
    with running(start_our_server(tmp_path, SQLITE, f"--sqlite-path={path}")) as server:
        second = _start_once(tmp_path, SQLITE, f"--sqlite-path={path}")
        assert second.returncode == 1
        (line,) = second.stderr.decode().splitlines()
        assert "another job server uses the queue file" in line
        assert submit(server, b"still served")


def test_a_path_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    """The server does not start, and names the file."""
    result = _start_once(tmp_path, SQLITE, "--sqlite-path=/nowhere/queue.sqlite3")
    assert result.returncode == 1
    (line,) = result.stderr.decode().splitlines()
    assert line.startswith("twistd gearmand: the queue file /nowhere/queue.sqlite3 needs ")
    assert line.endswith("--queue-type=builtin keeps the queue in memory")


def _start_once(folder: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    """Run a server that is not expected to start."""
    twistd = Path(sys.executable).with_name("twistd")
    command = [str(twistd), "-n", "--pidfile=second.pid", "--logfile=second.log", "gearmand"]
    command += ["--listen=127.0.0.1", f"--port={free_port()}", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, timeout=30, check=False)

"""The drop-in command as init scripts and unit files run it: files, user, daemon."""

from __future__ import annotations

import os
import pty
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.peer import Peer
from tests.daemon.process import daemon, drop_in, run, started, until
from tests.support.ports import free_port

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def options(folder: Path, port: int, *more: str) -> list[str]:
    """Return the options of a server whose files are in ``folder``."""
    return [
        "--listen=127.0.0.1",
        f"--port={port}",
        f"--pid-file={folder / 'pid'}",
        f"--log-file={folder / 'log'}",
        *more,
    ]


def test_a_daemon(tmp_path: Path) -> None:
    """When the command returns, the daemon serves and has its PID file, removed at its end.

    The daemon has a session of its own and none of the terminal's three standard files.
    """
    port, pid_file, log = free_port(), tmp_path / "pid", tmp_path / "log"
    with daemon(drop_in(*options(tmp_path, port, "-d")), tmp_path, pid_file, log) as server:
        with Peer(port) as operator:
            assert operator.ask(b"getpid") == b"OK %d\n" % server.pid
        assert pid_file.read_text() == f"{server.pid}\n"
        assert os.getsid(server.pid) != os.getsid(0)
        for number in range(3):
            assert Path(f"/proc/{server.pid}/fd/{number}").readlink() == Path("/dev/null")
        log.rename(tmp_path / "log.1")
        server.kill(signal.SIGHUP)
        until(log.exists, "the log file is reopened")
        server.end(signal.SIGTERM)
        server.says("SIGTERM: stopping at once", "stopped")
        assert not pid_file.exists()


def test_in_the_foreground(tmp_path: Path) -> None:
    """Without -d the process itself is the server, and prints nothing."""
    port, log = free_port(), tmp_path / "log"
    command = drop_in(*options(tmp_path, port))
    with started(command, tmp_path, log=log) as server:
        server.ready()
        until((tmp_path / "pid").exists, "the PID file is written")
        assert (tmp_path / "pid").read_text() == f"{server.pid}\n"
        assert server.end(signal.SIGINT) == 0
        assert not (tmp_path / "pid").exists()
    assert (tmp_path / "output-0").read_bytes() == b""


def test_a_terminal_is_told_where_the_log_is(tmp_path: Path) -> None:
    """On a terminal one line names the log file, since nothing else is shown there."""
    ours, theirs = pty.openpty()
    words = drop_in(*options(tmp_path, free_port()))
    process = subprocess.Popen(words, cwd=tmp_path, stdin=theirs, stdout=theirs, stderr=theirs)
    os.close(theirs)
    try:
        shown = b""
        while b"\n" not in shown:
            shown += os.read(ours, 1000)
        assert shown.decode() == (
            f"gearmand: logging to {tmp_path / 'log'} (-l stderr shows the log here)\r\n"
        )
        until((tmp_path / "pid").exists, "the server runs")
    finally:
        process.terminate()
        assert process.wait(20) == 0
        os.close(ours)


def test_the_log_on_standard_error(tmp_path: Path) -> None:
    """--log-file=stderr logs there with the given verbosity; a daemon keeps it open."""
    port, pid_file, log = free_port(), tmp_path / "pid", tmp_path / "output-0"
    words = options(tmp_path, port, "--log-file=stderr", "--verbose=DEBUG")
    with started(drop_in(*words), tmp_path) as server:
        text = server.ready()
        assert f"GearmanFactory starting on {port}" in text, "DEBUG has Twisted's own lines"
        assert server.end() == 0
    with log.open("wb") as stream:
        subprocess.run(drop_in(*words, "-d"), stderr=stream, check=True)
    pid = int(pid_file.read_text())
    os.kill(pid, signal.SIGTERM)
    until(lambda: "stopped" in log.read_text(), "the daemon logs to standard error")
    until(lambda: not pid_file.exists(), "the daemon ends")


def test_no_log(tmp_path: Path) -> None:
    """--log-file=none writes no log."""
    port = free_port()
    with started(drop_in(*options(tmp_path, port, "--log-file=none")), tmp_path) as server:
        until((tmp_path / "pid").exists, "the PID file is written")
        assert server.end() == 0
    assert (tmp_path / "output-0").read_bytes() == b""
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("level", ["ERROR", "WARNING"])
def test_verbose(tmp_path: Path, level: str) -> None:
    """--verbose drops lines below the level; the text command returns the level."""
    port = free_port()
    with started(drop_in(*options(tmp_path, port, f"--verbose={level}")), tmp_path) as server:
        until((tmp_path / "pid").exists, "the PID file is written")
        with Peer(port) as operator:
            assert operator.ask(b"verbose") == f"OK {level}\n".encode()
            operator.submit()
        assert server.end() == 0
    assert ("jobs lost" in (tmp_path / "log").read_text()) == (level == "WARNING")
    assert "listening on" not in (tmp_path / "log").read_text()


def test_syslog(tmp_path: Path) -> None:
    """--syslog logs in addition to the log file, and works without a syslog daemon."""
    port, log = free_port(), tmp_path / "log"
    with started(drop_in(*options(tmp_path, port, "--syslog")), tmp_path, log=log) as server:
        server.ready()
        assert server.end() == 0


@pytest.mark.parametrize("how", [(), ("--daemon",)])
@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("--log-file=/nowhere/log", "cannot write the log file /nowhere/log: No such file"),
        ("--pid-file=/nowhere/pid", "--pid-file: cannot write /nowhere/pid: No such file"),
        ("--user=nobody-at-all", "--user: there is no user 'nobody-at-all'"),
        ("--endpoint=unix:/nowhere/socket", "--endpoint=unix:/nowhere/socket: No such file"),
        ("--config-file=/nowhere/conf", "/nowhere/conf: cannot read it: No such file"),
    ],
)
def test_what_cannot_be_started(
    tmp_path: Path, how: tuple[str, ...], more: str, reason: str
) -> None:
    """One line on standard error and status 1, also from a daemon; no file is left."""
    done = run(drop_in(*options(tmp_path, free_port(), *how, more)), tmp_path)
    assert done.status == 1
    assert done.out == ""
    assert done.err.startswith(f"gearmand: {reason}")
    assert done.err.count("\n") == 1
    assert not (tmp_path / "pid").exists()


def test_the_port_is_taken(tmp_path: Path) -> None:
    """The old server may be ending, so the new one waits a moment; then it prints one line."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        done = run(drop_in(*options(tmp_path, port, "-d")), tmp_path)
    assert done.status == 1
    assert done.err.startswith(f"gearmand: cannot listen on 127.0.0.1:{port}: Address already in")
    assert done.err.count("\n") == 1


def test_a_restart_meets_the_old_server(tmp_path: Path) -> None:
    """The new server waits for the port and the queue file of one that is ending."""
    port, log = free_port(), tmp_path / "log"
    command = drop_in(*options(tmp_path, port, "--queue-type=sqlite"))
    with started(command, tmp_path, log=log) as old:
        old.ready()
        with started(command, tmp_path, log=log) as new:
            assert old.end(signal.SIGTERM) == 0
            new.says(f"process id {new.pid}")
            until((tmp_path / "pid").exists, "the PID file is written")
            assert (tmp_path / "pid").read_text() == f"{new.pid}\n"
            assert new.end() == 0


def test_a_configuration_file_starts_it(tmp_path: Path) -> None:
    """All options may come from the file."""
    port, log, path = free_port(), tmp_path / "log", tmp_path / "conf"
    path.write_text("\n".join(options(tmp_path, port)), "utf-8")
    with started(drop_in(f"--config-file={path}"), tmp_path, log=log) as server:
        assert f"127.0.0.1:{port}" in server.ready()
        assert server.end() == 0


@pytest.fixture
def home() -> Iterator[Path]:
    """Return a folder of the user nobody, in a folder that all users may enter."""
    nobody = pwd.getpwnam("nobody")
    path = Path(tempfile.mkdtemp(prefix="gearman_tx-"))
    path.chmod(stat.S_IRWXU | stat.S_IXGRP | stat.S_IXOTH)
    os.chown(path, nobody.pw_uid, nobody.pw_gid)
    try:
        yield path
    finally:
        shutil.rmtree(path)


def become_nobody(folder: Path) -> list[str]:
    """Return the words that run a command as the user nobody, without measuring coverage."""
    words = ["env", "--unset=COVERAGE_PROCESS_CONFIG", "--unset=COVERAGE_PROCESS_START"]
    words += ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]
    if run([*words, *drop_in("--version")], folder).status:  # Python's library may be out of reach
        pytest.skip("another user cannot read this environment")
    return words


@as_root
def test_another_user(home: Path) -> None:
    """--user sets user, group and groups; that user writes, reopens and removes the files."""
    nobody = pwd.getpwnam("nobody")
    port, log = free_port(), home / "log"
    command = drop_in(*options(home, port, "-d", "-u", "nobody"))
    with daemon(command, home, home / "pid", log) as server:
        status = Path(f"/proc/{server.pid}/status").read_text().splitlines()
        ids = {line.split(":")[0]: line.split(":")[1].split() for line in status}
        assert set(ids["Uid"]) == {str(nobody.pw_uid)}
        assert set(ids["Gid"]) == {str(nobody.pw_gid)}
        assert set(ids["Groups"]) <= {str(nobody.pw_gid)}
        assert log.stat().st_uid == nobody.pw_uid
        log.rename(home / "log.1")
        server.kill(signal.SIGHUP)
        until(log.exists, "the log file is reopened")
        server.end(signal.SIGTERM)
        assert not (home / "pid").exists()


@as_root
def test_only_root_becomes_another_user(home: Path) -> None:
    """Without root, --user of another user is refused; the user's own name has no effect."""
    as_nobody = become_nobody(home)
    done = run([*as_nobody, *drop_in(*options(home, free_port(), "--user=root"))], home)
    assert (done.status, done.err) == (1, "gearmand: --user: only root can become user 'root'\n")
    command = [*as_nobody, *drop_in(*options(home, free_port(), "--user=nobody"))]
    with started(command, home, log=home / "log") as server:
        server.ready()
        assert server.end() == 0


@as_root
def test_default_files_that_cannot_be_written(home: Path) -> None:
    """Default files that cannot be written are left out: the log goes to standard error."""
    as_nobody = become_nobody(home)
    command = [*as_nobody, *drop_in("--listen=127.0.0.1", "--port=0")]
    with started(command, home) as server:
        text = server.ready()
        assert "cannot write the log file /var/log/gearmand.log: Permission denied" in text
        assert server.end() == 0

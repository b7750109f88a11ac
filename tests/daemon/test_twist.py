"""``twist gearmand``: the same server under Twisted's other program, in the foreground."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest

from tests.daemon.peer import Peer
from tests.daemon.process import BIN, refuses, run, started, until
from tests.support.ports import free_port

PROGRAMS = {
    "twist": [str(BIN / "twist")],
    "python -m twisted": [sys.executable, "-m", "twisted"],
}

programs = pytest.mark.parametrize("program", PROGRAMS.values(), ids=PROGRAMS)


@programs
def test_it_serves(tmp_path: Path, program: list[str]) -> None:
    """It keeps background jobs in the working folder, and SIGTERM stops it in good order."""
    port = free_port()
    command = [*program, "gearmand", "--listen=127.0.0.1", f"--port={port}"]
    with started(command, tmp_path) as server:
        until(lambda: not refuses(port), "it serves")
        with Peer(port) as client:
            client.submit()
        assert server.end(signal.SIGTERM) == 0
    assert (tmp_path / f"gearmand-{port}.sqlite3").exists()


@programs
@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("--prot=1", "unrecognised option '--prot'; is '--port' meant?"),
        ("--sqlite-path=/nowhere/queue", "the queue file /nowhere/queue needs"),
        ("--endpoint=unix:/nowhere/socket", "--endpoint=unix:/nowhere/socket: No such file"),
        ("--log-format=json", "--log-format: the log is that of twist, whose own"),
        ("--log-file=log", "--log-file: twist logs to its own --log-file, before the word"),
    ],
)
def test_what_cannot_be_started(
    tmp_path: Path, program: list[str], option: str, reason: str
) -> None:
    """One line on standard error says why, and the exit status is 1."""
    done = run([*program, "gearmand", "--port=0", option], tmp_path)
    assert done.status == 1
    assert done.err.startswith(f"twist gearmand: {reason}")
    assert done.err.count("\n") == 1


def test_sighup_reopens_its_log(tmp_path: Path) -> None:
    """The log of ``twist --log-file`` goes on in a new file, or in the old one with a message."""
    folder, moved = tmp_path / "log", tmp_path / "moved"
    folder.mkdir()
    log, port = folder / "twist.log", free_port()
    command = [*PROGRAMS["twist"], f"--log-file={log}", "--log-format=text", "gearmand"]
    words = ["--queue-type=builtin", "--listen=127.0.0.1", f"--port={port}"]
    with started([*command, *words], tmp_path, log=log) as server:
        server.ready()
        folder.rename(moved)
        server.log = moved / "twist.log"
        server.kill(signal.SIGHUP)
        server.says(f"cannot reopen the log file {log}: No such file or directory")
        folder.mkdir()
        server.kill(signal.SIGHUP)
        until(log.exists, "the log file is reopened")
        assert server.end(signal.SIGTERM) == 0
    assert "SIGTERM: stopping at once" in log.read_text()
    assert "SIGTERM" not in server.text

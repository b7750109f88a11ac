"""The plugin for pytest, as a user has it: a folder of tests and a pytest of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.daemon.process import wait_gone

SECONDS = 60
PIDS = re.compile(r"process id ([0-9]+)")


def run_pytest(folder: Path, code: str, *options: str) -> str:
    """Run the tests in ``code`` and return what pytest prints."""
    (folder / "test_it.py").write_text(code, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-W", "error", "-p", "no:cacheprovider", *options]
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
        text=True,
    )
    return done.stdout + done.stderr


def test_each_test_has_its_own_server(tmp_path: Path) -> None:
    """The queue is empty at the beginning of each, whatever another left behind."""
    code = """
import socket
import pytest
from gearman_tx.wire import PacketType, request

@pytest.mark.parametrize("number", [1, 2])
def test_alone(gearman_server, number):
    assert gearman_server.jobs() == []
    with socket.create_connection((gearman_server.host, gearman_server.port)) as link:
        link.sendall(request(PacketType.SUBMIT_JOB_BG, b"f", b"", b""))
        link.recv(100)
    assert len(gearman_server.jobs()) == 1
    gearman_server.restart()
    assert len(gearman_server.jobs()) == 1
"""
    assert "2 passed" in run_pytest(tmp_path, code)


def test_the_shared_server_is_one(tmp_path: Path) -> None:
    """All tests of a session get the same process, also from several modules."""
    code = """
import pytest
pids = set()

@pytest.mark.parametrize("number", range(3))
def test_shared(shared_gearman_server, number):
    pids.add(shared_gearman_server.pid)
    assert len(pids) == 1
"""
    assert "3 passed" in run_pytest(tmp_path, code)


def test_options(tmp_path: Path) -> None:
    """``gearman_options`` is for one server, arguments are for each that a test starts."""
    code = """
import pytest

@pytest.fixture
def gearman_options():
    return ["--verbose=DEBUG"]

def test_override(gearman_server):
    assert gearman_server.ask(b"verbose\\n") == b"OK DEBUG\\n"

def test_several(start_gearman_server):
    first, second = start_gearman_server(), start_gearman_server("--verbose=ERROR")
    assert first.port != second.port
    assert second.ask(b"verbose\\n") == b"OK ERROR\\n"
"""
    assert "2 passed" in run_pytest(tmp_path, code)


def test_a_failure_shows_the_log_of_its_own_servers(tmp_path: Path) -> None:
    """The report of a failed test has the log lines that its server wrote meanwhile, no others."""
    code = """
from gearman_tx.wire import PacketType, request
import socket

def speak(server, text):
    with socket.create_connection((server.host, server.port)) as link:
        link.sendall(text + b"\\r\\n" + b"\\0BAD" + bytes(8))
        while link.recv(100):
            pass

def test_before(shared_gearman_server):
    speak(shared_gearman_server, b"version")

def test_fails(gearman_server):
    raise AssertionError("on purpose")

def test_fails_too(shared_gearman_server):
    speak(shared_gearman_server, b"version")
    raise AssertionError("on purpose")

def test_passes(gearman_server):
    pass
"""
    output = run_pytest(tmp_path, code)
    assert "2 failed, 2 passed" in output
    (own, shared) = re.findall(r"-+ log of the job server (127\.0\.0\.1:\d+) -+", output)
    assert own != shared
    assert output.count(f"listening on {own}") == 1
    assert f"listening on {shared}" not in output
    assert output.count("dropped") == 1


def test_no_server_outlives_its_test(tmp_path: Path) -> None:
    """All have ended when pytest has, after failures and errors too."""
    code = """
import os
import pytest

def test_fails(gearman_server, shared_gearman_server, start_gearman_server):
    start_gearman_server()
    start_gearman_server("--nonsense")
"""
    output = run_pytest(tmp_path, code)
    assert "unrecognised option '--nonsense'" in output
    pids = set(PIDS.findall(output))
    assert len(pids) == 3
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]


@pytest.mark.parametrize(("options", "processes"), [(("-p", "no:xdist"), 1), (("-n", "2"), 2)])
def test_no_server_outlives_a_killed_run(
    tmp_path: Path, options: tuple[str, ...], processes: int
) -> None:
    """SIGKILL leaves no time for the end of a fixture; the servers notice it by themselves."""
    code = """
import threading
from pathlib import Path
import pytest

@pytest.mark.parametrize("number", [1, 2])
def test_waits(gearman_server, shared_gearman_server, number):
    with (Path(__file__).parent / "pids").open("w") as pids:
        pids.write(f"{gearman_server.pid} {shared_gearman_server.pid}\\n")
    threading.Event().wait()
"""
    (tmp_path / "test_it.py").write_text(code, encoding="utf-8")
    os.mkfifo(tmp_path / "pids")
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options]
    run = subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    try:
        # Open to write, too, so it has no end.
        with os.fdopen(os.open(tmp_path / "pids", os.O_RDWR), "rb", buffering=0) as lines:
            pids = [int(pid) for _ in range(processes) for pid in lines.readline().split()]
    finally:
        run.kill()
        run.wait()
    assert len(set(pids)) == 2 * processes
    for pid in pids:
        wait_gone(pid)


def test_a_stage(tmp_path: Path) -> None:
    """``gearman_stage`` is a stage, closed at the end of the test."""
    code = """
kept = []

def test_stage(gearman_stage):
    kept.append(gearman_stage.client().submit("nobody", b""))
    gearman_stage.result(kept[0].accepted)

def test_closed():
    assert kept[0].is_done
"""
    assert "2 passed" in run_pytest(tmp_path, code)


def test_the_plugin_installs_no_reactor(tmp_path: Path) -> None:
    """A suite that chooses its reactor, as with pytest-twisted or asyncio, still may."""
    code = """
import sys

def test_reactor():
    assert "gearman_tx.testing.pytest_plugin" in sys.modules
    assert "twisted.internet.reactor" not in sys.modules
"""
    assert "1 passed" in run_pytest(tmp_path, code)


def test_the_fixtures_are_listed(tmp_path: Path) -> None:
    """``pytest --fixtures`` says what each is for."""
    output = run_pytest(tmp_path, "", "--fixtures")
    ours = r"^(\w+).* -- .*gearman_tx/testing/pytest_plugin\.py.*\n(.*)"
    texts = dict(re.findall(ours, output, re.MULTILINE))
    assert texts.keys() == {
        "gearman_options",
        "gearman_server",
        "gearman_stage",
        "shared_gearman_server",
        "start_gearman_server",
    }
    assert not any("no docstring" in text for text in texts.values())

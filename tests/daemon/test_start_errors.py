"""An error at the start is one line on standard error, and status 1."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.process import BIN, Done, drop_in, run, started, twistd, until
from tests.support.ports import free_port


@pytest.fixture
def taken() -> Iterator[int]:
    """Listen on a port of 127.0.0.1."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def assert_one_line(done: Done, *words: str) -> None:
    """Check that a start failed with one line that has all ``words``, and without a traceback."""
    assert done.status == 1, done
    assert done.err.startswith("twistd gearmand: "), done
    assert done.err.count("\n") == 1, done
    for word in words:
        assert word in done.err
    assert "Traceback" not in done.out


@pytest.mark.parametrize("how", [("-n", "--pidfile="), ("--pidfile=pid",)])
def test_the_port_is_taken(tmp_path: Path, taken: int, how: tuple[str, ...]) -> None:
    """In the foreground and as a daemon; no PID file is left."""
    command = twistd("--listen=127.0.0.1", f"--port={taken}", twistd_options=how)
    done = run(command, tmp_path)
    assert_one_line(done, f"cannot listen on 127.0.0.1:{taken}: Address already in use", "--port")
    assert list(tmp_path.iterdir()) == []


def test_a_bad_option(tmp_path: Path) -> None:
    """The error is one line; twistd would print all its help on standard output."""
    done = run(twistd("--prot=4730"), tmp_path)
    assert_one_line(done, "unrecognised option '--prot'; is '--port' meant?")
    assert done.out == ""


def test_a_bad_port_in_the_environment(tmp_path: Path) -> None:
    """The message names the variable, not the option."""
    done = run(twistd(), tmp_path, {**os.environ, "GEARMAND_PORT": "http"})
    assert_one_line(done, "environment variable GEARMAND_PORT: 'http' is not a whole number")


def test_a_format_for_the_log_of_twistd(tmp_path: Path) -> None:
    """The system's log has a format of its own."""
    command = twistd("--port=0", "--log-format=json", twistd_options=("-n", "--syslog"))
    assert_one_line(run(command, tmp_path), "--log-format: the log is that of twistd --syslog")


def test_a_log_file_that_cannot_be_written(tmp_path: Path) -> None:
    """Its folder does not exist."""
    log = tmp_path / "nowhere" / "log"
    done = run(twistd("--port=0", f"--log-file={log}"), tmp_path)
    assert_one_line(done, f"cannot write the log file {log}: No such file or directory")


def test_two_logs(tmp_path: Path) -> None:
    """A log of twistd and a log of the server exclude each other."""
    command = twistd("--port=0", "--log-file=a", twistd_options=("-n", "--logfile=b"))
    assert_one_line(run(command, tmp_path), "--log-file: twistd has --logfile already")


def test_an_endpoint_that_is_none(tmp_path: Path) -> None:
    """Twisted's parser refuses it."""
    done = run(twistd("--endpoint=carrier-pigeon:1"), tmp_path)
    assert_one_line(done, "--endpoint=carrier-pigeon:1: Unknown endpoint type")


def test_an_endpoint_that_cannot_be_listened_on(tmp_path: Path) -> None:
    """The error occurs when the service starts; twistd removes its PID file."""
    path = tmp_path / "nowhere" / "socket"
    how = ("-n", "--pidfile=pid")
    done = run(twistd(f"--endpoint=unix:{path}", twistd_options=how), tmp_path)
    assert_one_line(done, f"--endpoint=unix:{path}: No such file or directory ({path}.lock)")
    assert not (tmp_path / "pid").exists()


def test_a_daemon_whose_endpoint_cannot_be_listened_on(tmp_path: Path) -> None:
    """It has left the terminal; twistd prints the beginning of the reason there."""
    endpoint = "--endpoint=unix:/nowhere/socket"
    done = run(twistd(endpoint, twistd_options=("--pidfile=pid",)), tmp_path)
    assert done.status == 1
    assert f"{endpoint}: No such file" in done.err
    assert "Traceback" not in done.err
    until(lambda: not (tmp_path / "pid").exists(), "the daemon has cleared its PID file away")


@pytest.fixture
def removed(tmp_path: Path) -> list[str]:
    """Return the beginning of a command line that runs in a folder that was removed."""
    folder = tmp_path / "removed"
    return ["sh", "-c", f'mkdir "{folder}"; cd "{folder}"; rmdir "{folder}"; exec "$0" "$@"']


@pytest.mark.parametrize(
    "command",
    [
        twistd("--port=0", twistd_options=("-n",)),
        twistd("--port=0"),
        twistd("--port=0", twistd_options=("--pidfile=",)),
        twistd("--port=0", "-q", "builtin", twistd_options=("-n", "--pidfile=", "--logfile=log")),
        twistd("--port=0", "-q", "builtin", "--log-file=log"),
        drop_in("--port=0", "--pid-file=pid", "--log-file=stderr"),
        drop_in("--port=0", "--pid-file=/nowhere/pid", "--log-file=stderr", "-q", "sqlite"),
        [str(BIN / "twist"), "gearmand", "--port=0"],
    ],
    ids=" ".join,
)
def test_a_folder_that_was_removed(tmp_path: Path, removed: list[str], command: list[str]) -> None:
    """A server with a file in its working folder says that the folder is gone."""
    done = run([*removed, *command], tmp_path)
    assert done.status == 1
    reason = "gearmand: the working folder was removed: change to another folder\n"
    assert done.err.endswith(reason)
    assert done.err.count("\n") == 1


def test_a_folder_that_was_removed_and_is_not_needed(tmp_path: Path, removed: list[str]) -> None:
    """A server whose files are in other folders is started."""
    where = ["--listen=127.0.0.1", f"--port={free_port()}"]
    file = f"--sqlite-path={tmp_path / 'queue'}"
    files = [f"--pid-file={tmp_path / 'pid'}", "--log-file=stderr"]
    for command in (twistd(*where, file), drop_in(*where, *files), drop_in(*where, *files, file)):
        with started([*removed, *command], tmp_path) as server:
            server.ready()
            assert server.end() == 0

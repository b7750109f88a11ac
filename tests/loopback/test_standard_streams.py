"""Programs that are started without standard input, output or error serve as others do."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest

from gearman_tx.wire import PacketType
from tests.daemon.peer import Peer
from tests.daemon.process import (
    BIN,
    WAIT_SECONDS,
    daemon,
    drop_in,
    refuses,
    serving,
    started,
    twistd,
    until,
)
from tests.support.ports import free_port

CLOSED = {
    "-".join(name for name, word in zip(("in", "out", "err"), words, strict=True) if word): (
        "".join(words)
    )
    for words in product(("", " <&-"), ("", " >&-"), ("", " 2>&-"))
    if any(words)
}
"""Every combination of closed streams, as a shell writes it."""

combinations = pytest.mark.parametrize("closed", CLOSED.values(), ids=CLOSED)

EACH_AND_ALL = {name: CLOSED[name] for name in ("in", "out", "err", "in-out-err")}
"""Those in which programs start: which numbers are owned is the same code for every combination."""

each_and_all = pytest.mark.parametrize("closed", EACH_AND_ALL.values(), ids=EACH_AND_ALL)

REPORT = """
import os, sys
from gearman_tx.process import standard_streams
standard_streams.open_closed()
numbers = [os.open("/dev/null", os.O_RDONLY) for _ in range(3)]
names = [os.readlink(f"/proc/self/fd/{number}") for number in range(3)]
print("to nobody", flush=True)
print("to nobody", file=sys.stderr, flush=True)
children = [os.get_inheritable(number) for number in range(3)]
open(sys.argv[1], "w").write(repr((min(numbers) > 2, names, children, sys.stdin is None)))
"""


def without(closed: str, command: Sequence[str]) -> list[str]:
    """Return a command line that runs ``command`` with streams closed."""
    return ["sh", "-c", f'exec "$0" "$@"{closed}', *command]


def standard_files(pid: int) -> list[str]:
    """Return what a process has open as its descriptors 0 to 2."""
    return [str(Path(f"/proc/{pid}/fd/{number}").readlink()) for number in range(3)]


def assert_served(server_pid: int, port: int) -> None:
    """Check that a server accepts a job, and that its standard files are no sockets of it."""
    with Peer(port) as client:
        client.submit()
    assert not any("socket:" in name or "anon_inode" in name for name in standard_files(server_pid))


@combinations
def test_descriptors_are_owned(tmp_path: Path, closed: str) -> None:
    """What is closed is on /dev/null, also for child processes; other files get other numbers."""
    report = tmp_path / "report"
    command = [sys.executable, "-c", REPORT, str(report)]
    done = subprocess.run(
        without(closed, command), stdin=subprocess.PIPE, capture_output=True, check=False
    )
    assert done.returncode == 0, done
    are_others, names, children, has_no_input = eval(report.read_text())  # noqa: S307  # our own text
    assert are_others
    for number, word in enumerate(("<&-", ">&-", "2>&-")):
        is_closed = word in closed.split()
        assert (names[number] == "/dev/null") == is_closed
        assert children[number]
    assert has_no_input == ("<&-" in closed)


@each_and_all
def test_the_drop_in_as_a_daemon(tmp_path: Path, closed: str) -> None:
    """It serves, and SIGTERM ends it."""
    port, pid_file, log = free_port(), tmp_path / "pid", tmp_path / "log"
    words = [f"--port={port}", "--listen=127.0.0.1", f"--pid-file={pid_file}", f"--log-file={log}"]
    command = without(closed, drop_in("-d", *words))
    with daemon(command, tmp_path, pid_file, log) as server:
        assert_served(server.pid, port)
        server.end(signal.SIGTERM)
        server.says("SIGTERM: stopping at once", "stopped")


@each_and_all
def test_the_drop_in_in_the_foreground(tmp_path: Path, closed: str) -> None:
    """It serves with the log on standard error, open or closed."""
    port, pid_file = free_port(), tmp_path / "pid"
    words = [f"--port={port}", "--listen=127.0.0.1", f"--pid-file={pid_file}", "-l", "stderr"]
    with started(without(closed, drop_in(*words)), tmp_path) as server:
        until(lambda: not refuses(port), "it serves")
        assert_served(server.pid, port)
        assert server.end(signal.SIGTERM) == 0


@pytest.mark.parametrize("reactor", [(), ("--reactor=select",)])
@each_and_all
def test_twistd_as_a_daemon(tmp_path: Path, closed: str, reactor: tuple[str, ...]) -> None:
    """It serves, even if an option makes its reactor first."""
    port = free_port()
    command = twistd(
        "--listen=127.0.0.1", f"--port={port}", "-q", "builtin", twistd_options=reactor
    )
    pid_file, log = tmp_path / "twistd.pid", tmp_path / "twistd.log"
    with daemon(without(closed, command), tmp_path, pid_file, log) as server:
        assert_served(server.pid, port)
        server.end(signal.SIGTERM)
        server.says("SIGTERM: stopping at once", "stopped")


@pytest.mark.parametrize("program", ["twistd", "twist"])
@each_and_all
def test_twistd_in_the_foreground(tmp_path: Path, closed: str, program: str) -> None:
    """``twistd -n`` and ``twist`` serve with the log on standard output, open or closed."""
    port = free_port()
    words = ["--listen=127.0.0.1", f"--port={port}", "--queue-type=builtin"]
    command = twistd(*words) if program == "twistd" else [str(BIN / "twist"), "gearmand", *words]
    with started(without(closed, command), tmp_path) as server:
        until(lambda: not refuses(port), "it serves")
        assert_served(server.pid, port)
        assert server.end(signal.SIGTERM) == 0
        assert (">&-" in closed.split()) == (server.text == "")


@each_and_all
def test_the_tools(tmp_path: Path, closed: str) -> None:
    """A worker runs a command for each job, and a submission gets its result into a file."""
    program = str(BIN / "gearman-tx")
    with serving(tmp_path) as server:
        where = f"--server=127.0.0.1:{server.port}"
        work = [program, "work", where, "-f", "work", "--", "tr", "a-z", "A-Z"]
        with started(without(closed, work), tmp_path) as worker, Peer(server.port) as client:
            handle = client.submit(kind=PacketType.SUBMIT_JOB)
            kind, arguments = client.receive()
            assert (kind, arguments) == (PacketType.WORK_COMPLETE, [handle, b"DATA"])
            assert worker.end(signal.SIGTERM) == 0
        status = without(closed, [program, "status", where])
        done = subprocess.run(status, capture_output=True, timeout=WAIT_SECONDS, check=False)
        assert done.returncode == 0, done
        assert (b"work" in done.stdout) == (">&-" not in closed.split())


WORKER = """
import sys
from gearman_tx import Worker

def upper(job_or_data):  # a function in a process gets the data alone
    print("to nobody", file=sys.stderr)
    return getattr(job_or_data, "workload", job_or_data).upper()

if __name__ == "__main__":
    worker = Worker(sys.argv[1])
    worker.register("work", upper, place=sys.argv[2])
    worker.run()
"""


@pytest.mark.parametrize("place", ["thread", "process"])
@each_and_all
def test_a_worker_of_the_library(tmp_path: Path, closed: str, place: str) -> None:
    """A program that only runs a worker does its jobs, also those in other processes."""
    program = tmp_path / "program.py"
    program.write_text(WORKER)
    with serving(tmp_path) as server:
        words = [sys.executable, str(program), f"127.0.0.1:{server.port}", place]
        with started(without(closed, words), tmp_path) as worker, Peer(server.port) as client:
            handle = client.submit(kind=PacketType.SUBMIT_JOB)
            kind, arguments = client.receive()
            assert (kind, arguments) == (PacketType.WORK_COMPLETE, [handle, b"DATA"])
            assert worker.end(signal.SIGTERM) == 0


BLOCKING = """
import os, sys
from gearman_tx.blocking import GearmanClient

client = GearmanClient([sys.argv[1]])
request = client.submit_job("work", b"data", background=True, wait_until_complete=False)
assert request.job.handle, request
names = [os.readlink(f"/proc/self/fd/{number}") for number in range(3)]
os._exit(3 if any("socket:" in name or "anon_inode" in name for name in names) else 0)
"""


@each_and_all
def test_a_blocking_program(tmp_path: Path, closed: str) -> None:
    """The reactor in its thread has other descriptors than the standard ones."""
    with serving(tmp_path) as server:
        words = [sys.executable, "-c", BLOCKING, f"127.0.0.1:{server.port}"]
        done = subprocess.run(
            without(closed, words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=WAIT_SECONDS,
            check=False,
        )
        assert done.returncode == 0

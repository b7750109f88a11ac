"""The worker's how-to page: its program, put together from its blocks, does what the page says."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gearman_tx import LifeLimits
from tests.docs.python_blocks import count_blocks, read_blocks
from tests.interop.conftest import peers
from tests.interop.job_server import JobServer
from tests.interop.peer_process import PeerProcess, PeerRunner
from tests.peers import require_program
from tests.servers import running, start_our_server

__all__ = ["peers"]

PAGE = "how-to/write-a-worker.rst"
FUNCTIONS = ("progress", "reactor", "process")
TESTED = {"program", *FUNCTIONS, "limits", "service"}
GUARD = 'if __name__ == "__main__":'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[JobServer]:
    """A job server of ours, with ``worker.py`` and ``worker.tac`` beside it."""
    require_program("gearman", "apt-get install gearman-tools")
    with running(start_our_server(tmp_path)) as process:
        blocks = read_blocks(PAGE)
        text = "\n".join(blocks[name] for name in FUNCTIONS)
        program = blocks["program"].replace(GUARD, f"{text}\n\n{GUARD}")
        program = program.replace("localhost:4730", f"127.0.0.1:{process.port}")
        (tmp_path / "worker.py").write_text(program, encoding="utf-8")
        (tmp_path / "worker.tac").write_text(blocks["service"], encoding="utf-8")
        yield JobServer("ours", process)


def ask(server: JobServer, peers: PeerRunner, function: str, workload: str) -> bytes:
    """Return what ``gearman`` prints about a job."""
    command = ["gearman", "-h", "127.0.0.1", "-p", str(server.port), "-f", function, workload]
    return peers.run(command).out


def check_functions(server: JobServer, peers: PeerRunner) -> None:
    """Check every function of the page."""
    server.await_workers("primes")
    assert ask(server, peers, "reverse", "hello") == b"olleh"
    assert ask(server, peers, "count", "one two").startswith(b"one\ntwo\n2\n")
    assert ask(server, peers, "tick", "x") == b"tick tick tick done"
    assert ask(server, peers, "primes", "100") == b"25"


def end(worker: PeerProcess, status: int = 0) -> list[str]:
    """Stop a worker politely and return what it printed."""
    worker.process.terminate()
    return worker.succeed(status=status).lines


def test_every_block_of_the_page_is_run() -> None:
    """No block escapes."""
    assert set(read_blocks(PAGE)) == TESTED
    assert count_blocks(PAGE) == len(TESTED)


def test_the_program(server: JobServer, peers: PeerRunner, tmp_path: Path) -> None:
    """``python worker.py`` does all kinds of jobs and says why it ended."""
    worker = peers.start([sys.executable, str(tmp_path / "worker.py")])
    check_functions(server, peers)
    assert end(worker) == ["SIGTERM came"]


def test_the_application(server: JobServer, peers: PeerRunner, tmp_path: Path) -> None:
    """``twistd`` does the same jobs, functions in processes too, and drains at its end."""
    twistd = str(Path(sys.executable).with_name("twistd"))
    command = [twistd, "-n", "--pidfile", str(tmp_path / "pid"), "-y", str(tmp_path / "worker.tac")]
    worker = peers.start(command, env={"PYTHONPATH": str(tmp_path)})
    check_functions(server, peers)
    lines = end(worker, -signal.SIGTERM)  # twistd ends by the signal that it got
    assert any("the service was stopped" in line for line in lines)


def test_the_limits() -> None:
    """The limits of the page can be set."""
    code = read_blocks(PAGE)["limits"]
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nprint(limits)"], capture_output=True, check=True, text=True
    )
    wanted = LifeLimits(jobs=10_000, seconds=86_400, memory=500_000_000, code=True)
    assert done.stdout == f"{wanted}\n"

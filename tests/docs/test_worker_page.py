"""The worker's how-to page: its program, put together from its blocks, does what the page says."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gearman_tx import LifeLimits, Worker
from tests.docs.blocks import read_block, runs
from tests.docs.conftest import MakeReader
from tests.docs.python_blocks import run_block
from tests.interop.interop_server import InteropServer
from tests.interop.peer_process import PeerProcess, PeerRunner
from tests.loopback.servers_case import ServersCase
from tests.support.peers import require_program
from tests.support.servers import running, start_our_server

PAGE = "docs/how-to/write-a-worker.rst"
FUNCTIONS = ("progress", "reactor", "process")
GUARD = 'if __name__ == "__main__":'


@pytest.fixture
def server(tmp_path: Path) -> Iterator[InteropServer]:
    """A job server of ours, with ``worker.py`` and ``worker.tac`` beside it."""
    require_program("gearman", "apt-get install gearman-tools")
    with running(start_our_server(tmp_path)) as process:
        text = "\n".join(read_block(PAGE, name) for name in FUNCTIONS)
        program = read_block(PAGE, "program").replace(GUARD, f"{text}\n\n{GUARD}")
        program = program.replace("localhost:4730", f"127.0.0.1:{process.port}")
        (tmp_path / "worker.py").write_text(program, encoding="utf-8")
        (tmp_path / "worker.tac").write_text(read_block(PAGE, "service"), encoding="utf-8")
        yield InteropServer("ours", process)


def ask(server: InteropServer, peers: PeerRunner, function: str, workload: str) -> bytes:
    """Return what ``gearman`` prints about a job."""
    command = ["gearman", "-h", "127.0.0.1", "-p", str(server.port), "-f", function, workload]
    return peers.run(command).out


def check_functions(server: InteropServer, peers: PeerRunner) -> None:
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


@runs(PAGE, "program", "log", *FUNCTIONS)
def test_the_program(server: InteropServer, peers: PeerRunner, tmp_path: Path) -> None:
    """``python worker.py`` does all kinds of jobs and says why it ended, and what it logs."""
    worker = peers.start([sys.executable, str(tmp_path / "worker.py")])
    check_functions(server, peers)
    assert end(worker) == ["SIGTERM came"]
    shown = read_block(PAGE, "log").strip().partition("[")[2]
    shown = shown.replace("localhost:4730", f"127.0.0.1:{server.port}")
    first = worker.err.decode().splitlines()[0].partition("[")[2]
    assert first == shown.replace("reverse", "count, primes, reverse, tick")


@runs(PAGE, "logging")
def test_the_log_of_the_program(server: InteropServer, peers: PeerRunner, tmp_path: Path) -> None:
    """The lines of the page put the log into the file that they name, and nothing elsewhere."""
    program = tmp_path / "worker.py"
    text = f"{read_block(PAGE, 'logging')}\n{program.read_text(encoding='utf-8')}"
    program.write_text(text, encoding="utf-8")
    worker = peers.start([sys.executable, str(program)])
    server.await_workers("primes")
    assert end(worker) == ["SIGTERM came"]
    assert worker.err == b""
    log = (peers.folder / "worker.log").read_text(encoding="utf-8")
    assert f"INFO:twisted:connected to 127.0.0.1:{server.port}, offers " in log


@runs(PAGE, "service")
def test_the_application(server: InteropServer, peers: PeerRunner, tmp_path: Path) -> None:
    """``twistd`` does the same jobs, functions in processes too, and drains at its end."""
    twistd = str(Path(sys.executable).with_name("twistd"))
    command = [twistd, "-n", "--pidfile", str(tmp_path / "pid"), "-y", str(tmp_path / "worker.tac")]
    worker = peers.start(command, env={"PYTHONPATH": str(tmp_path)})
    check_functions(server, peers)
    lines = end(worker, -signal.SIGTERM)  # twistd ends by the signal that it got
    assert any("the service was stopped" in line for line in lines)


@runs(PAGE, "limits")
def test_the_limits() -> None:
    """The limits of the page can be set."""
    code = read_block(PAGE, "limits")
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nprint(limits)"], capture_output=True, check=True, text=True
    )
    wanted = LifeLimits(jobs=10_000, seconds=86_400, memory=500_000_000, code=True)
    assert done.stdout == f"{wanted}\n"


@runs(PAGE, "processes")
def test_two_processes(
    server: InteropServer, peers: PeerRunner, make_reader: MakeReader, tmp_path: Path
) -> None:
    """Both are workers, and they do the jobs of the page's program."""
    reader = make_reader(PAGE, server.port, variables={"PYTHONPATH": str(tmp_path)})
    reader.start("processes")
    server.await_counts("primes", lambda counts: counts.workers == 2)
    assert ask(server, peers, "reverse", "hello") == b"olleh"
    assert ask(server, peers, "primes", "100") == b"25"


class RunningWorkerTests(ServersCase):
    """A worker that is connected while it pauses, or its functions change."""

    kind = "ours"

    @runs(PAGE, "pause")
    async def test_pause(self) -> None:
        """The worker runs jobs again after the pause."""
        server = self.start_server()
        worker = Worker(f"127.0.0.1:{server.port}", reactor=self.reactor)
        self.addCleanup(worker.stop)
        worker.register("reverse", lambda job: job.workload[::-1])
        await worker.start()
        assert await run_block(PAGE, "pause", {"worker": worker}) == ["True 0"]
        assert not worker.is_paused
        assert await self.make_client(server).submit("reverse", b"hello") == b"olleh"

    @runs(PAGE, "register")
    async def test_functions_come_and_go(self) -> None:
        """The new function is offered and works; the server knows no worker for the old one."""
        server = self.start_server()
        worker = Worker(f"127.0.0.1:{server.port}", reactor=self.reactor)
        self.addCleanup(worker.stop)
        worker.register("reverse", lambda job: job.workload[::-1])
        await worker.start()
        await run_block(PAGE, "register", {"worker": worker})
        assert await self.make_client(server).submit("shout", b"hello") == b"HELLO"
        lines = server.ask(b"status\n", b".\n").splitlines()
        assert b"shout\t0\t0\t1" in lines
        assert b"reverse\t0\t0\t0" in lines

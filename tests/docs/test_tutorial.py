"""The programs of the tutorial do what it says: share jobs, survive the loss of a worker."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from gearman_tx.testing import ServerProcess
from tests.peers import require_peer, require_program
from tests.servers import running, start_our_server

PROGRAMS = Path(__file__).parents[2] / "docs" / "tutorial"
WAIT_SECONDS = 20.0


class Shell:
    """The reader's terminals: the tutorial's programs in a folder, on a port of the test's own."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.running: list[subprocess.Popen[str]] = []
        for program in PROGRAMS.glob("*.php"):
            text = program.read_text(encoding="utf-8").replace("4730", str(port))
            (folder / program.name).write_text(text, encoding="utf-8")

    def start(self, *command: str) -> subprocess.Popen[str]:
        """Start ``command`` in a terminal of its own; its output can be read."""
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.running.append(process)
        return process

    def close(self) -> None:
        """End whatever still runs."""
        for process in self.running:
            process.kill()
            process.communicate()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """Start our job server as the reader does, with its queue in a file."""
    with running(start_our_server(tmp_path, "--queue-type=sqlite")) as server:
        yield server


@pytest.fixture
def shell(tmp_path: Path, server: ServerProcess) -> Iterator[Shell]:
    """Give the reader terminals with PHP and its Gearman extension."""
    php = require_program("php", "apt-get install php-cli php-gearman")
    loaded = subprocess.run([php, "-m"], stdout=subprocess.PIPE, check=True, text=True).stdout
    found = "gearman" in loaded.split()
    require_peer(found, "PHP's Gearman extension", "apt-get install php-gearman")
    shell = Shell(tmp_path, server.port)
    yield shell
    shell.close()


def result_of(client: subprocess.Popen[str]) -> str:
    """Return what ``client`` prints until it ends well."""
    output, _ = client.communicate(timeout=WAIT_SECONDS)
    assert client.returncode == 0
    return output


def wait_for_job(worker: subprocess.Popen[str]) -> str:
    """Return the line that ``worker`` prints when it takes a job."""
    assert worker.stdout is not None
    return worker.stdout.readline()


def test_the_length_of_hello_is_five(shell: Shell) -> None:
    """The first client prints 5, whichever of the two was started first."""
    client = shell.start("php", "client.php")
    worker = shell.start("php", "worker.php")
    assert result_of(client) == "5\n"
    assert wait_for_job(worker).startswith("worker ")
    assert result_of(shell.start("php", "client.php", "four")) == "4\n"


def test_two_workers_share_four_jobs(shell: Shell) -> None:
    """While the first worker is busy the second takes the next job, so both have work."""
    workers = [shell.start("php", "worker.php", "1") for _ in range(2)]
    clients = [shell.start("php", "client.php", "x" * size) for size in range(1, 5)]
    assert [result_of(client) for client in clients] == ["1\n", "2\n", "3\n", "4\n"]
    for worker in workers:
        assert wait_for_job(worker).startswith("worker ")


def test_another_worker_finishes_the_job_of_a_killed_one(shell: Shell) -> None:
    """The client of a job whose worker is killed gets its result from the next worker."""
    slow = shell.start("php", "worker.php", "30")
    client = shell.start("php", "client.php")
    first = wait_for_job(slow)
    slow.kill()
    quick = shell.start("php", "worker.php")
    assert result_of(client) == "5\n"
    assert first.split()[-1] == wait_for_job(quick).split()[-1]


def test_the_shell_worker_counts_bytes(shell: Shell, server: ServerProcess) -> None:
    """``gearman`` with ``wc -c`` is a worker for ``gearman`` as a client."""
    gearman = require_program("gearman", "apt-get install gearman-tools")
    port = ("-h", "127.0.0.1", "-p", str(server.port))
    shell.start(gearman, *port, "-w", "-f", "length", "--", "wc", "-c")
    assert result_of(shell.start(gearman, *port, "-f", "length", "Hello")) == "5\n"

"""The commands of README.rst do what the text beside them says, in a copy of the checkout."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from attrs import frozen

from gearman_tx.testing import ServerProcess
from tests.docs.blocks import read_block, read_commands, runs
from tests.packaging.sources import copy_sources, user_environment
from tests.support.peers import require_program
from tests.support.ports import free_port

INSTALL_SECONDS = 240.0
COMMAND_SECONDS = 20.0
STEP_SECONDS = 0.05
PAGE = "README.rst"
COMMAND_LINE = "docs/reference/command-line.rst"


@frozen
class Terminal:
    """A user in a checkout, with a server on ``port`` where the README means 4730."""

    folder: Path
    port: int

    def words(self, block: str) -> str:
        """Return the commands of ``block`` as shell words, the port apart as in README.rst."""
        commands = "\n".join(command for command, _ in read_commands(PAGE, block))
        return commands.replace("4730", str(self.port))

    def start(self, block: str) -> subprocess.Popen[bytes]:
        """Start the commands of ``block`` and leave them running, as the user's terminal does."""
        output = (self.folder / f"{block}.log").open("wb")
        with output:
            return subprocess.Popen(
                ["sh", "-c", self.words(block)],
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def start_program(self, block: str, output: int | None = None) -> subprocess.Popen[bytes]:
        """Start the Python program ``block`` with what the server's command installed."""
        program = read_block(PAGE, block).replace("4730", str(self.port))
        command = [str(self.folder / "venv" / "bin" / "python"), "-c", program]
        return subprocess.Popen(
            command, env=self._environment(), stdout=output, start_new_session=True
        )

    def run(self, block: str) -> str:
        """Run the commands of ``block`` to their end and return what they print."""
        done = subprocess.run(
            ["sh", "-c", self.words(block)],
            cwd=self.folder,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        output = done.stdout.decode(errors="replace")
        assert done.returncode == 0, f"{block} exited with {done.returncode}:\n{output}"
        return output

    def server(self, process: subprocess.Popen[bytes], block: str) -> ServerProcess:
        """Return the server that ``block`` started, once it answers on this terminal's port."""
        server = ServerProcess(process, self.port, self.folder / f"{block}.log")
        deadline = time.monotonic() + INSTALL_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            with contextlib.suppress(OSError):
                if server.ask(b"version\r\n").startswith(b"OK"):
                    return server
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STEP_SECONDS)
        raise AssertionError(f"no server came up:\n{server.log.read_text(errors='replace')}")

    def _environment(self) -> dict[str, str]:
        return {
            **user_environment(),
            "GEARMAND_PORT": str(self.port),
            "GEARMAN_SERVER": f"127.0.0.1:{self.port}",
        }


def end(process: subprocess.Popen[bytes]) -> None:
    """Press Ctrl-C in the terminal where ``process`` runs and wait for its end."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(COMMAND_SECONDS)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def connects(port: int) -> bool:
    """Return whether something listens on ``port`` of 127.0.0.1."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def wait_until(condition: Callable[[], bool]) -> None:
    """Return when ``condition`` holds: a daemon is no child, so nothing tells that it is ready."""
    deadline = time.monotonic() + COMMAND_SECONDS
    pause = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, f"not so after {COMMAND_SECONDS} s"
        pause.wait(STEP_SECONDS)


@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Terminal]:
    """Start the server as README.rst says, once for all its other commands."""
    folder = copy_sources(tmp_path_factory.mktemp("readme") / "checkout")
    terminal = Terminal(folder, free_port())
    process = terminal.start("start")
    try:
        terminal.server(process, "start")
        yield terminal
    finally:
        end(process)


@runs(PAGE, "start", "worker", "client")
def test_first_job_comes_back_in_capital_letters(terminal: Terminal) -> None:
    """The worker of README.rst does the client's job and the client prints the result."""
    require_program("gearman", "apt-get install gearman-tools")
    worker = terminal.start("worker")
    try:
        assert terminal.run("client") == "HELLO, WORKER\n"
    finally:
        end(worker)


@runs(PAGE, "background")
def test_background_job_waits_in_the_queue(terminal: Terminal) -> None:
    """A background job without a worker is counted by ``gearadmin --status`` as queued."""
    require_program("gearman", "apt-get install gearman-tools")
    lines = terminal.run("background").splitlines()
    assert [line.split("\t")[:3] for line in lines] == [["shout", "1", "0"], ["."]]


@runs(PAGE, "text")
def test_text_commands_are_answered_through_nc(terminal: Terminal) -> None:
    """``nc`` prints the replies of all three text commands in order, although it stops sending."""
    require_program("nc", "apt-get install netcat-openbsd")
    status, workers, text = terminal.run("text").split(".\n", maxsplit=2)
    assert all(line.count("\t") == 3 for line in status.splitlines())
    assert " 127.0.0.1 - :\n" in workers or " ::1 - :\n" in workers
    assert "status" in text


@runs(PAGE, "library-worker", "library-client", "library-asyncio")
def test_the_library_is_client_and_worker(terminal: Terminal) -> None:
    """The clients of README.rst print what the worker of README.rst makes of their jobs."""
    worker = terminal.start_program("library-worker")
    try:
        for name in ("library-client", "library-asyncio"):
            client = terminal.start_program(name, subprocess.PIPE)
            output, _ = client.communicate(timeout=COMMAND_SECONDS)
            assert output == b"b'olleh'\n"
    finally:
        end(worker)


@runs(PAGE, "drop-in")
def test_drop_in_command_makes_a_daemon_with_a_pid_file(terminal: Terminal) -> None:
    """The C server's command line starts a daemon that SIGTERM ends and that removes its file."""
    daemon = Terminal(terminal.folder, free_port())
    daemon.run("drop-in")
    pid_file = daemon.folder / "gearmand.pid"
    wait_until(pid_file.exists)
    pid = int(pid_file.read_text())
    try:
        wait_until(lambda: connects(daemon.port))
    finally:
        os.kill(pid, signal.SIGTERM)
    wait_until(lambda: not pid_file.exists())
    assert not connects(daemon.port)


@runs(COMMAND_LINE, "install")
def test_the_command_line_is_installed_later(terminal: Terminal) -> None:
    """The extra adds what the other commands need to a package that is there already."""
    program = terminal.folder / "venv" / "bin" / "gearman-tx"
    ((command, _),) = read_commands(COMMAND_LINE, "install")
    before = subprocess.run([program, "ping", "--help"], capture_output=True, check=False)
    assert before.returncode != 0
    assert b"gearman-tx[cli]" in before.stderr
    command = f"{terminal.folder}/venv/bin/{command}"
    subprocess.run(command, shell=True, check=True, stdout=subprocess.DEVNULL)  # noqa: S602  # the page's
    subprocess.run([program, "ping", "--help"], check=True, stdout=subprocess.DEVNULL)

"""A real job server in a process of its own, for tests with real sockets."""

from __future__ import annotations

import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from attrs import define

from gearman_tx.admin import JobDetails, read_jobs
from gearman_tx.wire import PacketType, request

START_SECONDS: Final = 60.0
"""Seconds that a server may take to start."""

STOP_SECONDS: Final = 30.0
"""Seconds that a server may take to stop."""

HOST: Final = "127.0.0.1"
"""The address that it listens on: only programs on this machine can connect."""

ASK_SECONDS: Final = 30.0
"""Seconds that the answer to a text command may take."""

_PORT: Final = re.compile(rb"^STATUS=listening on .*?127\.0\.0\.1:([0-9]+)", re.MULTILINE)
# The server must not outlive a test run that is killed.
_TWISTD: Final = (
    "from gearman_tx.process.parent import end_with_parent; end_with_parent({parent}, {patience});"
    "from twisted.scripts.twistd import run; run()"
)


@define(eq=False)
class ServerProcess:
    """A job server that was started: a process, its TCP port on 127.0.0.1, its log file.

    Attributes:
        process: the process.
        port: the TCP port.
        log: the file with all its output.
    """

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self.process.pid

    @property
    def host(self) -> str:
        """The address that it listens on."""
        return HOST

    @property
    def url(self) -> str:
        """``"host:port"``, as clients and workers take it."""
        return f"{HOST}:{self.port}"

    @property
    def is_up(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    def ask(self, line: bytes, until: bytes = b"\n") -> bytes:
        """Send one text command on a fresh connection and return the reply up to ``until``."""
        with socket.create_connection((HOST, self.port), timeout=ASK_SECONDS) as link:
            link.sendall(line)
            reply = b""
            while not reply.endswith(until):
                data = link.recv(65536)
                if not data:
                    break
                reply += data
            return reply

    def jobs(self) -> list[JobDetails]:
        """Return the jobs of the server, in any state."""
        reply = b"\n" + self.ask(b"version\njobs\n", b"\n.\n")
        return read_jobs(reply.split(b"\n", 2)[2])

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """Send ``signal_number``, wait for the exit and return the exit status.

        Raises:
            subprocess.TimeoutExpired: it did not stop within thirty seconds, and was killed.
        """
        if self.is_up:
            self.process.send_signal(signal_number)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """End the process with SIGKILL."""
        if self.is_up:
            self.process.kill()
        self.process.wait()


class GearmanServer(ServerProcess):
    """``twistd gearmand`` on a free port of 127.0.0.1; it can be stopped and started again.

    It ends within a few seconds of the process that started it, also if that is killed.

    Args:
        folder: its working directory, which also has its log; servers that share a folder need
            different ports.
        options: options of ``gearmand``, such as ``"--maxqueue=10"``. Without an option for the
            queue, the queue is in ``queue.sqlite3`` in the folder.
        port: the TCP port; 0 for a free one, which it keeps across restarts.

    Raises:
        AssertionError: it did not start; the text contains its log.
    """

    def __init__(self, folder: Path, *options: str, port: int = 0) -> None:
        self.folder = folder
        self.options = options
        if not any(option.startswith(("--queue-type", "--sqlite-path")) for option in options):
            self.options = ("--queue-type=sqlite", "--sqlite-path=queue.sqlite3", *options)
        self.port = port
        self.log = folder / (f"server-{port}.log" if port else "server.log")
        self.log.write_bytes(b"")
        self.start()

    def start(self) -> None:
        """Start it, and wait until all stored jobs are loaded and it answers packets.

        Raises:
            AssertionError: it did not start; the text contains its log.
        """
        program = _TWISTD.format(parent=os.getpid(), patience=STOP_SECONDS)
        command = [sys.executable, "-c", program, "--nodaemon", "--pidfile=", "gearmand"]
        command += [f"--listen={HOST}", f"--port={self.port}", *self.options]
        said = start_and_listen(self, command, self.folder)
        found = _PORT.search(said)
        if found is None:
            self.kill()
            text = self.log.read_text(encoding="utf-8", errors="replace")
            raise AssertionError(f"the job server did not start:\n{text}")
        self.port = int(found[1])
        self._wait_loaded()

    def _wait_loaded(self) -> None:
        """Wait until packets are answered; text commands are answered during loading already."""
        echo = request(PacketType.ECHO_REQ, b"loaded")
        with socket.create_connection((HOST, self.port), timeout=START_SECONDS) as link:
            link.sendall(echo)
            link.recv(len(echo))

    def restart(self) -> None:
        """Stop it, if it is running, and start it again on the same port."""
        self.stop()
        self.start()


def start_and_listen(server: ServerProcess, command: list[str], folder: Path) -> bytes:
    """Start a server and return its message to a service manager; empty if it ended before.

    ``NOTIFY_SOCKET`` asks the server for the message, and a pipe that it inherits shows when it
    ends, so nothing is polled.

    Args:
        server: its attribute ``process`` is set.
        command: the command line.
        folder: the working directory.
    """
    # The path of a Unix socket may have 107 bytes; that of a test's folder may have more.
    with (
        tempfile.TemporaryDirectory(prefix="gearman-") as short,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager,
    ):
        manager.bind(f"{short}/notify")
        environment = {**os.environ, "NOTIFY_SOCKET": f"{short}/notify"}
        ended, ends = os.pipe()
        try:
            server.process = _start(command, folder, server.log, environment, ends)
        finally:
            os.close(ends)
        try:
            ready, _, _ = select.select([manager.fileno(), ended], [], [], START_SECONDS)
        finally:
            os.close(ended)
        return manager.recv(65536) if manager.fileno() in ready else b""


def _start(
    command: list[str], folder: Path, log: Path, environment: Mapping[str, str], ends: int
) -> subprocess.Popen[bytes]:
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            pass_fds=[ends],
        )

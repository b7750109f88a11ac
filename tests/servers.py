"""Real job servers in processes of their own: ours and the C one, started and stopped alike.

Each server listens on a free loopback port, is known to be ready when it answers the text
command ``version``, and is stopped by its process id. Its folder holds its log.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from attrs import define

from tests.peers import require_program

START_SECONDS = 20.0
STOP_SECONDS = 10.0


def free_port() -> int:
    """Return a TCP port that was free on 127.0.0.1 a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@define(eq=False)
class ServerProcess:
    """One running job server: its process, its port on 127.0.0.1 and the file it logs to."""

    process: subprocess.Popen[bytes]
    port: int
    log: Path

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self.process.pid

    def ask(self, line: bytes, until: bytes = b"\n") -> bytes:
        """Send one text command on a fresh connection and return the reply up to ``until``."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5.0) as link:
            link.sendall(line)
            reply = b""
            while not reply.endswith(until):
                data = link.recv(65536)
                if not data:
                    break
                reply += data
            return reply

    def wait_ready(self) -> None:
        """Return when the server answers ``version``; raise with its log if it never does."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                if self.ask(b"version\r\n").startswith(b"OK"):
                    return
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(0.02)  # the pause between two tries, cut short by an exit
        self.kill()
        raise AssertionError(f"the server did not start:\n{self.log.read_text(errors='replace')}")

    def stop(self, signal_number: int = signal.SIGTERM) -> int:
        """Send ``signal_number``, wait for the exit and return the exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
        try:
            return self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def kill(self) -> None:
        """End the process with SIGKILL, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def _start(
    command: list[str], port: int, folder: Path, environment: dict[str, str]
) -> ServerProcess:
    log = folder / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
        )
    server = ServerProcess(process, port, log)
    server.wait_ready()
    return server


def start_c_server(folder: Path, *options: str, port: int | None = None) -> ServerProcess:
    """Start Debian's C gearmand in ``folder`` with extra command-line ``options``."""
    program = require_program("gearmand", "apt-get install gearman-job-server")
    port = port or free_port()
    command = [program, "--listen=127.0.0.1", f"--port={port}", "--log-file=stderr"]
    command += [f"--pid-file={folder / f'gearmand-{port}.pid'}", *options]
    return _start(command, port, folder, {**os.environ})


def start_our_server(folder: Path, *options: str, port: int | None = None) -> ServerProcess:
    """Start ``twistd -n gearmand`` in ``folder`` with extra gearmand ``options``.

    Its queue is in memory unless they say otherwise.
    """
    port = port or free_port()
    twistd = Path(sys.executable).with_name("twistd")
    command = [str(twistd), "-n", f"--pidfile=twistd-{port}.pid", "gearmand"]
    command += ["--listen=127.0.0.1", f"--port={port}", "--queue-type=builtin", *options]
    return _start(command, port, folder, {**os.environ})


@contextlib.contextmanager
def running(server: ServerProcess) -> Iterator[ServerProcess]:
    """Yield ``server``; at the end stop it if it still runs, so that its coverage is written."""
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()

"""Real job servers in processes of their own: ours and the C one, started and stopped alike.

Each server listens on a free loopback port, is ready when it answers the text command ``version``,
and is stopped by its process id. Its folder holds its log.
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from gearman_tx.testing import GearmanServer, ServerProcess
from tests.support.peers import require_program
from tests.support.ports import free_port

START_SECONDS = 60.0  # far above what a start takes on a busy machine


def wait_ready(server: ServerProcess) -> None:
    """Return when a server answers ``version``; raise with its log if it never does.

    For a server that does not say when it is ready, as the C one.
    """
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.is_up:
        with contextlib.suppress(OSError):
            if server.ask(b"version\r\n").startswith(b"OK"):
                return
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.process.wait(0.02)  # the pause between two tries, cut short by an exit
    server.kill()
    raise AssertionError(f"the server did not start:\n{server.log.read_text(errors='replace')}")


def start_c_server(folder: Path, *options: str, port: int | None = None) -> ServerProcess:
    """Start Debian's C gearmand in ``folder`` with extra command-line ``options``."""
    program = require_program("gearmand", "apt-get install gearman-job-server")
    port = port or free_port()
    command = [program, "--listen=127.0.0.1", f"--port={port}", "--log-file=stderr"]
    command += [f"--pid-file={folder / f'gearmand-{port}.pid'}", *options]
    log = folder / f"server-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
    server = ServerProcess(process, port, log)
    wait_ready(server)
    return server


def start_our_server(folder: Path, *options: str, port: int | None = None) -> GearmanServer:
    """Start ``twistd -n gearmand`` in ``folder`` with extra gearmand ``options``.

    Its queue is in memory unless they say otherwise.
    """
    return GearmanServer(folder, "--queue-type=builtin", *options, port=port or free_port())


@contextlib.contextmanager
def running(server: ServerProcess) -> Iterator[ServerProcess]:
    """Yield ``server``; at the end stop it if it still runs, so that its coverage is written."""
    try:
        yield server
    finally:
        if server.is_up:
            server.stop()

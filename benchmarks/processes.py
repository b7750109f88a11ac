"""Processes that end when their context does, also after an error."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

from benchmarks.errors import BenchmarkError
from benchmarks.interruption import INTERRUPTION

STOP_SECONDS: Final = 20.0
"""Seconds that a process may take to end after SIGTERM before it is killed."""


def free_port() -> int:
    """Return a TCP port that was free on 127.0.0.1 a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(
    command: Sequence[str],
    folder: Path,
    output: IO[bytes] | int,
    *,
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start ``command`` in ``folder``.

    It has a session of its own, so that Ctrl-C reaches only this program, which then stops it.

    Raises:
        BenchmarkError: there is no such program, or it cannot be run.
    """
    try:
        return subprocess.Popen(
            list(command),
            cwd=folder,
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT if isinstance(output, int) else output,
            start_new_session=True,
        )
    except OSError as error:
        raise BenchmarkError(f"cannot run {command[0]}: {error.strerror}") from error


def stop(process: subprocess.Popen[bytes]) -> None:
    """End ``process``: SIGTERM, and SIGKILL when that is not enough."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
    kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill ``process``."""
    if process.poll() is None:
        process.kill()
    process.wait()


@contextlib.contextmanager
def running(
    command: Sequence[str],
    folder: Path,
    output: IO[bytes] | int,
    *,
    stdin: int = subprocess.DEVNULL,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start ``command`` as :func:`start` does, yield the process and stop it at the end."""
    process = None
    try:
        with INTERRUPTION.put_off():
            process = start(command, folder, output, stdin=stdin)
        yield process
    finally:
        if process is not None:
            stop(process)

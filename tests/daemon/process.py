"""Start a job server as a user does, read its output, and wait for its end."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from attrs import define

from tests.support.ports import free_port

WAIT_SECONDS = 60.0  # far above what any of these waits takes on a busy machine
PAUSE_SECONDS = 0.02
BIN = Path(sys.executable).parent


def twistd(*options: str, twistd_options: Sequence[str] = ("-n", "--pidfile=")) -> list[str]:
    """Return the command line of ``twistd gearmand`` with ``options``."""
    return [str(BIN / "twistd"), *twistd_options, "gearmand", *options]


def drop_in(*options: str) -> list[str]:
    """Return the command line of ``gearman-tx gearmand`` with ``options``."""
    return [str(BIN / "gearman-tx"), "gearmand", *options]


class Done(NamedTuple):
    """How a program ended."""

    status: int
    out: str
    err: str


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> Done:
    """Run ``command`` in ``folder`` to its end."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=WAIT_SECONDS,
        check=False,
        text=True,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def until(reached: Callable[[], bool], what: str) -> None:
    """Wait until ``reached`` returns True; fail after :data:`WAIT_SECONDS`."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not reached():
        assert time.monotonic() < deadline, f"not reached in {WAIT_SECONDS:g} s: {what}"
        select.select((), (), (), PAUSE_SECONDS)


@define(eq=False)
class StartedServer:
    """A started job server: its process id, its log, its TCP port."""

    pid: int
    log: Path
    process: subprocess.Popen[bytes] | None = None
    port: int = 0

    @property
    def text(self) -> str:
        """The log so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def says(self, *words: str) -> str:
        """Return the log as soon as it has all ``words``; fail if the server ends before."""

        def has_said() -> bool:
            if all(word in self.text for word in words):
                return True
            ended = self.process is not None and self.process.poll() is not None
            assert not ended or all(word in self.text for word in words), self.text
            return False

        try:
            until(has_said, f"the log has {words}")
        except AssertionError as error:
            raise AssertionError(f"{error}; it is:\n{self.text}") from None
        return self.text

    def ready(self) -> str:
        """Return the log as soon as connections are accepted and signals handled."""
        return self.says("listening on ")

    def kill(self, number: signal.Signals) -> None:
        """Send a signal."""
        os.kill(self.pid, number)

    def end(self, number: signal.Signals | None = signal.SIGTERM) -> int:
        """Send a signal, wait for the end and return the exit status; 0 for another's child."""
        if number is not None:
            self.kill(number)
        if self.process is not None:
            return self.process.wait(WAIT_SECONDS)
        wait_gone(self.pid)
        return 0


def wait_gone(pid: int) -> None:
    """Wait until process ``pid`` has ended, which may be no child of this process."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([handle], (), (), WAIT_SECONDS)[0], f"process {pid} goes on"
    finally:
        os.close(handle)


@contextlib.contextmanager
def started(
    command: Sequence[str],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    *,
    log: Path | None = None,
    pass_fds: Sequence[int] = (),
) -> Iterator[StartedServer]:
    """Start ``command`` in ``folder``; at the end, kill it if it still runs.

    Args:
        command: the words.
        folder: where it runs; its output goes to ``output`` there unless ``log`` is given.
        environment: its environment, ours if None.
        log: where it logs to by itself.
        pass_fds: open descriptors that it inherits.
    """
    output = folder / f"output-{len(list(folder.glob('output-*')))}"
    with output.open("wb") as stream:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            pass_fds=pass_fds,
        )
    try:
        yield StartedServer(process.pid, log or output, process)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


@contextlib.contextmanager
def serving(folder: Path, *options: str, log: Path | None = None) -> Iterator[StartedServer]:
    """Run ``twistd -n gearmand`` on 127.0.0.1; yield it when it is ready.

    Its queue is in memory unless the options say otherwise.
    """
    port = free_port()
    where = ("--listen=127.0.0.1", f"--port={port}")
    command = twistd(*where, "--queue-type=builtin", *options)
    with started(command, folder, log=log) as server:
        server.port = port
        server.ready()
        yield server


@contextlib.contextmanager
def daemon(
    command: Sequence[str],
    folder: Path,
    pid_file: Path,
    log: Path,
    environment: Mapping[str, str] | None = None,
) -> Iterator[StartedServer]:
    """Run ``command``, which starts a daemon; at the end, kill that if it still runs."""
    done = run(command, folder, environment)
    assert done.status == 0, done
    pid = int(pid_file.read_text())
    try:
        yield StartedServer(pid, log)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        wait_gone(pid)


def refuses(port: int) -> bool:
    """Return whether no process listens on ``port`` of 127.0.0.1."""
    with socket.socket() as link:
        link.settimeout(WAIT_SECONDS)
        return link.connect_ex(("127.0.0.1", port)) != 0

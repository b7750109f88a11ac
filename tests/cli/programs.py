"""Run ``gearman-tx`` as a user does, and run workers."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tests.daemon.process import BIN, WAIT_SECONDS, Done

SIGNAL_SECONDS = 3.0
"""How long a program may take to answer a signal before it gets another one."""

TASKS = '''\
"""Functions of a test."""

import os
import time

from gearman_tx import Worker


def reverse(job):
    return job.workload[::-1]


def chat(job):
    job.send_status(1, 4)
    job.send_data(b"one ")
    job.send_status(3, 4)
    job.send_warning(b"careful")
    return b"two"


def broken(job):
    raise ValueError("no\\nway")


def kill(job):
    try:
        open("killed", "x").close()
    except FileExistsError:
        return b"the second time"
    os._exit(9)


many = {"first": reverse, "second": chat}
nothing = 3
worker = Worker(os.environ.get("TASKS_SERVER", "localhost:1"))
worker.register("mine", reverse)
'''


def environment(**variables: str) -> dict[str, str]:
    """Return our environment without what changes the output, with ``variables``."""
    ours = {"GEARMAN_SERVERS", "NO_COLOR", "COLUMNS"}
    clean = {name: value for name, value in os.environ.items() if name not in ours}
    return {**clean, **variables}


def gearman_tx(
    *words: str, data: bytes = b"", folder: Path | None = None, **variables: str
) -> Done:
    """Run ``gearman-tx`` with ``words`` and with ``data`` as its standard input."""
    done = subprocess.run(
        [BIN / "gearman-tx", *words],
        input=data,
        cwd=folder,
        env=environment(**variables),
        capture_output=True,
        timeout=WAIT_SECONDS,
        check=False,
    )
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def rows(*words: str) -> list[dict[str, Any]]:
    """Return the rows of a report in JSON."""
    done = gearman_tx(*words, "--json")
    assert done.status == 0, done
    found: list[dict[str, Any]] = json.loads(done.out)
    return found


def on_a_terminal(
    *words: str,
    data: bytes = b"",
    columns: int = 100,
    status: int = 0,
    interrupted_after: str = "",
    **variables: str,
) -> str:
    """Run ``gearman-tx`` on a terminal and return what the terminal gets.

    Args:
        words: the command line.
        data: is typed at once.
        columns: the width of the terminal.
        status: the exit status that is expected.
        interrupted_after: the end of the output after which SIGINT comes.
        variables: of the environment.
    """
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    os.write(ours, data)
    process = subprocess.Popen(
        [BIN / "gearman-tx", *words],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=environment(**{"TERM": "xterm", **variables}),
    )
    os.close(theirs)
    shown = b""
    try:
        seconds = WAIT_SECONDS
        while True:
            if select.select([ours], (), (), seconds)[0]:
                shown += os.read(ours, 65536)
                seconds = WAIT_SECONDS
            elif seconds == WAIT_SECONDS:
                break
            if interrupted_after and shown.decode(errors="replace").endswith(interrupted_after):
                # A signal that comes just before a program begins to read does not wake it.
                seconds = SIGNAL_SECONDS
                process.send_signal(signal.SIGINT)
    except OSError:  # on Linux: all other processes have closed the terminal
        pass
    finally:
        os.close(ours)
        if process.poll() is None and process.wait(WAIT_SECONDS):
            process.kill()
    assert process.returncode == status, shown
    return shown.decode()


class Program:
    """A program that runs while a test does other things.

    Attributes:
        process: its process.
        said: what it has written to stdout and stderr so far.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.said = ""

    def until(self, words: str, times: int = 1) -> str:
        """Return the output as soon as it contains ``words`` so many times."""
        assert self.process.stdout is not None
        stream = self.process.stdout.fileno()
        deadline = time.monotonic() + WAIT_SECONDS
        while self.said.count(words) < times:
            left = deadline - time.monotonic()
            assert left > 0, f"it never said {words!r}: {self.said}"
            assert select.select([stream], (), (), left)[0], self.said
            data = os.read(stream, 65536)
            assert data, f"it ended and never said {words!r}: {self.said}"
            self.said += data.decode(errors="replace")
        return self.said

    def end(self, number: int | None = None) -> int:
        """Send a signal if there is one, read to the end, and return the exit status."""
        if number is not None:
            self.process.send_signal(number)
        out, _ = self.process.communicate(timeout=WAIT_SECONDS)
        self.said += out.decode(errors="replace")
        return self.process.returncode


@contextlib.contextmanager
def started(*words: str, folder: Path, stdin: Any = None, **variables: str) -> Iterator[Program]:
    """Run ``gearman-tx`` with ``words`` in ``folder``; at the end, stop it if it still runs."""
    process = subprocess.Popen(
        [BIN / "gearman-tx", *words],
        cwd=folder,
        env=environment(**variables),
        stdin=subprocess.DEVNULL if stdin is None else stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    program = Program(process)
    try:
        yield program
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                program.end()
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        assert process.stdout is not None
        process.stdout.close()
        if process.stdin is not None:
            process.stdin.close()


@contextlib.contextmanager
def working(
    folder: Path, servers: Sequence[str], *words: str, **variables: str
) -> Iterator[Program]:
    """Run ``gearman-tx work`` for all ``servers``; yield it when it is connected to all of them."""
    (folder / "tasks.py").write_text(TASKS)
    options = [word for server in servers for word in ("-s", server)]
    with started("work", "-v", *options, *words, folder=folder, **variables) as program:
        for server in servers:
            program.until(f"connected to {server}")
        yield program

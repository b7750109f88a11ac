"""The system clock of programs with clients and workers is set back and forward by an hour."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from gearman_tx.testing import ServerProcess
from tests.loopback.speaker import PATIENCE, Speaker
from tests.loopback.system_clock import HOUR, SystemClock
from tests.server.packets import WORK_COMPLETE, req
from tests.support.servers import running, start_our_server

_GEARMAN_TX = "from gearman_tx.cli.main import main; main()"

REACTORS = ["epollreactor", "asyncioreactor", "selectreactor"]


class Program:
    """A program whose output a test reads line by line."""

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, *arguments]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, bufsize=0, env=environment
        )
        assert self.process.stdout is not None
        self._output: IO[bytes] = self.process.stdout

    def line(self) -> str:
        """Return the next line of its output; it is empty at the end."""
        ready, _, _ = select.select([self._output], [], [], PATIENCE)
        assert ready, "the program prints nothing"
        return self._output.readline().decode().rstrip()

    def is_silent(self, seconds: float) -> bool:
        """Return whether it prints nothing for so long."""
        return not select.select([self._output], [], [], seconds)[0]

    def end(self) -> None:
        """Kill it."""
        self.process.kill()
        self.process.wait()
        self._output.close()


@contextlib.contextmanager
def program(*arguments: str) -> Iterator[Program]:
    """Start a program, and kill it at the end."""
    started = Program(*arguments)
    try:
        yield started
    finally:
        started.end()


@pytest.fixture
def server(system_clock: SystemClock, tmp_path: Path) -> Iterator[ServerProcess]:
    """Return a job server."""
    assert system_clock.now()
    with running(start_our_server(tmp_path)) as process:
        yield process


@pytest.mark.parametrize("reactor", REACTORS)
def test_a_task_times_out_though_the_clock_is_set_back(
    server: ServerProcess, system_clock: SystemClock, reactor: str
) -> None:
    """After two seconds, not after an hour, in a program with a reactor of its own choice."""
    with program("-m", "tests.loopback.programs.waits", reactor, str(server.port), "2") as client:
        assert client.line() == "accepted"
        system_clock.set(-HOUR)
        assert client.line() == "a second later"
        assert client.line() == "timed out"


@pytest.mark.parametrize("reactor", REACTORS)
def test_a_task_goes_on_though_the_clock_is_set_forward(
    server: ServerProcess, system_clock: SystemClock, reactor: str
) -> None:
    """Its minute is not over."""
    with (
        Speaker(server.port) as worker,
        program("-m", "tests.loopback.programs.waits", reactor, str(server.port), "60") as client,
    ):
        assert client.line() == "accepted"
        system_clock.set(HOUR)
        assert client.line() == "a second later"
        handle = worker.grab(b"f", b"x")
        worker.tell(req(WORK_COMPLETE, handle, b"done"))
        assert client.line() == "done"


def test_a_worker_comes_back_though_the_clock_is_set_back(system_clock: SystemClock) -> None:
    """Its server closes every connection, so it waits longer and longer before the next one."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        program("-m", "tests.loopback.programs.reconnects", str(listener.getsockname()[1])),
    ):
        listener.settimeout(PATIENCE)
        for _ in range(5):
            listener.accept()[0].close()
        assert not select.select([listener], [], [], 0.5)[0], "it should wait for a second or more"
        system_clock.set(-HOUR)
        listener.accept()[0].close()


def test_a_report_is_repeated_though_the_clock_is_set_back(
    server: ServerProcess, system_clock: SystemClock
) -> None:
    """``gearman-tx status --watch 2`` shows the next one after two seconds."""
    options = ("status", "--watch", "2", "--json", "--server", server.url)
    with program("-c", _GEARMAN_TX, *options) as report:
        assert report.line() == "[]"
        assert report.is_silent(0.5), "it should wait for two seconds"
        system_clock.set(-HOUR)
        assert report.line() == "[]"

"""What a test asks a running job server of either kind: its counts, and to wait for a state."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable
from typing import NamedTuple

from attrs import define

from tests.interop.peer_process import PAUSE_SECONDS, WAIT_SECONDS
from tests.servers import ServerProcess


class Counts(NamedTuple):
    """One line of the text command ``status``; ``total`` includes ``running``."""

    total: int
    running: int
    workers: int


@define(eq=False)
class JobServer:
    """A job server under test, with the waits that interoperability tests need."""

    kind: str
    process: ServerProcess

    @property
    def port(self) -> int:
        """The TCP port on 127.0.0.1."""
        return self.process.port

    @property
    def address(self) -> str:
        """``127.0.0.1:<port>``."""
        return f"127.0.0.1:{self.port}"

    def text(self, command: str) -> list[str]:
        """Return the lines of the reply to a text command that ends in a full stop."""
        reply = self.process.ask(command.encode() + b"\r\n", b".\n")
        return reply.decode(errors="replace").split("\n")[:-2]

    def counts(self, function: str) -> Counts:
        """Return what ``status`` says of ``function``: zeros when it is not listed."""
        for line in self.text("status"):
            name, *numbers = line.rsplit("\t", 3)
            if name == function:
                return Counts(*map(int, numbers))
        return Counts(0, 0, 0)

    def await_counts(
        self, function: str, reached: Callable[[Counts], bool], what: str = "the state"
    ) -> Counts:
        """Return the counts of ``function`` as soon as ``reached`` holds for them."""
        deadline = time.monotonic() + WAIT_SECONDS
        while True:
            counts = self.counts(function)
            if reached(counts):
                return counts
            if time.monotonic() > deadline:
                raise AssertionError(f"{what} of {function} not reached: {counts}")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.process.wait(PAUSE_SECONDS)

    def await_workers(self, function: str, workers: int = 1) -> None:
        """Return when ``workers`` connections are registered for ``function``."""
        self.await_counts(function, lambda counts: counts.workers == workers, "workers")

    def await_running(self, function: str, running: int = 1) -> None:
        """Return when ``running`` jobs of ``function`` are assigned to workers."""
        self.await_counts(function, lambda counts: counts.running == running, "running jobs")

    def await_total(self, function: str, total: int) -> None:
        """Return when ``total`` jobs of ``function`` are queued or running."""
        self.await_counts(function, lambda counts: counts.total == total, "jobs")

    def handles(self) -> list[str]:
        """Return the handles of all jobs, in no particular order."""
        return [line.split("\t")[0] for line in self.text("show jobs")]

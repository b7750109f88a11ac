"""What a test asks a running job server of either kind: its counts, and to wait for a state."""

from __future__ import annotations

import contextlib
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from typing import NamedTuple

from attrs import define

from gearman_tx.testing import ServerProcess
from tests.interop.peer_process import PAUSE_SECONDS, WAIT_SECONDS

GET_STATUS_UNIQUE = 41


class Counts(NamedTuple):
    """One line of the text command ``status``; ``total`` includes ``running``."""

    total: int
    running: int
    workers: int


@define(eq=False)
class InteropServer:
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
        counts = self.counts(function)

        def check() -> bool:
            nonlocal counts
            counts = self.counts(function)
            return reached(counts)

        try:
            self._await(check, what)
        except AssertionError as error:
            raise AssertionError(f"{error}: {function} has {counts}") from None
        return counts

    def _await(self, reached: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not reached():
            if time.monotonic() > deadline:
                raise AssertionError(f"not reached in {WAIT_SECONDS} s: {what}")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.process.wait(PAUSE_SECONDS)

    def await_exactly(self, function: str, counts: tuple[int, int, int]) -> None:
        """Return when total, running and workers of ``function`` are ``counts``."""
        self.await_counts(function, lambda now: now == counts, f"counts {counts}")

    def await_workers(self, function: str, workers: int = 1) -> None:
        """Return when ``workers`` connections are registered for ``function``."""
        self.await_counts(function, lambda counts: counts.workers == workers, "workers")

    def await_running(self, function: str, running: int = 1) -> None:
        """Return when ``running`` jobs of ``function`` are assigned to workers."""
        self.await_counts(function, lambda counts: counts.running == running, "running jobs")

    def await_total(self, function: str, total: int) -> None:
        """Return when ``total`` jobs of ``function`` are queued or running."""
        self.await_counts(function, lambda counts: counts.total == total, "jobs")

    def waiting_clients(self, unique: str) -> int:
        """Return how many clients wait for the job with ``unique`` (GET_STATUS_UNIQUE)."""
        request = b"\0REQ" + struct.pack(">II", GET_STATUS_UNIQUE, len(unique)) + unique.encode()
        with socket.create_connection(("127.0.0.1", self.port), WAIT_SECONDS) as link:
            link.sendall(request)
            answer = link.makefile("rb")
            _, _, size = struct.unpack(">4sII", answer.read(12))
            return int(answer.read(size).split(b"\0")[-1])

    def await_waiting_clients(self, unique: str, clients: int) -> None:
        """Return when ``clients`` clients wait for the job with ``unique``."""
        self._await(lambda: self.waiting_clients(unique) == clients, f"{clients} waiting clients")

    def handles(self) -> list[str]:
        """Return the handles of all jobs, in no particular order."""
        return [line.split("\t")[0] for line in self.text("show jobs")]

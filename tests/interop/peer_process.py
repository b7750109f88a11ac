"""Other people's programs as bounded processes: started, watched by their output, ended by id.

Each process writes to two files, so nothing blocks however much it says, and a failing test can
show what every process said. Nothing here waits for a fixed time: waits are for a line of
output, for an exit, or for a state the job server reports, each with a deadline.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from attrs import Factory, define, frozen

WAIT_SECONDS = 60.0  # far above what any of these waits takes on a busy machine
PAUSE_SECONDS = 0.01


@frozen
class Outcome:
    """What a finished process left: its exit status and all it wrote."""

    status: int
    out: bytes
    err: bytes

    @property
    def lines(self) -> list[str]:
        """The lines of standard output, as text without their ends."""
        return self.out.decode().splitlines()


@define(eq=False)
class PeerProcess:
    """One running program: its command, its process and the two files it writes to."""

    command: list[str]
    process: subprocess.Popen[bytes]
    out_file: Path
    err_file: Path

    @property
    def out(self) -> bytes:
        """What the process has written to standard output so far."""
        return self.out_file.read_bytes()

    @property
    def err(self) -> bytes:
        """What the process has written to standard error so far."""
        return self.err_file.read_bytes()

    @property
    def running(self) -> bool:
        """Whether the process has not ended."""
        return self.process.poll() is None

    def wait_until(self, reached: Callable[[], bool], what: str) -> None:
        """Return when ``reached()`` is true; raise when the process ends or time is up before."""
        deadline = time.monotonic() + WAIT_SECONDS
        while not reached():
            ended = not self.running
            if ended and reached():
                return
            if ended or time.monotonic() > deadline:
                raise AssertionError(f"no {what}\n{self.report()}")
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(PAUSE_SECONDS)

    def await_output(self, text: bytes) -> None:
        """Return when standard output contains ``text``."""
        self.wait_until(lambda: text in self.out, f"{text!r} on standard output")

    def send_line(self, line: bytes = b"go") -> None:
        """Write one line to the standard input of the process."""
        assert self.process.stdin is not None
        self.process.stdin.write(line + b"\n")
        self.process.stdin.flush()

    def finish(self, seconds: float = WAIT_SECONDS) -> Outcome:
        """Wait for the exit of the process and return what it left.

        Raises:
            AssertionError: the process still ran after ``seconds``.
        """
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still running after {seconds} s\n{self.report()}") from None
        return Outcome(status, self.out, self.err)

    def succeed(self, seconds: float = WAIT_SECONDS, status: int = 0) -> Outcome:
        """Wait for the exit, check that it is ``status`` and return what the process left."""
        outcome = self.finish(seconds)
        assert outcome.status == status, self.report()
        return outcome

    def kill(self) -> None:
        """End the process and its children with SIGKILL and collect it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        if self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()

    def report(self) -> str:
        """Return the command, the exit status and the output, for a person to read."""
        return (
            f"$ {shlex.join(self.command)}\n[exit status: {self.process.poll()}]\n"
            f"[stdout] {self.out[-4000:].decode(errors='replace')}\n"
            f"[stderr] {self.err[-4000:].decode(errors='replace')}"
        )


@define(eq=False)
class PeerRunner:
    """Starts programs in one folder and ends every one of them."""

    folder: Path
    processes: list[PeerProcess] = Factory(list)

    def start(
        self, command: list[str], stdin: bytes | None = None, env: Mapping[str, str] | None = None
    ) -> PeerProcess:
        """Start ``command``.

        Args:
            command: the program and its arguments.
            stdin: all of its standard input; None leaves a pipe open for ``send_line``.
            env: variables added to the environment.
        """
        number = len(self.processes)
        out_file = self.folder / f"{number}.out"
        err_file = self.folder / f"{number}.err"
        in_file = self.folder / f"{number}.in"
        in_file.write_bytes(stdin or b"")
        with in_file.open("rb") as source, out_file.open("wb") as out, err_file.open("wb") as err:
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                stdin=subprocess.PIPE if stdin is None else source,
                stdout=out,
                stderr=err,
                env={**os.environ, **(env or {})},
                start_new_session=True,
            )
        peer = PeerProcess(command, process, out_file, err_file)
        self.processes.append(peer)
        return peer

    def run(
        self,
        command: list[str],
        stdin: bytes = b"",
        env: Mapping[str, str] | None = None,
        status: int = 0,
    ) -> Outcome:
        """Run ``command`` to its end and return what it left.

        Raises:
            AssertionError: it ended with another status than ``status``, or not in time.
        """
        return self.start(command, stdin, env).succeed(status=status)

    def end_all(self) -> str:
        """Kill what still runs and return the report of every process."""
        for peer in self.processes:
            peer.kill()
        return "\n".join(peer.report() for peer in self.processes)

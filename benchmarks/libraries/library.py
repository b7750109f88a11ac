"""A client library with a job server: runs its programs and reads their figures."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator, Sequence

from attrs import define

from benchmarks import processes
from benchmarks.errors import BenchmarkError
from benchmarks.job_servers import Server
from benchmarks.job_servers.load import figures_in
from benchmarks.job_servers.programs import compiled
from benchmarks.metrics import Measures


def libgearman(role: str, mode: str) -> list[str]:
    """Return how the program over libgearman is run, up to the port."""
    return [compiled("libgearman", "-lgearman"), role, mode]


@define(eq=False)
class Library:
    """One client library, and a job server that no other one uses.

    Attributes:
        server: the job server.
        words: how its program is run, up to the role.
        more: further words for its worker.
        share: the part of the usual number of jobs that its worker gets.
    """

    server: Server
    words: Sequence[str]
    more: Sequence[str] = ()
    share: float = 1.0
    _functions: int = 0

    def submit(self, mode: str, count: int, patience: float) -> Measures:
        """Let it submit ``count`` jobs to a worker over libgearman; return its figures.

        Raises:
            BenchmarkError: a program failed, or took more than ``patience`` seconds.
        """
        function = self._new_function()
        with self._started(self._client(mode, function, count)) as client:
            if mode == "outstanding":
                _await_ready(client)
            if mode != "background":
                with self._counterpart(function):
                    return _measures(client, patience)
            return _measures(client, patience)

    def work(self, at_once: int, count: int, patience: float) -> Measures:
        """Let it empty a queue of ``count`` jobs, several at a time; return its figures.

        Raises:
            BenchmarkError: a program failed, or took more than ``patience`` seconds.
        """
        count = max(2, round(count * self.share))
        function = self._new_function()
        target = [str(self.server.port), function, str(count)]
        with self._started([*libgearman("client", "background"), *target]) as filling:
            _measures(filling, patience)
        with self._started([*self.words, "worker", str(at_once), *target, *self.more]) as worker:
            return _measures(worker, patience)

    def _new_function(self) -> str:
        self._functions += 1
        return f"bench{self._functions}"

    def _client(self, mode: str, function: str, count: int) -> list[str]:
        return [*self.words, "client", mode, str(self.server.port), function, str(count)]

    @contextlib.contextmanager
    def _counterpart(self, function: str) -> Iterator[None]:
        """Let a worker over libgearman do the jobs of ``function`` while the context lasts."""
        words = [*libgearman("worker", "1"), str(self.server.port), function, "0"]
        with self._started(words) as worker:
            _await_ready(worker)
            yield

    @contextlib.contextmanager
    def _started(self, words: Sequence[str]) -> Iterator[subprocess.Popen[bytes]]:
        """Start a program whose output is read here; it has ended when the context ends."""
        with processes.running(words, self.server.folder, subprocess.PIPE) as process:
            assert process.stdout is not None, "it is a pipe"
            with process.stdout:
                yield process


def _await_ready(process: subprocess.Popen[bytes]) -> None:
    """Wait until a program says that it is ready."""
    assert process.stdout is not None, "it is a pipe"
    said = process.stdout.readline()
    if said != b"ready\n":
        said += process.stdout.read()
        raise BenchmarkError(said.decode(errors="replace").strip() or "a program ended at once")


def _measures(process: subprocess.Popen[bytes], patience: float) -> Measures:
    """Wait for the end of a program and return what it measured."""
    try:
        said, _ = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        raise BenchmarkError(f"it takes more than {patience:.0f} s") from None
    figures = figures_in(said.decode(errors="replace").strip(), process.returncode)
    jobs = figures["jobs"]
    return {
        "jobs_per_s": jobs / figures["seconds"],
        "own_cpu_us_per_job": figures["cpu_s"] / jobs * 1e6,
    }

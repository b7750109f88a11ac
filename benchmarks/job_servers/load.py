"""One run of a load program on a job server, described by data."""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Final

from attrs import frozen

from benchmarks import processes
from benchmarks.errors import BenchmarkError
from benchmarks.job_servers import programs
from benchmarks.job_servers.server import Server

GRACE: Final = 20.0
"""Seconds that a load program has beyond its own time limit."""

KIB: Final = 1024


@frozen
class Load:
    """One run of ``gload``.

    Attributes:
        clients: connections that submit.
        window: jobs that each of them may have unfinished.
        workers: connections that work.
        size: bytes of a workload.
        jobs: the most jobs; None for as many as the time allows.
        seconds: how long jobs are submitted; None until all are.
        is_background: whether clients wait for JOB_CREATED only.
        submits_only: whether there are no workers.
        drains_only: whether there are no clients.
        backlog: how many background jobs may wait; 0 for any number.
        functions: over how many functions jobs are spread; every worker has them all.
        has_uniques: whether every job has a unique of its own.
        joins: whether all clients join one unique, round after round.
        sleepers: further workers of the same functions, asleep at the start.
        bystanders: idle connections that are workers of another function.
        rate: submissions a second by the clock, instead of as fast as possible.
        prefix: the beginning of function names.
    """

    clients: int = 1
    window: int = 1
    workers: int = 1
    size: int = 64
    jobs: int | None = None
    seconds: float | None = None
    is_background: bool = False
    submits_only: bool = False
    drains_only: bool = False
    backlog: int = 0
    functions: int = 1
    has_uniques: bool = False
    joins: bool = False
    sleepers: int = 0
    bystanders: int = 0
    rate: float = 0.0
    prefix: str = "bench"

    def words(self) -> list[str]:
        """Return what it is on the command line of ``gload``."""
        letters: Sequence[tuple[str, object, object]] = (
            ("-c", self.clients, None),
            ("-W", self.window, None),
            ("-w", self.workers, None),
            ("-s", self.size, None),
            ("-n", self.jobs, None),
            ("-d", self.seconds, None),
            ("-B", self.backlog, 0),
            ("-f", self.functions, 1),
            ("-i", self.sleepers, 0),
            ("-I", self.bystanders, 0),
            ("-r", self.rate, 0.0),
            ("-F", self.prefix, None),
        )
        switches = (
            ("-b", self.is_background),
            ("-S", self.submits_only),
            ("-D", self.drains_only),
            ("-u", self.has_uniques),
            ("-J", self.joins),
        )
        words: list[str] = []
        for letter, value, default in letters:
            if value is not None and value != default:
                words += [letter, str(value)]
        return words + [letter for letter, is_on in switches if is_on]


def load(server: Server, work: Load, patience: float) -> dict[str, float]:
    """Put ``work`` on ``server`` and return the figures, by the names that ``gload`` prints.

    Args:
        server: the job server.
        work: the run of the load program.
        patience: seconds after which it fails.

    Raises:
        BenchmarkError: a job was lost, ran twice, came back changed or too late.
    """
    with loading(server, work, patience) as figures:
        return figures()


@contextlib.contextmanager
def loading(
    server: Server, work: Load, patience: float
) -> Iterator[Callable[[], dict[str, float]]]:
    """Put ``work`` on ``server`` while the context lasts.

    Yields:
        A function that waits for the end of the work and returns its figures; it raises
        BenchmarkError as :func:`load` does.
    """
    first = server.submitted
    if work.drains_only:
        assert work.jobs is not None, "who drains knows how much"
        first -= work.jobs
    options = ("-t",) if server.is_tls else ()
    command = [programs.compiled("gload", *(programs.TLS if server.is_tls else ())), *options]
    command += ["-p", str(server.port), "-P", str(server.pid), "-T", str(round(patience))]
    command += ["-O", str(first), *work.words()]
    with _figures_of(command, server, patience + GRACE) as figures:

        def counted() -> dict[str, float]:
            found = figures()
            if not work.drains_only:
                server.submitted += int(found["jobs"])
            return found

        yield counted


@contextlib.contextmanager
def flooding(  # noqa: PLR0913  # all but the server are data
    server: Server,
    workers: int,
    functions: int,
    *,
    seconds: float,
    every: float,
    patience: float,
) -> Iterator[Callable[[], dict[str, float]]]:
    """Let workers with many functions connect, leave and reconnect while the context lasts.

    Args:
        server: the job server.
        workers: how many connect at once.
        functions: how many functions each of them has.
        seconds: how long they go on.
        every: least number of seconds between two rounds.
        patience: seconds after which it fails.

    Yields:
        A function that waits for the end of the last round and returns the figures of ``flood``.
    """
    command = [programs.compiled("flood"), "-p", str(server.port), "-n", str(workers)]
    command += ["-x", str(functions), "-d", str(seconds), "-e", str(every)]
    command += ["-T", str(round(patience))]
    with _figures_of(command, server, patience + GRACE) as figures:
        yield figures


@contextlib.contextmanager
def registered(server: Server, functions: int, patience: float) -> Iterator[None]:
    """Keep one worker with that many functions connected while the context lasts."""
    command = [programs.compiled("flood"), "-p", str(server.port), "-n", "1", "-k"]
    command += ["-x", str(functions), "-T", str(round(patience))]
    pipe = subprocess.PIPE
    with processes.running(command, server.folder, pipe, stdin=pipe) as process:
        assert process.stdout is not None, "it is a pipe"
        said = process.stdout.readline()
        if not said.startswith(b"rounds="):
            raise BenchmarkError(f"{server.name}: {said.decode(errors='replace').strip()}")
        yield
        process.stdout.close()


@contextlib.contextmanager
def _figures_of(
    command: Sequence[str], server: Server, seconds: float
) -> Iterator[Callable[[], dict[str, float]]]:
    with (
        tempfile.TemporaryFile() as output,
        processes.running(command, server.folder, output) as process,
    ):

        def figures() -> dict[str, float]:
            try:
                status = process.wait(seconds)
            except subprocess.TimeoutExpired:
                raise BenchmarkError(f"{command[0]} takes more than {seconds:.0f} s") from None
            return figures_in(_read(output), status)

        yield figures


def _read(output: IO[bytes]) -> str:
    output.seek(0)
    return output.read().decode(errors="replace").strip()


def figures_in(said: str, status: int) -> dict[str, float]:
    """Return the figures that a load program printed.

    Args:
        said: all it printed.
        status: its exit status.

    Raises:
        BenchmarkError: it failed, or its output is not figures.
    """
    if status:
        raise BenchmarkError(said or f"the load program ended with status {status}")
    try:
        pairs = (word.split("=") for word in said.splitlines()[-1].split())
        return {name: float(value) for name, value in pairs}
    except (ValueError, IndexError):
        raise BenchmarkError(f"these are no figures: {said!r}") from None

"""Does one client's large request keep another one waiting?

A probe submits 200 jobs a second by the clock while another client makes a large request. Its
latency counts from the moment when a job was due: a server that stands still for a second is
charged for all two hundred.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from statistics import median
from typing import Final, TypeAlias

from attrs import evolve

from benchmarks.effort import Effort
from benchmarks.errors import BenchmarkError
from benchmarks.job_servers import Load, Server, loading
from benchmarks.job_servers.load import flooding, registered
from benchmarks.job_servers.settings import USUAL_COLLECTOR
from benchmarks.kind import Kind
from benchmarks.kinds.background import DEFAULT_ONLY
from benchmarks.kinds.loads import measures_of
from benchmarks.kinds.queued import QUEUED, fill
from benchmarks.metrics import Measures

GROUP: Final = "Another client's wait"

PROBE: Final = Load(rate=200, workers=4, prefix="probe")
FUNCTIONS: Final = 10_000
GROWING: Final = 500_000
LARGE: Final = 100 << 20
PIPELINED: Final = 100_000
FLOOD: Final = 500
"""Number of workers that connect at once, and of the functions of each."""

LINES: Final = b"\n.\n"
"""The end of a report that is not empty."""

Beside: TypeAlias = Callable[[Server, Effort], AbstractContextManager[Callable[[], Measures]]]
"""The work beside the probe; the function that it yields is called when the probe is done."""


def _probing(beside: Beside) -> Callable[[Server, Effort], Measures]:
    """Return how the probe is played beside something."""

    def play(server: Server, effort: Effort) -> Measures:
        with beside(server, effort) as outcome:
            work = evolve(PROBE, seconds=_seconds(effort))
            with loading(server, work, effort.patience) as figures:
                found = figures()
            return {**measures_of(found), **outcome()}

    return play


def _seconds(effort: Effort) -> float:
    """Return how long the probe goes on: long enough that a hundredth of it is several jobs."""
    return max(1.0, 3 * effort.seconds)


class _Asking(threading.Thread):
    """Ask for a report repeatedly until it is stopped.

    Attributes:
        times: the seconds that each reply took.
        error: what went wrong.
    """

    def __init__(self, server: Server, line: bytes, patience: float) -> None:
        super().__init__(name="asking", daemon=True)
        self.times: list[float] = []
        self.error: BenchmarkError | None = None
        self.over = threading.Event()
        self._ask = partial(server.ask, line, LINES, patience)

    def run(self) -> None:
        """Ask at least once."""
        while not self.times or not self.over.is_set():
            start = time.monotonic()
            try:
                self._ask()
            except BenchmarkError as error:
                self.error = error
                return
            self.times.append(time.monotonic() - start)

    def outcome(self) -> Measures:
        """Stop asking and return the time of a reply."""
        self.over.set()
        self.join()
        if self.error is not None:
            raise self.error
        return {"reply_s": median(self.times)}


@contextmanager
def _asking(server: Server, line: bytes, patience: float) -> Iterator[Callable[[], Measures]]:
    asking = _Asking(server, line, patience)
    asking.start()
    try:
        yield asking.outcome
    finally:
        asking.over.set()
        asking.join()


def _nothing_of(figures: Callable[[], Measures]) -> Callable[[], Measures]:
    """Return an outcome that waits for a load, so that its faults count, and shows none of it."""

    def outcome() -> Measures:
        figures()
        return {}

    return outcome


@contextmanager
def _nothing(server: Server, effort: Effort) -> Iterator[Callable[[], Measures]]:
    del server, effort
    yield dict


@contextmanager
def _status(server: Server, effort: Effort) -> Iterator[Callable[[], Measures]]:
    with (
        registered(server, FUNCTIONS, effort.patience),
        _asking(server, b"status\n", effort.patience) as outcome,
    ):
        yield outcome


@contextmanager
def _jobs(server: Server, effort: Effort) -> Iterator[Callable[[], Measures]]:
    fill(server, effort)
    line = b"show jobs\n" if server.family == "c" else b"jobs\n"
    with _asking(server, line, effort.patience) as outcome:
        yield outcome


@contextmanager
def _growing_queue(server: Server, effort: Effort) -> Iterator[Callable[[], Measures]]:
    """Let a long queue grow as fast as possible, which makes a garbage collector work."""
    fill(server, effort, full_count=GROWING)
    work = Load(
        clients=2,
        window=16,
        is_background=True,
        submits_only=True,
        prefix="other",
        seconds=_seconds(effort),
        jobs=effort.count(GROWING),
    )
    with loading(server, work, effort.patience) as figures:
        yield _nothing_of(figures)


@contextmanager
def _large(server: Server, effort: Effort) -> Iterator[Callable[[], Measures]]:
    work = Load(size=LARGE, prefix="large", seconds=_seconds(effort))
    with loading(server, work, effort.patience) as figures:
        yield _nothing_of(figures)


@contextmanager
def _pipeline(server: Server, effort: Effort) -> Iterator[Callable[[], Measures]]:
    work = Load(
        window=PIPELINED,
        is_background=True,
        submits_only=True,
        prefix="other",
        seconds=_seconds(effort),
        jobs=PIPELINED,
    )
    with loading(server, work, effort.patience) as figures:
        yield _nothing_of(figures)


@contextmanager
def _flood(server: Server, effort: Effort) -> Iterator[Callable[[], Measures]]:
    many = FLOOD if effort.share >= 1 else max(5, FLOOD // 5)
    with flooding(
        server,
        many,
        many,
        seconds=_seconds(effort),
        every=_seconds(effort) / 3,
        patience=effort.patience,
    ) as figures:
        yield lambda: {"round_s": figures()["round_s"]}


_probe = partial(
    Kind[Server],
    group=GROUP,
    is_fresh=True,
    most_rounds=3,
    without={"floor": "it has no reports, and few functions", **DEFAULT_ONLY},
)
_SHOWS: Final = ("p99_us", "p999_us", "max_us")

KINDS: Final = (
    _probe("probe", "a probe alone", play=_probing(_nothing), shows=_SHOWS),
    _probe(
        "stall-status",
        "while status is asked for, with 10,000 functions",
        play=_probing(_status),
        shows=(*_SHOWS, "reply_s"),
    ),
    _probe(
        "stall-jobs",
        "while the jobs are listed, {count} of them",
        play=_probing(_jobs),
        shows=(*_SHOWS, "reply_s"),
        count=QUEUED,
    ),
    _probe(
        "stall-collector",
        "while a queue of {count} jobs grows to twice as many",
        play=_probing(_growing_queue),
        shows=_SHOWS,
        count=GROWING,
    ),
    _probe(
        "stall-usual-collector",
        "the same with the garbage collector as it comes",
        play=_probing(_growing_queue),
        shows=_SHOWS,
        count=GROWING,
        setting=USUAL_COLLECTOR,
        without={"c": "it has no such collector", "floor": "it has none"},
    ),
    _probe(
        "stall-large",
        "while a workload of 100 MiB goes to a worker and back",
        play=_probing(_large),
        shows=_SHOWS,
    ),
    _probe(
        "stall-pipeline",
        "while one connection pipelines 100,000 submissions",
        play=_probing(_pipeline),
        shows=_SHOWS,
    ),
    _probe(
        "flood",
        "while 500 workers × 500 functions reconnect at once, three times",
        play=_probing(_flood),
        shows=(*_SHOWS, "round_s"),
        open_files=1200,
    ),
)

"""Background jobs: submitted and drained together, submitted only, drained only.

In SQLite every job has a unique, because the C server overwrites a stored job by the next one with
the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from attrs import evolve

from benchmarks.effort import Effort
from benchmarks.job_servers import Load, Server, load
from benchmarks.job_servers.settings import DURABLE
from benchmarks.kind import Kind
from benchmarks.kinds.loads import BOTH, THROUGHPUT, for_a_while, measures_of
from benchmarks.metrics import Measures

IN_MEMORY: Final = "Background, in memory"
IN_SQLITE: Final = "Background, in SQLite"

DRAINED: Final = 200_000
"""Jobs that are drained in a full run, or as many as can be submitted in the time."""

FILL: Final = Load(clients=8, window=64, is_background=True, submits_only=True)
TOGETHER: Final = Load(clients=8, window=32, workers=8, is_background=True, backlog=2048)
DURABLE_FILL: Final = evolve(FILL, window=32, has_uniques=True)
DURABLE_TOGETHER: Final = evolve(TOGETHER, has_uniques=True)

DEFAULT_ONLY: Final[Mapping[str, str]] = dict.fromkeys(
    ("c-t0", "c-t1", "c-t2"), "only the default of the C server is compared here"
)
"""Contenders left out where a round is long, or where the number of threads does not matter."""

NO_STORE: Final[Mapping[str, str]] = {"floor": "it has no store", **DEFAULT_ONLY}
"""Contenders left out where jobs are stored."""


def _submit(fill: Load, server: Server, effort: Effort) -> dict[str, float]:
    """Submit for a while, up to :data:`DRAINED` jobs, and return the figures."""
    work = evolve(fill, jobs=effort.count(DRAINED), seconds=effort.seconds * 2)
    return load(server, work, effort.patience)


def submitting(fill: Load) -> Callable[[Server, Effort], Measures]:
    """Return how ``fill`` is played on a fresh server; the jobs stay in its queue."""
    return lambda server, effort: measures_of(_submit(fill, server, effort))


def draining(fill: Load) -> Callable[[Server, Effort], Measures]:
    """Return how the jobs of ``fill`` are drained; submitting them is not measured."""

    def play(server: Server, effort: Effort) -> Measures:
        count = int(_submit(fill, server, effort)["jobs"])
        rest = Load(workers=8, jobs=count, drains_only=True)
        return measures_of(load(server, rest, effort.patience))

    return play


_memory = partial(Kind[Server], group=IN_MEMORY, is_quick=True)
_sqlite = partial(Kind[Server], group=IN_SQLITE, setting=DURABLE, without=NO_STORE)
_ONE_SUBMISSION: Final = ("p50_us", "p99_us", "jobs_per_s")

KINDS: Final = (
    _memory(
        "together",
        "background, submitted and drained together, 8 clients, 8 workers",
        play=for_a_while(TOGETHER),
        shows=THROUGHPUT,
    ),
    _memory(
        "submit",
        "background, submit only, 8 clients × 64",
        play=submitting(FILL),
        shows=BOTH,
        is_fresh=True,
    ),
    _memory("drain", "background, drain only, 8 workers", play=draining(FILL), shows=THROUGHPUT),
)

DURABLE_KINDS: Final = (
    _sqlite(
        "durable-together",
        "in SQLite: submitted and drained together, 8 clients, 8 workers",
        play=for_a_while(DURABLE_TOGETHER),
        shows=THROUGHPUT,
    ),
    _sqlite(
        "durable-submit",
        "in SQLite: submit only, 8 clients × 32",
        play=submitting(DURABLE_FILL),
        shows=BOTH,
        is_fresh=True,
        is_quick=True,
    ),
    _sqlite(
        "durable-drain",
        "in SQLite: drain only, 8 workers",
        play=draining(DURABLE_FILL),
        shows=THROUGHPUT,
    ),
    _sqlite(
        "durable-one",
        "in SQLite: one submission at a time, 1 client",
        play=submitting(evolve(DURABLE_FILL, clients=1, window=1)),
        shows=_ONE_SUBMISSION,
        is_fresh=True,
        is_quick=True,
    ),
    _sqlite(
        "durable-64",
        "in SQLite: one submission at a time, 64 clients",
        play=submitting(evolve(DURABLE_FILL, clients=64, window=1)),
        shows=_ONE_SUBMISSION,
        is_fresh=True,
    ),
)

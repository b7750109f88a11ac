"""The cost of a long queue: memory, the last submission beside the first, memory given back."""

from __future__ import annotations

from functools import partial
from typing import Final

from attrs import evolve

from benchmarks.effort import Effort
from benchmarks.job_servers import Load, Server, load
from benchmarks.job_servers.settings import DURABLE
from benchmarks.kind import Kind
from benchmarks.kinds.background import DEFAULT_ONLY, DURABLE_FILL, FILL
from benchmarks.metrics import Measures

GROUP: Final = "A long queue"

QUEUED: Final = 1_000_000
PARTS: Final = 10
"""Number of parts in which the queue is filled; the first and the last are compared."""

C_IS_SLOW: Final = {
    "c": "it stores some hundred jobs a second: a million would take an hour",
    "floor": "it has no store",
}


def fill(
    server: Server, effort: Effort, work: Load = FILL, full_count: int = QUEUED
) -> list[float]:
    """Submit jobs in :data:`PARTS` parts and return each part's CPU for a job."""
    part = evolve(work, jobs=max(1, effort.count(full_count) // PARTS))
    return [load(server, part, effort.patience)["cpu_us_per_job"] for _ in range(PARTS)]


def _fill_and_drain(work: Load, server: Server, effort: Effort) -> Measures:
    """Fill the queue and empty it; memory is read before, between and after."""
    before = server.memory
    costs = fill(server, effort, work)
    full, count = server.memory, server.submitted
    drained = load(server, Load(workers=8, jobs=count, drains_only=True), effort.patience)
    return {
        "bytes_per_job": (full - before) / count,
        "bytes_left": max(0.0, (server.memory - before) / count),
        "first_us_per_job": costs[0],
        "last_us_per_job": costs[-1],
        "growth": costs[-1] / costs[0] if costs[0] else 1.0,
        "jobs_per_s": drained["jobs_per_s"],
    }


_queued = partial(
    Kind[Server],
    group=GROUP,
    shows=("bytes_per_job", "bytes_left", "first_us_per_job", "last_us_per_job", "growth"),
    count=QUEUED,
    is_fresh=True,
    most_rounds=1,
)

KINDS: Final = (
    _queued(
        "queued",
        "{count} jobs of 64 B queued",
        play=partial(_fill_and_drain, FILL),
        is_quick=True,
        without=DEFAULT_ONLY,
    ),
    _queued(
        "durable-queued",
        "{count} jobs of 64 B queued in SQLite",
        play=partial(_fill_and_drain, DURABLE_FILL),
        setting=DURABLE,
        without=C_IS_SLOW,
    ),
)

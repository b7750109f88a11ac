"""The targets of the job server, beside the C server in the same run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from benchmarks.job_servers.contenders import C_BEST, C_DEFAULT, FLOOR
from benchmarks.targets import ALL_KINDS, Target

STALL_US: Final = 20_000
"""No request of one client keeps 99 of 100 jobs of another waiting longer than this."""

_AS_MEMORY_OF_A_CONNECTION: Final = 1 / 1.5
_BOUNDED: Final = 2
"""The most that a queue file may grow when ten times as many jobs have gone through it."""

_NEAR_THE_BEST: Final = 1 / 1.25
_NEAR_THE_FLOOR: Final = 1 / 2
_NEAR_ONE_WORKER: Final = 1 / 1.5

_SIZES: Final = ("64", "4k", "256k", "8m")
_STALLS: Final = ("status", "jobs", "collector", "large", "pipeline")

TARGETS: Final = (
    # Faster than the C server with its defaults, on every row.
    Target(ALL_KINDS, "jobs_per_s", 1, C_DEFAULT),
    Target(ALL_KINDS, "p99_us", 1, C_DEFAULT),
    # It wakes all sleeping workers for one job.
    Target("sleeping-1000", "jobs_per_s", 20, C_DEFAULT),
    *(
        Target(f"sleeping-{count}", "jobs_per_s", _NEAR_ONE_WORKER, than_kind="one-job")
        for count in (1, 8, 100, 1000)
    ),
    # Beside its best number of threads.
    Target("together", "jobs_per_s", 1, C_BEST),
    Target("drain", "jobs_per_s", 1, C_BEST),
    *(Target(f"foreground-{size}", "jobs_per_s", _NEAR_THE_BEST, C_BEST) for size in _SIZES),
    # What a job costs beyond its system calls.
    *(Target(f"foreground-{size}", "cpu_us_per_job", _NEAR_THE_FLOOR, FLOOR) for size in _SIZES),
    Target("together", "cpu_us_per_job", _NEAR_THE_FLOOR, FLOOR),
    Target("drain", "cpu_us_per_job", _NEAR_THE_FLOOR, FLOOR),
    # Memory. A queued job's has its workload in it, ours and theirs.
    Target("queued", "bytes_per_job", 1, C_DEFAULT),
    Target("bystanders", "connection_bytes", _AS_MEMORY_OF_A_CONNECTION, C_DEFAULT),
    # No client waits for another client's request.
    *(Target(f"stall-{name}", "p99_us", limit=STALL_US) for name in _STALLS),
    Target("flood", "p99_us", limit=STALL_US),
    # The queue in SQLite.
    Target("durable-submit", "jobs_per_s", 50, C_DEFAULT),
    Target("durable-one", "p50_us", 1, C_DEFAULT),
    Target("durable-drain", "jobs_per_s", 0.8, than_kind="drain"),
    Target("restart", "p99_us", limit=STALL_US),
    Target("disk", "disk_growth", limit=_BOUNDED),
)
"""All targets. A kind's targets all apply, also where another one is stricter."""

COLUMNS: Final[Mapping[str, str]] = {
    C_DEFAULT: "C -t 4",
    C_BEST: "C, best",
    FLOOR: "floor",
}
"""The contenders that ours is compared with in a table, with the titles of their columns."""

"""The cost of many workers, of many functions, and of idle workers.

The sleepers have the function of the job: a server that wakes all of them pays for each. The
bystanders have another one.
"""

from __future__ import annotations

from typing import Final

from benchmarks.effort import Effort
from benchmarks.job_servers import Load, Server, load
from benchmarks.kind import Kind
from benchmarks.kinds.loads import BOTH, LATENCY, load_kind, measures_of
from benchmarks.metrics import Measures

SLEEPING: Final = "Sleeping workers"
FUNCTIONS: Final = "Functions"
CONNECTIONS: Final = "Connections"

BYSTANDERS: Final = 10_000
KIB: Final = 1024


def _beside_bystanders(server: Server, effort: Effort) -> Measures:
    """Connect many workers of another function, then do one job at a time."""
    work = Load(seconds=effort.seconds, bystanders=effort.count(BYSTANDERS))
    figures = load(server, work, effort.patience)
    return {**measures_of(figures), "connection_bytes": figures["connection_kib"] * KIB}


def _sleeping(count: int, *, is_quick: bool) -> Kind[Server]:
    return load_kind(
        f"sleeping-{count}",
        f"one job at a time beside {count:,} sleeping worker{'s' * (count > 1)} of its function",
        SLEEPING,
        Load(sleepers=count),
        LATENCY,
        is_quick=is_quick,
        open_files=count + 100,
    )


KINDS: Final = (
    *(_sleeping(count, is_quick=count in {100, 1000}) for count in (1, 8, 100, 1000)),
    load_kind(
        "functions-1000",
        "foreground, 8 clients × 32 outstanding, 8 workers with 1,000 functions each",
        FUNCTIONS,
        Load(clients=8, window=32, workers=8, functions=1000),
        BOTH,
        is_quick=True,
    ),
    Kind(
        "bystanders",
        "one job at a time beside {count} idle connections",
        CONNECTIONS,
        _beside_bystanders,
        ("connection_bytes", "connect_s", "p50_us", "p99_us"),
        count=BYSTANDERS,
        is_quick=True,
        is_fresh=True,
        most_rounds=3,
        open_files=BYSTANDERS + 200,
    ),
)

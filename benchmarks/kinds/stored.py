"""The cost of a queue file over time: a restart with many jobs in it, and its size on disk."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from functools import partial
from typing import Final

from attrs import evolve

from benchmarks.effort import Effort
from benchmarks.errors import BenchmarkError
from benchmarks.job_servers import Load, Server, load
from benchmarks.job_servers.contenders import QUEUE, C
from benchmarks.job_servers.settings import DURABLE
from benchmarks.kind import Kind
from benchmarks.kinds.background import DURABLE_FILL, DURABLE_TOGETHER, IN_SQLITE, NO_STORE
from benchmarks.kinds.queued import C_IS_SLOW, QUEUED, fill
from benchmarks.metrics import Measures

THROUGH: Final = 1_000_000
PARTS: Final = 10
END: Final = b".\n"
MICROSECONDS: Final = 1e6


def _restart(full_count: int, server: Server, effort: Effort) -> Measures:
    """Stop a server with many stored jobs and start it again.

    ``status`` is asked from the start until it shows that all jobs are loaded; then one foreground
    job of another function is served.
    """
    count = _store(full_count, server, effort)
    server.stop()
    begin = time.monotonic()
    server.start()
    server.wait_listening(effort.patience)
    waits, back, first = [], 0, 0.0
    while back < count:
        asked = time.monotonic()
        back = _queued(server.read(b"status\n", END, effort.patience))
        waits.append(time.monotonic() - asked)
        first = first or time.monotonic() - begin
        if time.monotonic() - begin > effort.patience:
            raise BenchmarkError(f"{server.name}: {back} of {count} stored jobs are back")
    load(server, Load(jobs=1, prefix="other"), effort.patience)
    waits.sort()
    return {
        "served_s": time.monotonic() - begin,
        "answers_s": first,
        "p99_us": waits[len(waits) * 99 // 100] * MICROSECONDS,
        "max_us": waits[-1] * MICROSECONDS,
    }


def _store(full_count: int, server: Server, effort: Effort) -> int:
    """Put jobs into the queue file of ``server`` and return how many.

    The C server stores some hundred a second, so they are written into its table directly.
    """
    if server.family != C:
        fill(server, effort, DURABLE_FILL, full_count)
        return server.submitted
    count = effort.count(full_count)
    server.stop()
    rows = ((f"u{number}", "bench0", 1, bytes(64), 0) for number in range(count))
    with contextlib.closing(sqlite3.connect(server.folder / QUEUE)) as connection, connection:
        connection.executemany(
            "INSERT INTO gearman_queue (unique_key, function_name, priority, data, when_to_run)"
            " VALUES (?, ?, ?, ?, ?)",
            rows,
        )
    return count


def _queued(status: bytes) -> int:
    """Return how many jobs ``status`` shows."""
    return sum(int(line.split(b"\t")[1]) for line in status.splitlines() if b"\t" in line)


def _pass_through(server: Server, effort: Effort) -> Measures:
    """Submit and drain many jobs in parts, and look at the file after the first and the last."""
    part = evolve(DURABLE_TOGETHER, jobs=max(1, effort.count(THROUGH) // PARTS))
    sizes = []
    for _ in range(PARTS):
        load(server, part, effort.patience)
        sizes.append(float(server.queue_file_bytes()))
    return {
        "disk_bytes_early": sizes[0],
        "disk_bytes": sizes[-1],
        "disk_growth": sizes[-1] / sizes[0],
    }


_stored = partial(Kind[Server], group=IN_SQLITE, setting=DURABLE, is_fresh=True, most_rounds=1)

RESTARTED: Final = 100_000
"""Number of jobs that the C server loads: its time grows with the square of their number."""

_restarted = partial(
    _stored,
    title="in SQLite: started again with {count} stored jobs; status is asked meanwhile",
    shows=("served_s", "answers_s", "p99_us", "max_us"),
)

KINDS: Final = (
    _restarted(
        "restart-100k", play=partial(_restart, RESTARTED), count=RESTARTED, without=NO_STORE
    ),
    _restarted(
        "restart",
        play=partial(_restart, QUEUED),
        count=QUEUED,
        without={**NO_STORE, "c": "its time to load grows with the square of the jobs"},
    ),
    _stored(
        "disk",
        "in SQLite: {count} jobs went through the file",
        play=_pass_through,
        shows=("disk_bytes_early", "disk_bytes", "disk_growth"),
        count=THROUGH,
        without=C_IS_SLOW,
    ),
)

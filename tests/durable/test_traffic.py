"""The disk that a server takes follows what is queued, not what ever went through it."""

from __future__ import annotations

from pathlib import Path

from gearman_tx.store.sqlite.opening import LOG_PAGES
from gearman_tx.store.sqlite.schema import PAGE_SIZE
from tests.durable.traffic import drive
from tests.support.servers import running, start_our_server

JOBS = 12_000
DEPTH = 1000
BYTES_A_JOB = 250
"""More than a job of the traffic takes in the file."""


def test_many_jobs_through_a_server(tmp_path: Path) -> None:
    """File and log stay below what the queued jobs need and what the log may have.

    ``python -m tests.durable.traffic --jobs 10000000`` does the same for longer.
    """
    path = tmp_path / "queue.sqlite3"
    options = ("--queue-type=sqlite", f"--sqlite-path={path}")
    with running(start_our_server(tmp_path, *options)) as server:
        usage = drive(server, path, JOBS, DEPTH)
        assert server.ask(b"status\n", until=b".\n").startswith(b"f\t0\t0\t")
        server.stop()
    assert usage.largest_file < 2 * DEPTH * BYTES_A_JOB + 50 * PAGE_SIZE
    assert usage.thirds[2] <= 1.5 * usage.thirds[1] + 50 * PAGE_SIZE
    assert usage.largest_log < 1.2 * LOG_PAGES * PAGE_SIZE
    assert path.stat().st_size < 100 * PAGE_SIZE + 2 * DEPTH * BYTES_A_JOB

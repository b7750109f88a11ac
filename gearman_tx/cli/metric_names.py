"""The metrics that ``gearman-tx metrics`` prints, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gearman_tx.cli.prometheus import COUNTER, GAUGE

METRICS: Final[Mapping[str, tuple[str, str]]] = {
    "gearman_up": (GAUGE, "1 while the job server answers."),
    "gearman_version_info": (GAUGE, "The version of the job server."),
    "gearman_jobs": (GAUGE, "Jobs that wait or run, delayed ones included."),
    "gearman_jobs_running": (GAUGE, "Jobs that a worker has."),
    "gearman_jobs_waiting": (GAUGE, "Jobs that do not run."),
    "gearman_workers": (GAUGE, "Workers that offer the function."),
    "gearman_jobs_queued": (GAUGE, "Jobs that are ready for a worker."),
    "gearman_jobs_delayed": (GAUGE, "Jobs whose time has not come."),
    "gearman_oldest_queued_timestamp_seconds": (
        GAUGE,
        "Since when the first queued job has been ready for a worker.",
    ),
    "gearman_function_queue_limit": (GAUGE, "The limit for submissions of normal priority."),
    "gearman_functions": (GAUGE, "Functions that the job server knows."),
    "gearman_connections": (GAUGE, "Connections, that of this question included."),
    "gearman_store_up": (GAUGE, "1 while background jobs can be stored."),
    "gearman_store_jobs": (GAUGE, "Stored jobs."),
    "gearman_store_size_bytes": (GAUGE, "Size of the queue file."),
    "gearman_store_log_bytes": (GAUGE, "Size of its write-ahead log."),
    "gearman_store_lag_seconds": (GAUGE, "How long a change has been waiting to be stored."),
    "gearman_store_commits_total": (COUNTER, "Batches stored."),
    "gearman_store_errors_total": (COUNTER, "Batches that could not be stored."),
}
"""The metrics in the order of the page: kind and help of each."""

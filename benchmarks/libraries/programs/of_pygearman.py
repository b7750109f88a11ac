"""The client and worker of pygearman."""

from __future__ import annotations

import sys
from typing import Any

import gearman

from benchmarks.libraries.programs.stopwatch import WINDOW, WORKLOAD, Stopwatch

SECONDS = 600.0
"""Without a timeout it would not wait for results."""


def submit(mode: str, port: str, function: str, count: int) -> None:
    """Submit ``count`` jobs and wait for them."""
    client = gearman.GearmanClient([f"127.0.0.1:{port}"])
    watch = Stopwatch()
    if mode == "many":
        job = {"task": function, "data": WORKLOAD}
        for left in range(count, 0, -WINDOW):
            jobs = [job] * min(WINDOW, left)
            for request in client.submit_multiple_jobs(jobs, poll_timeout=SECONDS):
                assert request.result == WORKLOAD
    else:
        is_background = mode == "background"
        for _ in range(count):
            request = client.submit_job(
                function, WORKLOAD, background=is_background, poll_timeout=SECONDS
            )
            assert is_background or request.result == WORKLOAD
    watch.tell(count)


class Worker(gearman.GearmanWorker):  # type: ignore[misc]  # it has no types
    """A worker that ends after a number of jobs."""

    left = 0

    def on_job_complete(self, job: Any, result: Any) -> Any:
        """Count."""
        self.left -= 1
        return super().on_job_complete(job, result)

    def after_poll(self, _any_activity: bool) -> bool:  # noqa: FBT001  # pygearman's
        """Return whether to go on."""
        return self.left > 0


def work(port: str, function: str, count: int) -> None:
    """Do ``count`` jobs."""
    watches: list[Stopwatch] = []

    def give_back(_worker: Any, job: Any) -> Any:
        if not watches:
            watches.append(Stopwatch())
        return job.data

    worker = Worker([f"127.0.0.1:{port}"])
    worker.left = count
    worker.register_task(function.encode(), give_back)
    worker.work()
    watches[0].tell(count)


if __name__ == "__main__":
    role, mode, port, function, count = sys.argv[1:]
    if role == "worker":
        work(port, function, int(count))
    else:
        submit(mode, port, function, int(count))

"""A worker that ends its jobs in other threads: ``later.py PORT FUNCTION``.

It takes the next job while the last ones are not over, and ends them all when it has three.
"""

from __future__ import annotations

import sys
import threading
from typing import Any

from gearman_tx import blocking as gearman

TOGETHER = 3


class Worker(gearman.GearmanWorker):
    """A worker that does not end jobs when their functions return."""

    def __init__(self, port: str) -> None:
        super().__init__([f"127.0.0.1:{port}"])
        self.taken: list[Any] = []
        self.thread: threading.Thread | None = None

    def on_job_execute(self, current_job: Any) -> bool:
        """Keep the job for later."""
        self.taken.append(current_job)
        if len(self.taken) == TOGETHER:
            self.thread = threading.Thread(target=self.end_all)
            self.thread.start()
        return True

    def end_all(self) -> None:
        """End the jobs in reverse order; later packets about them are dropped."""
        for job in reversed(self.taken):
            self.send_job_status(job, 1.5, 2)
            self.send_job_complete(job, f"{len(self.taken)} together")
            self.send_job_complete(job, b"twice")
            self.send_job_data(job, b"too late")

    def after_poll(self, any_activity: bool) -> bool:
        """Go on until the thread is done."""
        del any_activity
        return self.thread is None or self.thread.is_alive()


def main() -> None:
    """Work."""
    worker = Worker(sys.argv[1])
    worker.register_task(sys.argv[2], lambda _worker, _job: None)
    worker.work(poll_timeout=0.1)


main()

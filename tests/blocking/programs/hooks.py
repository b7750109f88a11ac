"""A worker with every hook: ``hooks.py PORT FUNCTION JOBS``; ends after so many jobs."""

from __future__ import annotations

import json
import sys
from typing import Any

import gearman

PORT, NAME, JOBS = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
FUNCTION = NAME.encode()


def show(title: str, *values: Any) -> None:
    """Print values as Python writes them."""
    sys.stdout.write(f"{title}: {' '.join(map(repr, values))}\n")
    sys.stdout.flush()


class MixedEncoder(gearman.DataEncoder):  # type: ignore[misc]  # the package ships no types
    """Results other than bytes are sent as JSON."""

    @classmethod
    def encode(cls, encodable_object: Any) -> Any:
        """Return bytes as they are, and values as text."""
        is_raw = isinstance(encodable_object, bytes)
        return encodable_object if is_raw else json.dumps(encodable_object)

    @classmethod
    def decode(cls, decodable_string: bytes) -> bytes:
        """Return the data unchanged."""
        return decodable_string


class Worker(gearman.GearmanWorker):  # type: ignore[misc]  # the package ships no types
    """A worker that prints what happens to its jobs."""

    data_encoder = MixedEncoder
    jobs = 0

    def on_job_execute(self, current_job: Any) -> Any:
        """Print that a job begins."""
        self.jobs += 1
        show("execute", self.jobs, current_job.task == FUNCTION, current_job.data)
        show("  types", type(current_job.handle).__name__, type(current_job.unique).__name__)
        show("  server", current_job.connection.get_address() == ("127.0.0.1", PORT))
        return super().on_job_execute(current_job)

    def on_job_exception(self, current_job: Any, exc_info: Any) -> Any:
        """Print what a function raised."""
        show("exception", exc_info[0].__name__, str(exc_info[1]))
        return super().on_job_exception(current_job, exc_info)

    def on_job_complete(self, current_job: Any, job_result: Any) -> Any:
        """Print what a function returned."""
        show("complete", job_result)
        return super().on_job_complete(current_job, job_result)

    def after_job(self) -> bool:
        """Stop after so many jobs; pygearman also calls it without a job."""
        return self.jobs < JOBS


def run(worker: Worker, job: Any) -> bytes:
    """Do what the workload says."""
    data: bytes = job.data
    if data == b"fail":
        raise ValueError("as the workload says")
    if data == b"empty":
        return b""
    if data == b"progress":
        worker.send_job_status(job, 1, 4)
        worker.send_job_data(job, b"a part")
        worker.send_job_warning(job, b"a warning")
        worker.send_job_data(job, b"another")
        worker.send_job_status(job, 2, 4)
        worker.wait_until_updates_sent([job])
    return data.upper()


def run_json(_worker: Worker, job: Any) -> Any:
    """Return a value."""
    return {"got": json.loads(job.data)}


def main() -> None:
    """Work until the last job is done."""
    worker = Worker([f"127.0.0.1:{PORT}"])
    show("client id", worker.set_client_id("a worker with hooks"))
    show("register", worker.register_task(b"never", run) == b"never")
    show("unregister", worker.unregister_task(b"never"), worker.unregister_task(b"unknown"))
    worker.register_task(FUNCTION, run)
    worker.register_task(FUNCTION + b"-json", run_json)
    show("abilities", len(worker.worker_abilities), worker)
    worker.work(poll_timeout=5.0)
    show("work() has returned", worker.jobs)


main()

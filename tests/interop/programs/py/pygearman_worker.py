"""A worker of pygearman: ``pygearman_worker.py PORT FUNCTION=BEHAVIOUR ...``."""

from __future__ import annotations

import sys
from typing import Any

from gearman import GearmanWorker


class Refusal(Exception):
    """A job that fails without an exception for the client."""


class Worker(GearmanWorker):  # type: ignore[misc]  # the package ships no types
    """A worker that sends WORK_EXCEPTION, and WORK_FAIL after it, when a job raises."""

    def on_job_exception(self, current_job: Any, exc_info: Any) -> bool:
        """Report the exception's text to the client and take the next job."""
        if isinstance(exc_info[1], Refusal):
            handled: bool = super().on_job_exception(current_job, exc_info)
            return handled
        self.send_job_exception(current_job, str(exc_info[1]).encode())
        return False


def reverse(worker: Worker, job: Any) -> bytes:
    """Return the workload reversed."""
    del worker
    result: bytes = job.data[::-1]
    return result


def length(worker: Worker, job: Any) -> bytes:
    """Return the number of bytes of the workload."""
    del worker
    return str(len(job.data)).encode()


def empty(worker: Worker, job: Any) -> bytes:
    """Return nothing."""
    del worker, job
    return b""


def fail(worker: Worker, job: Any) -> bytes:
    """Fail the job, by the library's own handler of exceptions."""
    del worker, job
    raise Refusal


def exception(worker: Worker, job: Any) -> bytes:
    """Raise an exception that says ``boom``."""
    del worker, job
    raise RuntimeError("boom")


def progress(worker: Worker, job: Any) -> bytes:
    """Send data, a warning and a status before the result."""
    worker.send_job_data(job, b"one")
    worker.send_job_warning(job, b"careful")
    worker.send_job_status(job, 1, 2)
    worker.send_job_data(job, b"two")
    return reverse(worker, job)


def hold(worker: Worker, job: Any) -> bytes:
    """Wait for one line on standard input before the result."""
    worker.send_job_status(job, 3, 7)
    sys.stdout.write(f"holding {job.data.decode()}\n")
    sys.stdout.flush()
    if not sys.stdin.readline():
        sys.exit(1)
    return reverse(worker, job)


def main() -> None:
    """Register the functions of the command line and work forever."""
    behaviours = {
        "reverse": reverse,
        "length": length,
        "empty": empty,
        "fail": fail,
        "exception": exception,
        "progress": progress,
        "hold": hold,
    }
    worker = Worker([f"127.0.0.1:{sys.argv[1]}"])
    worker.set_client_id("pygearman-worker")
    for ability in sys.argv[2:]:
        function, behaviour = ability.split("=")
        worker.register_task(function.encode(), behaviours[behaviour])
    worker.work()


main()

"""Print the requests after each step: ``requests.py PORT FUNCTION``, with ``hooks.py``."""

from __future__ import annotations

import json
import sys
from typing import Any

import gearman
from gearman.errors import (
    ExceededConnectionAttempts,
    GearmanError,
    ProtocolError,
    ServerUnavailable,
)

PORT, FUNCTION = int(sys.argv[1]), sys.argv[2]
SECONDS = 15.0


def show(title: str, *values: Any) -> None:
    """Print values as Python writes them, without those that differ from run to run."""
    sys.stdout.write(f"{title}: {' '.join(map(repr, values))}\n")
    sys.stdout.flush()


def show_request(title: str, request: Any) -> None:
    """Print a request."""
    show(title, request.state, request.complete, request.timed_out, request.result)
    show("  updates", *request.data_updates, "warnings", *request.warning_updates)
    show("  exception", request.exception, "attempts", request.connection_attempts)
    show("  priority", request.priority, request.background, request.max_connection_attempts)
    status = {key: value for key, value in request.status.items() if "time" not in key}
    status.pop("handle", None)
    show("  status", status, sorted(request.status))
    job = request.job
    is_same = job is request.gearman_job
    show("  job", type(job.handle).__name__, job.task, job.data, job.connection, is_same)


def show_error(title: str, call: Any, *arguments: Any, **options: Any) -> None:
    """Print the error of a call, or that there is none."""
    kinds = (AssertionError, GearmanError, KeyError, TypeError)
    try:
        call(*arguments, **options)
    except kinds as error:
        show(title, type(error).__name__, type(error).__mro__[-3].__name__)
    else:
        show(title, "no error")


class JsonEncoder(gearman.DataEncoder):  # type: ignore[misc]  # the package ships no types
    """Workloads and results are JSON."""

    @classmethod
    def encode(cls, encodable_object: Any) -> str:
        """Return a value as text."""
        return json.dumps(encodable_object)

    @classmethod
    def decode(cls, decodable_string: bytes) -> Any:
        """Return the value of received data."""
        return json.loads(decodable_string)


class JsonClient(gearman.GearmanClient):  # type: ignore[misc]  # the package ships no types
    """A client whose data are JSON values."""

    data_encoder = JsonEncoder


def main() -> None:
    """Use everything that a client can do."""
    address = f"127.0.0.1:{PORT}"
    client = gearman.GearmanClient([address])
    show("client", client)
    show("constants", gearman.PRIORITY_NONE, gearman.PRIORITY_LOW, gearman.PRIORITY_HIGH)
    show("states", gearman.JOB_UNKNOWN, gearman.JOB_PENDING, gearman.JOB_CREATED)
    show("ends", gearman.JOB_FAILED, gearman.JOB_COMPLETE, gearman.constants.DEFAULT_GEARMAN_PORT)

    for data in (b"bytes", "text", b"\0\xff"):
        show_request("submit_job", client.submit_job(FUNCTION, data, poll_timeout=SECONDS))
    for what in (b"progress", b"fail", b"empty"):
        show_request("worker", client.submit_job(FUNCTION, what, poll_timeout=SECONDS))

    jobs = [
        {"task": FUNCTION, "data": b"one", "priority": gearman.PRIORITY_HIGH},
        {"task": FUNCTION.encode(), "data": b"two", "unique": "my unique"},
        {"task": FUNCTION, "data": b"three", "unique": b"-", "priority": gearman.PRIORITY_LOW},
    ]
    for request in client.submit_multiple_jobs(jobs, poll_timeout=SECONDS):
        show_request("submit_multiple_jobs", request)
        show("  unique", type(request.job.unique).__name__, len(request.job.unique))
    (waiting,) = client.submit_multiple_jobs(jobs[:1], wait_until_complete=False)
    show("not waited for", waiting.job.to_dict()["data"], waiting.timed_out)
    client.wait_until_jobs_completed([waiting], poll_timeout=SECONDS)
    show_request("waited for", waiting)
    for priority in (gearman.PRIORITY_NONE, gearman.PRIORITY_LOW, gearman.PRIORITY_HIGH):
        request = client.submit_job(
            FUNCTION, b"bg", background=True, priority=priority, poll_timeout=SECONDS
        )
        show_request("background", request)

    nobody = f"{FUNCTION}-nobody"
    request = client.submit_job(nobody, b"x", poll_timeout=0.2, max_retries=2)
    show_request("timed out", request)
    show_request("status", client.get_job_status(request, poll_timeout=SECONDS))
    show_error("again", client.submit_multiple_requests, [waiting], poll_timeout=SECONDS)
    waiting.reset()
    show_request("reset", waiting)
    show_error("too often", client.submit_multiple_requests, [waiting], poll_timeout=SECONDS)

    values = JsonClient([("127.0.0.1", PORT)])
    request = values.submit_job(f"{FUNCTION}-json", {"n": [1, None]}, poll_timeout=SECONDS)
    show("json", request.state, request.result, request.job.data)

    show_error("one for many", client.submit_multiple_jobs, jobs[0])
    show_error("no bytes", client.submit_job, FUNCTION, 5, poll_timeout=SECONDS)
    show_error("no list", gearman.GearmanClient, [5])
    show_error("half a dict", gearman.GearmanClient, [{"host": "localhost"}])
    show_error("no server", gearman.GearmanClient(["127.0.0.1:1"]).submit_job, "f", b"x")
    show_error("no servers", gearman.GearmanClient([]).submit_job, "f", b"x")
    show_error("two servers", gearman.GearmanAdminClient, [address, address])
    show_error("no admin", gearman.GearmanAdminClient(["127.0.0.1:1"]).get_status)
    show_error("a worker alone", gearman.GearmanWorker(["127.0.0.1:1"]).work)
    for error in (ExceededConnectionAttempts, ProtocolError, ServerUnavailable):
        show("error", error.__name__, [base.__name__ for base in error.__mro__][1:3])


main()

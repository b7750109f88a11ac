"""PyPI's pygearman, the Python library ``gearman``: client, worker and admin client.

Each test runs with the library itself, and with the same programs on our blocking door.
"""

from __future__ import annotations

import pytest

from tests.interop.conftest import ours_only
from tests.interop.interop_fixture import InteropFixture
from tests.interop.interop_server import InteropServer
from tests.interop.language import Language
from tests.interop.peer_process import PeerRunner


@pytest.fixture(params=["pygearman", "blocking"])
def pygearman(request: pytest.FixtureRequest, pygearman: Language, blocking: Language) -> Language:
    """The library, or the door with its names."""
    return pygearman if request.param == "pygearman" else blocking


def test_submit_job_returns_the_result(interop: InteropFixture, pygearman: Language) -> None:
    """submit_job() returns the worker's result, of any bytes."""
    interop.worker(pygearman, "reverse")
    workload = bytes(range(256)) * 300
    assert interop.call(pygearman, "do", workload=workload).out == workload[::-1]


def test_a_request_holds_every_update(interop: InteropFixture, pygearman: Language) -> None:
    """The request of a foreground job holds its data, warnings, last status and result."""
    interop.worker(pygearman, "progress")
    created, *events = interop.call(pygearman, "events").lines
    assert created.startswith("created H:")
    assert events == ["data one", "data two", "warning careful", "status 1/2", "complete olleh"]


def test_many_jobs_at_once(interop: InteropFixture, pygearman: Language) -> None:
    """A hundred jobs submitted together each get their own result, from two workers."""
    interop.worker(pygearman, "reverse")
    interop.worker(pygearman, "reverse")
    pairs = [line.split(" ") for line in interop.call(pygearman, "many", "100").lines]
    assert pairs == [[str(n), str(n)[::-1]] for n in range(100)]


def test_an_empty_result_completes(interop: InteropFixture, pygearman: Language) -> None:
    """An empty result is a completion; the library needs the NUL after the handle."""
    interop.worker(pygearman, "empty")
    assert interop.call(pygearman, "events").lines[1:] == ["complete "]


def test_a_failure_fails_the_request(interop: InteropFixture, pygearman: Language) -> None:
    """A worker function that raises fails the job by default, and the worker goes on."""
    interop.worker(pygearman, "fail")
    for _ in range(2):
        assert interop.call(pygearman, "events").lines[1:] == ["fail"]


@ours_only
def test_an_exception_fails_the_request(interop: InteropFixture, pygearman: Language) -> None:
    """An exception is a failure. The C server's handle ends in NUL: the client raises KeyError."""
    worker = interop.worker(pygearman, "exception")
    for _ in range(2):
        assert interop.call(pygearman, "events").lines[1:] == ["fail"]
    assert worker.err == b""


def test_one_unique_is_one_job_for_two_clients(
    interop: InteropFixture, pygearman: Language
) -> None:
    """Two clients with the same unique get one handle and both the result of its one run."""
    client = interop.call_start(pygearman, "merge", interop.function)
    interop.server.await_waiting_clients(interop.function, 2)
    worker = interop.worker(pygearman, "hold")
    worker.send_line()
    first, second = client.succeed().lines
    assert first == second
    assert first.endswith(" olleh")
    assert worker.out == b"holding hello\n"


def test_background_jobs_run_by_priority(interop: InteropFixture, pygearman: Language) -> None:
    """Background jobs of the three priorities have distinct handles and run by priority."""
    handles = interop.call(pygearman, "background", workload=b"job").lines
    assert len(set(handles)) == 3
    worker = interop.worker(pygearman, "hold")
    for _ in handles:
        worker.send_line()
    interop.server.await_total(interop.function, 0)
    assert worker.out == b"holding high job\nholding normal job\nholding low job\n"


def test_polling_follows_a_background_job(interop: InteropFixture, pygearman: Language) -> None:
    """get_job_status() shows a job queued, running with its progress, and unknown at the end."""
    client = interop.call_start(pygearman, "poll")
    client.await_output(b"known 1 running 0 0/0")
    worker = interop.worker(pygearman, "hold")
    client.await_output(b"known 1 running 1 3/7")
    worker.send_line()
    lines = client.succeed().lines
    assert lines[1] == "known 1 running 0 0/0"
    assert lines[-2:] == ["known 1 running 1 3/7", "known 0 running 0 0/0"]


def test_another_worker_finishes_the_job_of_a_killed_one(
    interop: InteropFixture, pygearman: Language
) -> None:
    """A client whose worker is killed in the middle of its job gets the result all the same."""
    first = interop.worker(pygearman, "hold")
    client = interop.call_start(pygearman, "do")
    first.await_output(b"holding hello")
    interop.worker(pygearman, "reverse")
    first.kill()
    assert client.succeed().out == b"olleh"


def test_the_admin_client(
    fresh_server: InteropServer, peers: PeerRunner, pygearman: Language
) -> None:
    """Ping, version, pid, status, workers, jobs, uniques and cancel; shutdown is refused."""
    interop = InteropFixture(fresh_server, peers, "resize")
    handle = interop.queue("-u", "key", "hello")
    interop.start_worker(
        [*pygearman.worker, str(fresh_server.port), "crop=reverse", "scale=reverse"], "crop"
    )
    version = fresh_server.process.ask(b"version\r\n").decode().strip()
    lines = interop.call(pygearman, "admin").lines
    workers = sorted(line for line in lines if line.startswith("worker"))
    assert workers in (
        ["worker -", "worker pygearman-worker crop scale"],
        ["worker -", "worker pygearman-worker scale crop"],
    )
    assert [line for line in lines if not line.startswith("worker")] == [
        "ping True",
        f"version {version}",
        f"pid OK {fresh_server.process.pid}",
        "status [{'task': 'resize', 'queued': 1, 'running': 0, 'workers': 0}]",
        f"job {handle} 0 0 1",
        "unique key",
        "cancel OK",
        "cancel ERR UNKNOWN_JOB",
        "ping True",
    ]

"""npm's gearman: a worker that waits for NOOP before it grabs, and one read per text reply."""

from __future__ import annotations

from tests.interop.interop_fixture import InteropFixture
from tests.interop.interop_server import InteropServer
from tests.interop.language import Language
from tests.interop.peer_process import PeerRunner


def test_a_job_returns_its_result(interop: InteropFixture, npm: Language) -> None:
    """A foreground job returns the worker's result, of any bytes."""
    interop.worker(npm, "reverse")
    workload = bytes(range(256)) * 300
    assert interop.call(npm, "do", workload=workload).out == workload[::-1]


def test_every_packet_is_handled_in_order(interop: InteropFixture, npm: Language) -> None:
    """Data, warning and status packets arrive in the order sent, then the result."""
    interop.worker(npm, "progress")
    created, *events = interop.call(npm, "events").lines
    assert created.startswith("created H:")
    assert events == ["data one", "warning careful", "status 1/2", "data two", "complete olleh"]


def test_a_worker_that_only_sleeps_finds_queued_jobs(
    interop: InteropFixture, npm: Language
) -> None:
    """PRE_SLEEP with jobs in the queue is answered by NOOP, each time, until none is left."""
    for word in ("one", "two", "three"):
        interop.queue(word)
    worker = interop.worker(npm, "hold")
    for _ in range(3):
        worker.send_line()
    interop.server.await_total(interop.function, 0)
    assert worker.out == b"holding one\nholding two\nholding three\n"


def test_an_empty_result_completes(interop: InteropFixture, npm: Language) -> None:
    """A worker may complete with no bytes."""
    interop.worker(npm, "empty")
    assert interop.call(npm, "events").lines[1:] == ["complete "]


def test_a_failure_fails_the_job(interop: InteropFixture, npm: Language) -> None:
    """sendWorkFail() fails the job, and the worker goes on."""
    interop.worker(npm, "fail")
    for _ in range(2):
        assert interop.call(npm, "events").lines[1:] == ["fail"]


def test_an_exception_reaches_a_client_with_the_option(
    interop: InteropFixture, npm: Language
) -> None:
    """After setOption("exceptions") the client gets the exception's text."""
    interop.worker(npm, "exception")
    lines = interop.call(npm, "events", "exceptions").lines
    assert (lines[0], lines[2:]) == ("option exceptions", ["exception boom"])


def test_an_exception_fails_the_job_without_the_option(
    interop: InteropFixture, npm: Language
) -> None:
    """Without the option the job fails."""
    interop.worker(npm, "exception")
    assert interop.call(npm, "events").lines[1:] == ["fail"]


def test_a_result_for_an_unknown_job_is_an_error(interop: InteropFixture, npm: Language) -> None:
    """WORK_COMPLETE with a handle that never was is answered with JOB_NOT_FOUND."""
    worker = interop.worker(npm, "stranger")
    assert interop.call(npm, "events").lines[1:] == ["complete olleh"]
    worker.await_output(b"\n")
    assert worker.out == b"ERROR JOB_NOT_FOUND Job given in work result not found\n"


def test_one_unique_is_one_job(interop: InteropFixture, npm: Language) -> None:
    """A connection that submits a unique twice has one handle and gets every packet twice."""
    client = interop.call_start(npm, "unique", interop.function)
    interop.server.await_waiting_clients(interop.function, 2)
    worker = interop.worker(npm, "hold")
    worker.send_line()
    first, second, *events = client.succeed().lines
    assert first == second
    assert events == ["status 3/7", "status 3/7", "complete olleh", "complete olleh"]


def test_background_jobs_run_by_priority(interop: InteropFixture, npm: Language) -> None:
    """Background jobs of the three priorities have distinct handles and run by priority."""
    handles = interop.call(npm, "background", workload=b"job").lines
    assert len(set(handles)) == 3
    worker = interop.worker(npm, "hold")
    for _ in handles:
        worker.send_line()
    interop.server.await_total(interop.function, 0)
    assert worker.out == b"holding high job\nholding normal job\nholding low job\n"


def test_status_follows_a_job(interop: InteropFixture, npm: Language) -> None:
    """getJobStatus() and getJobStatusUnique() show a job queued, running and unknown."""
    handle = interop.queue("-u", interop.function, "hello")
    ask = ("status", f"{handle},{interop.function}")
    assert interop.call(npm, *ask).lines == ["known 1 running 0 0"] * 2
    worker = interop.worker(npm, "hold")
    worker.await_output(b"holding hello")
    assert interop.call(npm, *ask).lines == ["known 1 running 1 3"] * 2
    worker.send_line()
    interop.server.await_total(interop.function, 0)
    assert interop.call(npm, *ask).lines == ["known 0 running 0 0"] * 2


def test_echo_returns_its_data(interop: InteropFixture, npm: Language) -> None:
    """ECHO_RES has the bytes of ECHO_REQ."""
    workload = bytes(range(1, 256))
    assert interop.call(npm, "echo", workload=workload).out == workload


def test_a_time_limit_of_four_binary_bytes_is_no_limit(
    interop: InteropFixture, npm: Language
) -> None:
    """The package sends CAN_DO_TIMEOUT's number in binary: the function has no time limit."""
    worker = interop.worker(npm, "hold/1000")
    client = interop.call_start(npm, "do")
    worker.await_output(b"holding hello")
    worker.send_line()
    assert client.succeed().out == b"olleh"
    assert b"ERROR" not in worker.out


def test_the_admin_calls_read_one_chunk(
    fresh_server: InteropServer, peers: PeerRunner, npm: Language
) -> None:
    """adminStatus(), adminWorkers() and adminDropFunction() each read one piece of reply."""
    interop = InteropFixture(fresh_server, peers, "resize")
    interop.worker(npm, "reverse")
    fresh_server.process.ask(b"create function unused\r\n")
    lines = interop.call(npm, "admin", "unused").lines
    assert lines[0] == 'status {"total":0,"running":0,"available_workers":1}'
    assert sorted(lines[1:-2]) == [
        "worker 127.0.0.1 -",
        "worker 127.0.0.1 -",
        "worker 127.0.0.1 npm-worker resize",
    ]
    assert lines[-2:] == [
        "drop Error: there are still connected workers or executing clients",
        "drop ",
    ]


def test_another_worker_finishes_the_job_of_a_killed_one(
    interop: InteropFixture, npm: Language
) -> None:
    """A client whose worker is killed in the middle of its job gets the result all the same."""
    first = interop.worker(npm, "hold")
    client = interop.call_start(npm, "do")
    first.await_output(b"holding hello")
    interop.worker(npm, "reverse")
    first.kill()
    assert client.succeed().out == b"olleh"

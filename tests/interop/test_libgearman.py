"""libgearman from C: the library beneath the PHP extension and the ``gearman`` program."""

from __future__ import annotations

import pytest

from tests.interop.conftest import StartServer, ours_only
from tests.interop.interop_fixture import InteropFixture
from tests.interop.language import Language
from tests.interop.peer_process import PeerProcess, PeerRunner

MEBIBYTE = 1 << 20


def test_many_tasks_run_over_one_connection(interop: InteropFixture, c: Language) -> None:
    """A thousand tasks of one run_tasks() each get their own result, over two workers."""
    interop.worker(c, "reverse")
    interop.worker(c, "reverse")
    outcome = interop.call(c, "many", "1000")
    pairs = sorted(line.split(" ") for line in outcome.lines)
    assert pairs == sorted([str(n), str(n)[::-1]] for n in range(1000))


def test_every_callback_is_called_in_order(interop: InteropFixture, c: Language) -> None:
    """Data, warning and status packets reach the task's callbacks in the order sent."""
    interop.worker(c, "progress")
    created, *events = interop.call(c, "events").lines
    assert created.startswith("created H:")
    assert events == ["data one", "warning careful", "status 1/2", "data two", "complete olleh"]


def test_an_empty_result_is_a_completion(interop: InteropFixture, c: Language) -> None:
    """A worker that returns nothing completes its job with no bytes."""
    interop.worker(c, "empty")
    assert interop.call(c, "events").lines[1:] == ["complete "]


def test_a_failure_reaches_the_fail_callback(interop: InteropFixture, c: Language) -> None:
    """WORK_FAIL calls the task's fail callback and ends run_tasks()."""
    interop.worker(c, "fail")
    assert interop.call(c, "events").lines[1:] == ["fail"]


def test_an_exception_reaches_a_client_with_the_option(
    interop: InteropFixture, c: Language
) -> None:
    """With the server option ``exceptions`` the exception callback gets the text."""
    interop.worker(c, "exception")
    assert interop.call(c, "events", "exceptions").lines[1:] == ["exception boom"]


@ours_only
def test_an_exception_ends_a_client_without_the_option(
    interop: InteropFixture, c: Language
) -> None:
    """Without the option the task fails. The C server's handle ends in NUL, and clients hang."""
    interop.worker(c, "exception")
    assert interop.call(c, "events").lines[1:] == ["fail"]


def test_a_server_with_exceptions_sends_them_to_all(
    start_server: StartServer, peers: PeerRunner, c: Language
) -> None:
    """A server started with ``--exceptions`` sends them to a client that did not ask."""
    interop = InteropFixture(start_server("--exceptions"), peers, "always")
    interop.worker(c, "exception")
    assert interop.call(c, "events").lines[1:] == ["exception boom"]


def test_a_job_that_costs_too_many_workers_fails(
    start_server: StartServer, peers: PeerRunner, c: Language
) -> None:
    """With ``--job-retries=2`` the loss of a second worker fails the job."""
    interop = InteropFixture(start_server("--job-retries=2"), peers, "deadly")
    client = interop.call_start(c, "events")
    for total in (1, 0):
        worker = interop.worker(c, "hold")
        worker.await_output(b"holding hello")
        worker.kill()
        interop.server.await_exactly("deadly", (total, 0, 0))
    assert client.succeed().lines[1:] == ["status 3/7", "status 3/7", "fail"]


def test_an_unknown_server_option_is_refused(interop: InteropFixture, c: Language) -> None:
    """OPTION_REQ for anything but ``exceptions`` is answered with an ERROR the library reports."""
    client = interop.call_start(c, "events", "unheard-of")
    assert client.succeed(status=1).lines == ["option refused"]


def test_a_background_job_is_followed_by_its_handle(interop: InteropFixture, c: Language) -> None:
    """job_status() shows a background job running, its progress, and unknown when it has ended."""
    worker = interop.worker(c, "hold")
    client = interop.call_start(c, "background")
    worker.await_output(b"holding hello")
    client.await_output(b"known 1 running 1 3/7")
    worker.send_line()
    lines = client.succeed().lines
    assert lines[0].startswith("created H:")
    assert lines[-2:] == ["known 1 running 1 3/7", "known 0 running 0 0/0"]


def test_a_job_is_known_by_its_unique(interop: InteropFixture, c: Language) -> None:
    """unique_status() finds a queued job, a running one with its progress, and no ended one."""
    unique = interop.function
    interop.queue("-u", unique, "hello")
    assert interop.call(c, "unique", unique).lines == ["known 1 running 0 0/0"]
    worker = interop.worker(c, "hold")
    worker.await_output(b"holding hello")
    assert interop.call(c, "unique", unique).lines == ["known 1 running 1 3/7"]
    worker.send_line()
    interop.server.await_total(interop.function, 0)
    assert interop.call(c, "unique", unique).lines == ["known 0 running 0 0/0"]


@pytest.mark.parametrize("workload", [b"hello", bytes(range(256)) * 256], ids=["short", "64KiB"])
def test_echo_returns_the_workload(interop: InteropFixture, c: Language, workload: bytes) -> None:
    """gearman_client_echo() succeeds only when the server sends back the same bytes."""
    assert interop.call(c, "echo", workload=workload).lines == ["GEARMAN_SUCCESS"]


def test_mebibytes_make_the_round_trip(interop: InteropFixture, c: Language) -> None:
    """A workload of 8 MiB (1 MiB for the slow C server) and its result arrive whole."""
    interop.worker(c, "reverse")
    size = (8 if interop.server.kind == "ours" else 1) * MEBIBYTE
    workload = bytes(range(251)) * (size // 251)
    assert interop.call(c, "do", workload=workload).out == workload[::-1]


def test_an_idle_worker_times_out_and_works_on(interop: InteropFixture, c: Language) -> None:
    """A worker whose wait timed out still gets the next job, over the same connection."""
    worker = interop.worker(c, "reverse", {"POLL_MILLISECONDS": "30"})
    worker.await_output(b"idle\nidle\n")
    assert interop.call(c, "do").out == b"olleh"
    assert b"error" not in worker.out
    assert interop.server.counts(interop.function).workers == 1


def test_a_job_over_its_time_goes_to_another_worker(interop: InteropFixture, c: Language) -> None:
    """A function registered with a timeout loses its job to another worker after that time."""
    slow = interop.worker(c, "hold/1000")
    client = interop.call_start(c, "do")
    slow.await_output(b"holding hello")
    interop.worker(c, "reverse")
    assert client.succeed().out == b"olleh"
    assert slow.running


def test_a_partitioned_job_is_split_and_joined(interop: InteropFixture, c: Language) -> None:
    """A job with a reducer is split by one worker, its parts are run by another and joined."""
    mapper = f"{interop.function}_map"
    interop.start_worker([*c.worker, str(interop.server.port), f"{mapper}=split"], mapper)
    interop.worker(c, "reverse")
    outcome = interop.call(c, "partition", mapper, workload=b"one two three")
    assert sorted(outcome.lines[0].split("|")) == ["", "eerht", "eno", "owt"]


def epoch_job_runs_in_its_second(interop: InteropFixture, c: Language, worker: PeerProcess) -> None:
    """Submit a delayed job and a plain one behind it; the worker runs the plain one first."""
    interop.call(c, "epoch", "1", workload=b"later")
    plain = interop.call_start(c, "do", workload=b"now")
    worker.await_output(b"holding now")
    worker.send_line()
    assert plain.succeed().out == b"won"
    worker.await_output(b"holding later")
    worker.send_line()
    interop.server.await_total(interop.function, 0)


def test_an_epoch_job_is_found_by_a_worker_that_asks_again(
    interop: InteropFixture, c: Language
) -> None:
    """A delayed job is given to a worker that asks when its second has come, not before."""
    worker = interop.worker(c, "hold", {"POLL_MILLISECONDS": "100"})
    epoch_job_runs_in_its_second(interop, c, worker)


@ours_only
def test_an_epoch_job_wakes_a_sleeping_worker(interop: InteropFixture, c: Language) -> None:
    """A due job wakes a sleeping worker. The C server leaves both asleep forever."""
    epoch_job_runs_in_its_second(interop, c, interop.worker(c, "hold"))


def test_a_full_queue_is_an_error_of_the_task(interop: InteropFixture, c: Language) -> None:
    """Over ``maxqueue`` the submission is answered with QUEUE_ERROR, which do() returns."""
    interop.queue("waiting")
    command = f"maxqueue {interop.function} 1\r\n".encode()
    assert interop.server.process.ask(command) == b"OK\r\n"
    client = interop.call_start(c, "do")
    assert client.succeed(status=1).lines == ["do: GEARMAN_QUEUE_ERROR"]
    assert b"Job queue is full" in client.err

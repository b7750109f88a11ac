"""libgearman from C: the library beneath the PHP extension and the ``gearman`` program."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.interop.conftest import ours_only
from tests.interop.job_server import JobServer
from tests.interop.peer_process import PeerProcess, PeerRunner

MEBIBYTE = 1 << 20


@pytest.fixture
def client(server: JobServer, c_program: Callable[[str], str]) -> list[str]:
    """The compiled client and the server's port."""
    return [c_program("client"), str(server.port)]


@pytest.fixture
def worker(server: JobServer, c_program: Callable[[str], str]) -> list[str]:
    """The compiled worker and the server's port."""
    return [c_program("worker"), str(server.port)]


@pytest.fixture
def started(
    server: JobServer, peers: PeerRunner, worker: list[str], function: str
) -> Callable[[str], PeerProcess]:
    """A function that starts a worker with one behaviour and waits until it is registered."""

    def start(behaviour: str) -> PeerProcess:
        workers = server.counts(function).workers
        process = peers.start([*worker, f"{function}={behaviour}"])
        server.await_workers(function, workers + 1)
        return process

    return start


def test_many_tasks_run_over_one_connection(
    peers: PeerRunner, client: list[str], started: Callable[[str], PeerProcess], function: str
) -> None:
    """A thousand tasks of one run_tasks() each get their own result, over two workers."""
    started("reverse")
    started("reverse")
    outcome = peers.run([*client, "many", function, "1000"])
    pairs = sorted(line.split(" ") for line in outcome.lines)
    assert pairs == sorted([str(n), str(n)[::-1]] for n in range(1000))


def test_every_callback_is_called_in_order(
    peers: PeerRunner, client: list[str], started: Callable[[str], PeerProcess], function: str
) -> None:
    """Data, warning and status packets reach the task's callbacks in the order sent."""
    started("progress")
    outcome = peers.run([*client, "events", function], b"hello")
    assert outcome.lines[0].startswith("created H:")
    assert outcome.lines[1:] == [
        "data one",
        "warning careful",
        "status 1/2",
        "data two",
        "complete olleh",
    ]


def test_an_empty_result_is_a_completion(
    peers: PeerRunner, client: list[str], started: Callable[[str], PeerProcess], function: str
) -> None:
    """A worker that returns nothing completes its job with no bytes."""
    started("empty")
    outcome = peers.run([*client, "events", function], b"hello")
    assert outcome.lines[1:] == ["complete "]


def test_a_failure_reaches_the_fail_callback(
    peers: PeerRunner, client: list[str], started: Callable[[str], PeerProcess], function: str
) -> None:
    """WORK_FAIL calls the task's fail callback and ends run_tasks()."""
    started("fail")
    outcome = peers.run([*client, "events", function], b"hello")
    assert outcome.lines[1:] == ["fail"]


def test_an_exception_reaches_a_client_with_the_option(
    peers: PeerRunner, client: list[str], started: Callable[[str], PeerProcess], function: str
) -> None:
    """With the server option ``exceptions`` the exception callback gets the text."""
    started("exception")
    outcome = peers.run([*client, "events", function, "exceptions"], b"hello")
    assert outcome.lines[1:] == ["exception boom"]


@ours_only
def test_an_exception_ends_a_client_without_the_option(
    peers: PeerRunner, client: list[str], started: Callable[[str], PeerProcess], function: str
) -> None:
    """Without the option the task fails. The C server's handle ends in NUL, and clients hang."""
    started("exception")
    outcome = peers.run([*client, "events", function], b"hello")
    assert outcome.lines[1:] == ["fail"]


def test_a_background_job_is_followed_by_its_handle(
    peers: PeerRunner, client: list[str], started: Callable[[str], PeerProcess], function: str
) -> None:
    """job_status() shows a background job running, its progress, and unknown when it has ended."""
    worker = started("hold")
    process = peers.start([*client, "background", function], b"hello")
    worker.await_output(b"holding hello")
    process.await_output(b"known 1 running 1 3/7")
    worker.send_line()
    lines = process.finish().lines
    assert lines[0].startswith("created H:")
    assert lines[-2:] == ["known 1 running 1 3/7", "known 0 running 0 0/0"]


def test_a_job_is_known_by_its_unique(
    server: JobServer,
    peers: PeerRunner,
    client: list[str],
    started: Callable[[str], PeerProcess],
    function: str,
) -> None:
    """unique_status() finds a queued job, a running one with its progress, and no ended one."""
    submit = ["gearman", "-p", str(server.port), "-f", function, "-b", "-u", function, "hello"]
    ask = [*client, "unique", "-", function]
    peers.run(submit)
    assert peers.run(ask).lines == ["known 1 running 0 0/0"]
    worker = started("hold")
    worker.await_output(b"holding hello")
    assert peers.run(ask).lines == ["known 1 running 1 3/7"]
    worker.send_line()
    server.await_total(function, 0)
    assert peers.run(ask).lines == ["known 0 running 0 0/0"]


@pytest.mark.parametrize("workload", [b"hello", bytes(range(256)) * 256], ids=["short", "64KiB"])
def test_echo_returns_the_workload(peers: PeerRunner, client: list[str], workload: bytes) -> None:
    """gearman_client_echo() succeeds only when the server sends back the same bytes."""
    assert peers.run([*client, "echo", "-"], workload).lines == ["GEARMAN_SUCCESS"]


def test_eight_mebibytes_make_the_round_trip(
    peers: PeerRunner, client: list[str], started: Callable[[str], PeerProcess], function: str
) -> None:
    """A workload of 8 MiB and its result of 8 MiB arrive whole."""
    started("reverse")
    workload = bytes(range(251)) * (8 * MEBIBYTE // 251)
    assert peers.run([*client, "do", function], workload).out == workload[::-1]


def test_an_idle_worker_times_out_and_works_on(
    server: JobServer, peers: PeerRunner, client: list[str], worker: list[str], function: str
) -> None:
    """A worker whose wait timed out still gets the next job, over the same connection."""
    process = peers.start([*worker, f"{function}=reverse"], env={"POLL_MILLISECONDS": "30"})
    process.await_output(b"idle\nidle\n")
    assert peers.run([*client, "do", function], b"hello").out == b"olleh"
    assert b"error" not in process.out
    assert server.counts(function).workers == 1


def test_a_job_over_its_time_goes_to_another_worker(
    server: JobServer,
    peers: PeerRunner,
    client: list[str],
    worker: list[str],
    started: Callable[[str], PeerProcess],
    function: str,
) -> None:
    """A function registered with a timeout loses its job to another worker after that time."""
    slow = peers.start([*worker, f"{function}=hold/1000"])
    server.await_workers(function, 1)
    process = peers.start([*client, "do", function], b"hello")
    slow.await_output(b"holding hello")
    started("reverse")
    assert process.finish().out == b"olleh"
    assert slow.running


def test_a_partitioned_job_is_split_and_joined(
    server: JobServer,
    peers: PeerRunner,
    client: list[str],
    worker: list[str],
    started: Callable[[str], PeerProcess],
    function: str,
) -> None:
    """A job with a reducer is split by one worker, its parts are run by others and joined."""
    peers.start([*worker, f"{function}_map=split"])
    server.await_workers(f"{function}_map")
    started("reverse")
    outcome = peers.run([*client, "partition", function, f"{function}_map"], b"one two three")
    assert sorted(outcome.lines[0].split("|")) == ["", "eerht", "eno", "owt"]


def epoch_job_runs_in_its_second(
    server: JobServer, peers: PeerRunner, client: list[str], worker: PeerProcess, function: str
) -> None:
    """Submit a delayed job and a plain one behind it; the worker runs the plain one first."""
    peers.run([*client, "epoch", function, "1"], b"later")
    plain = peers.start([*client, "do", function], b"now")
    worker.await_output(b"holding now")
    worker.send_line()
    assert plain.finish().out == b"won"
    worker.await_output(b"holding later")
    worker.send_line()
    server.await_total(function, 0)


def test_an_epoch_job_is_found_by_a_worker_that_asks_again(
    server: JobServer, peers: PeerRunner, client: list[str], worker: list[str], function: str
) -> None:
    """A delayed job is given to a worker that asks when its second has come, not before."""
    process = peers.start([*worker, f"{function}=hold"], env={"POLL_MILLISECONDS": "100"})
    server.await_workers(function)
    epoch_job_runs_in_its_second(server, peers, client, process, function)


@ours_only
def test_an_epoch_job_wakes_a_sleeping_worker(
    server: JobServer,
    peers: PeerRunner,
    client: list[str],
    started: Callable[[str], PeerProcess],
    function: str,
) -> None:
    """A due job wakes a sleeping worker. The C server leaves both asleep for ever."""
    epoch_job_runs_in_its_second(server, peers, client, started("hold"), function)

"""Our client with the workers of everybody else, over both job servers."""

from __future__ import annotations

import sys

import pytest

from tests.interop.conftest import PROGRAMS, StartServer
from tests.interop.interop_fixture import InteropFixture
from tests.interop.language import Language

WORKERS = ("c", "php", "perl", "pygearman", "gear", "npm")
WORKLOAD = bytes(range(256)) * 17
PROGRAM = str(PROGRAMS / "py" / "gearman_tx_client.py")

each_worker = pytest.mark.parametrize("worker", WORKERS)


@pytest.fixture
def ours() -> Language:
    """Our client as a program like those of all other languages."""
    return Language("gearman_tx", (sys.executable, PROGRAM), ())


@pytest.fixture
def find(request: pytest.FixtureRequest) -> Language:
    """The language of the worker that the test's parameter names."""
    found: Language = request.getfixturevalue(request.node.callspec.params["worker"])
    return found


def test_a_worker_of_the_command_line(interop: InteropFixture, ours: Language) -> None:
    """``gearman -w`` runs a command; our client gets what it prints."""
    reverse = ["perl", "-e", "local $/; print scalar reverse <STDIN>"]
    interop.start_worker(interop.gearman("-w", "--", *reverse))
    assert interop.call(ours, "do", workload=WORKLOAD).out == WORKLOAD[::-1]


@each_worker
def test_result_progress_and_volume(
    interop: InteropFixture, ours: Language, find: Language, worker: str
) -> None:
    """A binary workload comes back, and so do two hundred at once, from every worker."""
    interop.worker(find, "reverse")
    assert interop.call(ours, "do", workload=WORKLOAD).out == WORKLOAD[::-1], worker
    pairs = sorted(line.split(" ") for line in interop.call(ours, "many", "200").lines)
    assert pairs == sorted([str(number), str(number)[::-1]] for number in range(1, 201))


@each_worker
def test_progress(interop: InteropFixture, ours: Language, find: Language, worker: str) -> None:
    """Updates come in the order in which the worker sent them, for each of those who share."""
    sent = ["data one", "warning careful", "status 1/2", "data two", "complete olleh"]
    client = interop.call_start(ours, "shared", "3")
    interop.server.await_waiting_clients("u", 3)  # a task that joins later misses updates
    interop.worker(find, "progress")
    for line in client.succeed().lines:
        assert line.split(" ", 2)[2] == " ".join(sent), worker
    assert interop.call(ours, "events").lines[1:] == sent, worker


@pytest.mark.parametrize(
    ("worker", "behaviour", "told"),
    [
        ("c", "fail", "fail"),
        ("npm", "fail", "fail"),
        ("php", "exception", "exception boom"),
        ("perl", "exception", "exception boom"),
        ("gear", "exception", "exception boom"),
    ],
)
def test_failures(
    interop: InteropFixture, ours: Language, find: Language, worker: str, behaviour: str, told: str
) -> None:
    """A failed job is JobFailed, a raised exception JobException with its text."""
    process = interop.worker(find, behaviour)
    assert interop.call(ours, "events").lines[1:] == [told]
    if interop.server.kind == "ours" or worker != "perl":  # whom the C server's answer kills
        assert interop.call(ours, "events").lines[1:] == [told]
        assert process.running


def test_empty_results(interop: InteropFixture, ours: Language, c: Language) -> None:
    """A result without bytes is a result."""
    interop.worker(c, "empty")
    assert interop.call(ours, "events").lines[1:] == ["complete"]


def test_background_tasks_and_their_status(
    interop: InteropFixture, ours: Language, php: Language
) -> None:
    """PHP's worker runs them by priority, and their status follows them."""
    handles = interop.call(ours, "background", workload=b"job").lines
    assert interop.call(ours, "status", handles[0]).lines == ["[true,false,0,0]"]
    worker = interop.worker(php, "hold")
    worker.await_output(b"holding high job")
    assert interop.call(ours, "status", handles[0]).lines == ["[true,true,3,7]"]
    for _ in handles:
        worker.send_line()
    interop.server.await_total(interop.function, 0)
    assert worker.out == b"holding high job\nholding normal job\nholding low job\n"
    assert interop.call(ours, "status", handles[0]).lines == ["[false,false,0,0]"]
    assert interop.call(ours, "unique", "nobody's").lines == ["[false,false,0,0]"]


def test_one_of_two_job_servers_is_killed(
    interop: InteropFixture, ours: Language, php: Language, start_server: StartServer
) -> None:
    """Our client goes on with PHP's worker when the first of two servers is killed."""
    servers = [start_server(), start_server()]
    ports = ",".join(str(server.port) for server in servers)
    interop.start([*php.worker, ports, f"{interop.function}=length"])
    for server in servers:
        server.await_workers(interop.function)
    client = interop.start([*ours.client, ports, "lines", interop.function])
    client.send_line(b"Hello")
    client.await_output(b"5\n")
    servers[0].process.kill()
    client.send_line(b"Hello, world")
    client.await_output(b"5\n12\n")

"""Our client with the workers of everybody else, over both job servers."""

from __future__ import annotations

import sys

import pytest

from tests.interop.conftest import PROGRAMS, StartServer
from tests.interop.language import Language
from tests.interop.scene import Scene

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


def test_a_worker_of_the_command_line(scene: Scene, ours: Language) -> None:
    """``gearman -w`` runs a command; our client gets what it prints."""
    reverse = ["perl", "-e", "local $/; print scalar reverse <STDIN>"]
    scene.start_worker(scene.gearman("-w", "--", *reverse))
    assert scene.call(ours, "do", workload=WORKLOAD).out == WORKLOAD[::-1]


@each_worker
def test_result_progress_and_volume(
    scene: Scene, ours: Language, find: Language, worker: str
) -> None:
    """A binary workload comes back, and so do two hundred at once, from every worker."""
    scene.worker(find, "reverse")
    assert scene.call(ours, "do", workload=WORKLOAD).out == WORKLOAD[::-1], worker
    pairs = sorted(line.split(" ") for line in scene.call(ours, "many", "200").lines)
    assert pairs == sorted([str(number), str(number)[::-1]] for number in range(1, 201))


@each_worker
def test_progress(scene: Scene, ours: Language, find: Language, worker: str) -> None:
    """Updates come in the order in which the worker sent them, for each of those who share."""
    sent = ["data one", "warning careful", "status 1/2", "data two", "complete olleh"]
    client = scene.call_start(ours, "shared", "3")
    scene.server.await_waiting_clients("u", 3)  # a task that joins later misses updates
    scene.worker(find, "progress")
    for line in client.succeed().lines:
        assert line.split(" ", 2)[2] == " ".join(sent), worker
    assert scene.call(ours, "events").lines[1:] == sent, worker


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
    scene: Scene, ours: Language, find: Language, worker: str, behaviour: str, told: str
) -> None:
    """A failed job is JobFailed, a raised exception JobException with its text."""
    process = scene.worker(find, behaviour)
    assert scene.call(ours, "events").lines[1:] == [told]
    if scene.server.kind == "ours" or worker != "perl":  # whom the C server's answer kills
        assert scene.call(ours, "events").lines[1:] == [told]
        assert process.running


def test_empty_results(scene: Scene, ours: Language, c: Language) -> None:
    """A result without bytes is a result."""
    scene.worker(c, "empty")
    assert scene.call(ours, "events").lines[1:] == ["complete"]


def test_background_tasks_and_their_status(scene: Scene, ours: Language, php: Language) -> None:
    """PHP's worker runs them by priority, and their status follows them."""
    handles = scene.call(ours, "background", workload=b"job").lines
    assert scene.call(ours, "status", handles[0]).lines == ["[true,false,0,0]"]
    worker = scene.worker(php, "hold")
    worker.await_output(b"holding high job")
    assert scene.call(ours, "status", handles[0]).lines == ["[true,true,3,7]"]
    for _ in handles:
        worker.send_line()
    scene.server.await_total(scene.function, 0)
    assert worker.out == b"holding high job\nholding normal job\nholding low job\n"
    assert scene.call(ours, "status", handles[0]).lines == ["[false,false,0,0]"]
    assert scene.call(ours, "unique", "nobody's").lines == ["[false,false,0,0]"]


def test_one_of_two_job_servers_is_killed(
    scene: Scene, ours: Language, php: Language, start_server: StartServer
) -> None:
    """Our client goes on with PHP's worker when the first of two servers is killed."""
    servers = [start_server(), start_server()]
    ports = ",".join(str(server.port) for server in servers)
    scene.start([*php.worker, ports, f"{scene.function}=length"])
    for server in servers:
        server.await_workers(scene.function)
    client = scene.start([*ours.client, ports, "lines", scene.function])
    client.send_line(b"Hello")
    client.await_output(b"5\n")
    servers[0].process.kill()
    client.send_line(b"Hello, world")
    client.await_output(b"5\n12\n")

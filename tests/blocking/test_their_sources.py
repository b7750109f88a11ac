"""The programs of pygearman's own documentation, and its tests, with the import changed.

Its documentation is of Python 2, so ``print`` is put into Python 3's form. What is left out:
``worker.rst`` returns what no encoder takes (``reversed(...)``, None) or uses a database, and one
block of ``client.rst`` pretends that servers failed. Its tests are of its workings, and most need a
module that the source distribution lacks; two of them are of what is public, the constructor of a
connection.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.blocking.sources import examples, fetch, program, without_workings
from tests.interop.conftest import StartServer
from tests.interop.interop_server import InteropServer
from tests.interop.peer_process import PeerRunner
from tests.support.sharing import kept_folder

BLOCKS = {
    "1to2.rst": 3,
    "admin_client.rst": 2,
    "client.rst": 6,
    "job.rst": 0,
    "types_of_jobs.rst": 4,
    "worker.rst": 3,
}
WORKINGS = {"test_no_socket_means_no_fileno", "test_send_commands_to_buffer"}


@pytest.fixture(scope="session")
def sources(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of pygearman's sources."""
    return fetch(kept_folder(pytestconfig, tmp_path_factory, "pygearman-sources"))


@pytest.fixture
def job_server(start_server: StartServer, peers: PeerRunner) -> InteropServer:
    """A job server with a worker for each function of the examples."""
    server = start_server()
    code = f"""
from gearman_tx import blocking as gearman
worker = gearman.GearmanWorker(["127.0.0.1:{server.port}"])
for name in ("task_name", "other_task", "echo"):
    worker.register_task(name, lambda _worker, job: job.data)
worker.work()
"""
    peers.start([sys.executable, "-c", code])
    server.await_workers("echo")
    return server


def run(peers: PeerRunner, code: str) -> list[str]:
    """Run a program; return what it prints, random uniques masked."""
    outcome = peers.run([sys.executable, "-c", code])
    assert outcome.err == b""
    return re.sub(r"\b[0-9a-f]{32}\b", "UNIQUE", outcome.out.decode()).splitlines()


def test_no_example_is_overlooked(sources: Path) -> None:
    """The pages have as many blocks as the tests below know of."""
    pages = sources / "docs"
    assert {page: len(examples(pages / page)) for page in BLOCKS} == BLOCKS
    others = {page.name for page in pages.glob("*.rst")} - set(BLOCKS)
    assert not any(examples(pages / page) for page in others)


def test_the_examples_of_the_client(
    sources: Path, job_server: InteropServer, peers: PeerRunner
) -> None:
    """One job, a background job, several at once, and pickled values."""
    check, *blocks = examples(sources / "docs" / "client.rst")
    one, background, several, _pretended, pickled = (
        program(check, block, ours=True, port=job_server.port) for block in blocks
    )
    done = "Job UNIQUE finished!  Result: "
    assert run(peers, one) == [f"{done}COMPLETE - b'arbitrary binary data'"]
    assert run(peers, background) == [f"{done}CREATED - None"]
    results = ["b'binary data'", "b'other binary data'"]
    assert run(peers, several) == [f"{done}COMPLETE - {result}" for result in results]
    assert run(peers, pickled) == []


def test_examples_that_pygearman_runs_as_well(
    sources: Path, job_server: InteropServer, peers: PeerRunner
) -> None:
    """Where pygearman waits as its documentation says, both print the same."""
    check, *blocks = examples(sources / "docs" / "client.rst")
    status, ping = examples(sources / "docs" / "admin_client.rst")
    show = "print(version_response, sorted(row['task'] for row in status_response))"
    for parts in ([check, blocks[1]], [check, blocks[2]], [status, show], [ping]):
        theirs, ours = (
            run(peers, program(*parts, ours=is_ours, port=job_server.port))
            for is_ours in (False, True)
        )
        assert ours == theirs
        assert ours or parts == [ping]


def test_the_examples_of_the_second_version(
    sources: Path, start_server: StartServer, peers: PeerRunner
) -> None:
    """The worker with hooks, and the clients with one task and with several."""
    server = start_server()
    one, several, worker = (
        program(block, ours=True, port=server.port)
        for block in examples(sources / "docs" / "1to2.rst")
    )
    working = peers.start([sys.executable, "-u", "-c", worker])
    server.await_workers("echo")
    assert run(peers, f"{one}\nprint(new_result)") == ["b'foo'"]
    different = several.replace(
        "== current_request.job.data", "== current_request.job.data.encode()"
    )
    assert run(peers, different) == []
    told = ["Job started", "Job complete, CAN stop last gasp GEARMAN_COMMAND_WORK_COMPLETE"]
    working.wait_until(lambda: len(working.out.splitlines()) == 6, "word of three jobs")
    assert working.out.decode().splitlines() == told * 3


def test_the_example_of_an_online_job(
    sources: Path, start_server: StartServer, peers: PeerRunner
) -> None:
    """The worker prints what the page shows; the client sees the job begin, go on and end."""
    server = start_server()
    client, worker, _seen, shown = examples(sources / "docs" / "types_of_jobs.rst")
    command = [sys.executable, "-u", "-c"]
    working = peers.start([*command, program(worker, ours=True, port=server.port)])
    server.await_workers("delayed_reverse")
    lines = run(peers, program(client, ours=True, port=server.port))
    seen = [re.sub(r"^Time elpased = [\d.]+, ", "", line.partition(", data")[0]) for line in lines]
    assert len(seen) == 8
    assert seen[0].startswith("Known = True")
    assert seen[-1] == "Known = False, Running = False, Status = 0/0"
    steps = [line.rpartition(" ")[2] for line in seen if line.startswith("Known = True")]
    assert steps == sorted(steps)
    assert {"1/3", "2/3"} <= set(steps)
    printed = working.out.decode().replace("`b'Hello World!'`", "`Hello World!`")
    without_times = [re.sub(r"[\d.]+,", "...,", text) for text in (printed, shown)]
    assert without_times[0].splitlines() == without_times[1].splitlines()


def test_their_tests_of_what_is_public(sources: Path, tmp_path: Path, peers: PeerRunner) -> None:
    """A connection needs a host, and speaks TLS when it has all three files."""
    code = (sources / "tests" / "test_connection.py").read_text(encoding="utf-8")
    module = tmp_path / "test_connection.py"
    module.write_text(without_workings(code, WORKINGS), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(module)]
    assert b"9 passed" in peers.run(command).out


def test_most_of_their_tests_cannot_be_run(sources: Path) -> None:
    """They import a missing module, so pygearman fails them too."""
    tests = sources / "tests"
    lacking = {
        path.name
        for path in tests.glob("test_*.py")
        if "from tests._core_testing import" in path.read_text(encoding="utf-8")
    }
    assert not (tests / "_core_testing.py").exists()
    assert {path.name for path in tests.glob("test_*.py")} - lacking == {"test_connection.py"}

"""The page about the command line: each command prints what the page shows."""

from __future__ import annotations

import pytest

from tests.docs.blocks import runs
from tests.docs.conftest import MakeReader
from tests.docs.reader import Reader
from tests.interop.interop_server import InteropServer
from tests.interop.peer_process import PeerRunner
from tests.support.peers import require_program
from tests.support.servers import running, start_our_server

PAGE = "docs/how-to/use-the-command-line.rst"


def terminal(port: int) -> dict[str, str]:
    """Return the variables of a wide terminal in which the page's first command was typed."""
    return {"COLUMNS": "200", "GEARMAN_SERVERS": f"localhost:{port}"}


@pytest.fixture
def reader(server: InteropServer, make_reader: MakeReader) -> Reader:
    """A reader of the page, with an empty server."""
    return make_reader(PAGE, server.port, variables=terminal(server.port))


@runs(PAGE, "servers")
def test_servers(reader: Reader) -> None:
    """The variable is set, and the server answers."""
    reader.run("servers")


@runs(PAGE, "worker", "tasks", "python-worker", "submit", "failure")
def test_jobs(reader: Reader, server: InteropServer) -> None:
    """The workers of the page do the jobs of the page."""
    reader.start("worker")
    reader.save("tasks", "tasks.py")
    reader.start("python-worker")
    server.await_workers("shout")
    server.await_counts("count", lambda counts: counts.workers == 2)
    reader.run("submit")
    assert (reader.folder / "counted.txt").read_text().startswith("1 def count(job):\n")
    (outcome,) = reader.run("failure")
    assert outcome.out == b"HELLO"


@runs(PAGE, "json-lines")
def test_json(reader: Reader, server: InteropServer) -> None:
    """Jobs are read as JSON, and results are printed as JSON."""
    require_program("jq", "apt-get install jq")
    reader.start("worker")
    server.await_workers("shout")
    reader.run("json-lines")


@runs(PAGE, "failure")
def test_a_failure(reader: Reader, server: InteropServer) -> None:
    """A worker that fails gives an exit status that the shell sees."""
    reader.begin("gearman-tx work -f shout -- false")
    server.await_workers("shout")
    (outcome,) = reader.run("failure")
    assert outcome.out == b"it failed\n"


@runs(PAGE, "background", "reports", "json", "one-job", "ask", "deeds")
def test_queues(make_reader: MakeReader, peers: PeerRunner) -> None:
    """What was left behind is shown, counted, limited and cancelled; then the server stops."""
    require_program("jq", "apt-get install jq")
    with running(start_our_server(peers.folder, "--allow-shutdown")) as process:
        server = InteropServer("ours", process)
        reader = make_reader(PAGE, server.port, variables=terminal(server.port))
        reader.run("background")
        reader.run("reports")
        reader.run("json")
        first, second, _ = (row.split("\t")[0] for row in server.text("show jobs"))
        reader.words = {"H:myhost:2": second}
        reader.run("one-job", status=1)
        reader.run("ask")
        reader.words = {"H:myhost:1": first}
        reader.run("deeds")
        assert process.process.wait(20) == 0


@runs(PAGE, "completion")
def test_completion(reader: Reader) -> None:
    """The line defines what bash calls for the Tab key."""
    require_program("bash", "apt-get install bash")
    path = reader.save("completion", "bashrc")
    path.write_text(f"{path.read_text()}\ncomplete -p gearman-tx\n", encoding="utf-8")
    assert b"gearman-tx" in reader.type("bash bashrc").out

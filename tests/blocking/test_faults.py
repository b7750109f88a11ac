"""Faults: job servers that die, are silent or down; functions that raise."""

from __future__ import annotations

import signal
import socket
import sys

import pytest

from tests.blocking.conftest import PROGRAMS, one_server
from tests.interop.conftest import StartServer
from tests.interop.interop_fixture import InteropFixture
from tests.interop.peer_process import PeerRunner
from tests.support.ports import free_port


def program(name: str, *arguments: object) -> list[str]:
    """Return the command of one of our programs."""
    return [sys.executable, str(PROGRAMS / f"{name}.py"), *map(str, arguments)]


def test_the_server_dies_while_a_client_waits(start_server: StartServer, peers: PeerRunner) -> None:
    """Each call raises ServerUnavailable; when a server is up again, the client uses it."""
    server = start_server()
    client = peers.start(program("waits", server.port, "f", "death"))
    client.await_output(b"waiting for a CREATED job\n")
    server.process.kill()
    client.await_output(b"nobody is there\n")
    start_server(port=server.port)
    assert client.succeed().lines[1:] == [
        "ServerUnavailable: UNKNOWN, True",
        "ServerUnavailable: UNKNOWN, True",
        "ServerUnavailable: UNKNOWN, True",
        "nobody is there",
        "back: CREATED",
    ]


def test_the_server_dies_under_a_worker(start_server: StartServer, peers: PeerRunner) -> None:
    """``work()`` raises ServerUnavailable; called again, it connects to the server's successor."""
    server = start_server()
    worker = peers.start(program("worker", server.port, "f", "again"))
    server.await_workers("f")
    name = f"{socket.gethostname()}:{worker.process.pid}"
    assert any(f" {name} : f" in line for line in server.text("workers"))
    server.process.kill()
    worker.await_output(b"ServerUnavailable Found no valid connections in list: [GearmanConn")
    again = start_server(port=server.port)
    again.await_workers("f")
    result = peers.run(["gearman", "-p", str(again.port), "-f", "f", "word"]).out
    assert result == b"drow"


def test_a_client_goes_on_with_another_server(start_server: StartServer, peers: PeerRunner) -> None:
    """Of two servers one dies: the request that it had is lost, and new ones go to the other."""
    first, second = start_server(), start_server()
    code = f"""
import sys
from gearman_tx import blocking as gearman
client = gearman.GearmanClient(["127.0.0.1:{first.port}", ("127.0.0.1", {second.port})])
ports = {{}}
while len(ports) < 2:
    request = client.submit_job("f", b"x", wait_until_complete=False)
    ports[request.job.connection.gearman_port] = request
print("both", flush=True)
sys.stdin.readline()
lost, kept = ports[{first.port}], ports[{second.port}]
client.wait_until_jobs_completed([lost])
print(lost.state, lost.timed_out, lost.complete)
client.wait_until_jobs_completed([lost, kept], poll_timeout=0.1)
print(kept.state, kept.timed_out, kept.complete)
print([client.submit_job("f", b"x", background=True).state for _ in range(5)])
"""
    client = peers.start([sys.executable, "-c", code])
    client.await_output(b"both\n")
    first.process.kill()
    client.send_line()
    assert client.succeed().lines[1:] == [
        "UNKNOWN True False",
        "CREATED True False",
        str(["CREATED"] * 5),
    ]


def test_a_worker_goes_on_with_another_server(start_server: StartServer, peers: PeerRunner) -> None:
    """One of two servers dies and is replaced; the worker serves the servers that are up."""
    first, second = start_server(), start_server()
    code = f"""
from gearman_tx import blocking as gearman
worker = gearman.GearmanWorker(["127.0.0.1:{first.port}", "127.0.0.1:{second.port}"])
worker.register_task("f", lambda _worker, job: f"{{job.connection.gearman_port}}")
worker.work(poll_timeout=0.5)
"""
    worker = peers.start([sys.executable, "-c", code])
    for server in (first, second):
        server.await_workers("f")
    first.process.kill()
    ask = ["gearman", "-f", "f", "x", "-p"]
    assert peers.run([*ask, str(second.port)]).out == str(second.port).encode()
    start_server(port=first.port).await_workers("f")
    assert peers.run([*ask, str(first.port)]).out == str(first.port).encode()
    assert worker.running


def test_a_silent_server(peers: PeerRunner) -> None:
    """Nothing takes longer than ``poll_timeout``, even if the connection is accepted."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        outcome = peers.run(program("waits", port, "f", "silent"))
    assert outcome.lines == [
        "silence: PENDING, True",
        "InvalidAdminClientState: Admin client timed out after 0.500000 second(s)",
    ]


def test_no_server(peers: PeerRunner) -> None:
    """A worker without a server fails at once; the error lists the servers."""
    port = free_port()
    outcome = peers.run(program("worker", port, "f"))
    assert outcome.out.startswith(b"ServerUnavailable Found no valid connections in list: [Gearm")
    assert str(port).encode() in outcome.out
    assert outcome.err == b""


def test_an_exception(interop: InteropFixture) -> None:
    """The client gets the exception in ``request.exception``; the worker goes on."""
    worker = interop.start_worker(program("worker", interop.server.port, interop.function))
    code = f"""
from gearman_tx import blocking as gearman
client = gearman.GearmanClient(["127.0.0.1:{interop.server.port}"])
for word in ("raise", "word"):
    request = client.submit_job("{interop.function}", word)
    print(request.state, request.exception, request.result)
"""
    assert interop.run([sys.executable, "-c", code]).lines == [
        "FAILED b'as it was told' None",
        "COMPLETE None b'drow'",
    ]
    worker.process.send_signal(signal.SIGINT)
    assert worker.succeed().out == b"interrupted\n"


def test_a_refused_submission(start_server: StartServer, peers: PeerRunner) -> None:
    """A full queue fails the request, and the client's hook is called."""
    server = start_server()
    code = f"""
from gearman_tx import blocking as gearman
class Client(gearman.GearmanClient):
    def on_gearman_error(self, code, text):
        print("refused", code)
        return False
place = ["127.0.0.1:{server.port}"]
client, admin = Client(place), gearman.GearmanAdminClient(place)
print(client.submit_job("f", b"1", background=True).state)
print(admin.send_maxqueue("f", 1))
print(client.submit_job("f", b"2", background=True).state)
"""
    lines = peers.run([sys.executable, "-c", code]).lines
    assert lines == ["CREATED", "OK", "refused b'QUEUE_ERROR'", "FAILED"]


@one_server
@pytest.mark.parametrize("name", ["a\\0b", "u" * 65])
def test_what_gearman_cannot_say(start_server: StartServer, peers: PeerRunner, name: str) -> None:
    """It is a ProtocolError, and nothing was sent."""
    code = f"""
from gearman_tx import blocking as gearman
client = gearman.GearmanClient(["127.0.0.1:{start_server().port}"])
try:
    client.submit_job("f", b"x", unique="{name}")
except gearman.errors.ProtocolError as error:
    print("ProtocolError", error)
"""
    assert peers.run([sys.executable, "-c", code]).out.startswith(b"ProtocolError a ")


def test_a_workload_over_the_limit_is_not_sent(
    start_server: StartServer, peers: PeerRunner
) -> None:
    """ProtocolError names size and limit, and the client goes on."""
    server = start_server()
    code = f"""
from gearman_tx import TooLarge, blocking as gearman
client = gearman.GearmanClient(["127.0.0.1:{server.port}"])
try:
    client.submit_job("f", bytes(140_000_000), unique="u")
except gearman.errors.ProtocolError as error:
    print(len(str(error)) < 200, type(error.__cause__) is TooLarge, str(error)[:66])
request = client.submit_job("f", b"x", background=True)
print(request.state)
"""
    assert peers.run([sys.executable, "-c", code]).lines == [
        "True True a packet of 140000004 bytes is over the limit of 134217728: split ",
        "CREATED",
    ]
    assert "was refused" not in server.process.log.read_text()


def test_too_many_attempts_do_not_show_the_workload(peers: PeerRunner) -> None:
    """The error names the job, and the size of its data."""
    code = """
from gearman_tx import blocking as gearman
client = gearman.GearmanClient(["127.0.0.1:1"])
job = gearman.GearmanJob(None, None, "f", "u", b"secret" * 1000)
request = gearman.GearmanJobRequest(job, max_attempts=0)
try:
    client.submit_multiple_requests([request])
except gearman.errors.ExceededConnectionAttempts as error:
    print("secret" in str(error) + repr(error), "data=<6000 bytes>" in str(error))
"""
    assert peers.run([sys.executable, "-c", code]).lines == ["False True"]

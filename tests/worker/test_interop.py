"""Our worker for clients in other languages, at both job servers."""

from __future__ import annotations

import sys

import pytest

from tests.interop.conftest import StartServer, ours_only
from tests.interop.interop_fixture import InteropFixture
from tests.interop.language import Language
from tests.interop.peer_process import PeerRunner
from tests.worker.conftest import OURS, PROGRAM, StartWorker


@pytest.mark.parametrize("behaviour", ["reverse", "async"])
def test_a_result_of_any_bytes(
    interop: InteropFixture, start: StartWorker, client: Language, behaviour: str
) -> None:
    """From a thread, and from the reactor."""
    start(behaviour)
    workload = bytes(range(256)) * 300
    outcome = interop.call(client, "do", workload=workload)
    assert outcome.out.endswith(workload[::-1])


def test_every_packet_in_order(
    interop: InteropFixture, start: StartWorker, client: Language
) -> None:
    """Data, a warning, progress and more data, sent from a thread, then the result."""
    start("progress")
    events = interop.call(client, "events").lines[1:]
    assert events == ["data one", "warning careful", "status 1/2", "data two", "complete olleh"]


def test_an_empty_result(interop: InteropFixture, start: StartWorker, client: Language) -> None:
    """A function that returns None completes its job."""
    start("empty")
    assert [line.strip() for line in interop.call(client, "events").lines[1:]] == ["complete"]


def test_a_failure(interop: InteropFixture, start: StartWorker) -> None:
    """``job.fail()`` is a failed job for ``gearman``, and the worker goes on."""
    start("fail")
    for _ in range(2):
        assert b"Job failed" in interop.run(interop.gearman("x"), status=1).err


@ours_only
def test_an_exception_reaches_a_client_that_asks(
    interop: InteropFixture, start: StartWorker, perl: Language
) -> None:
    """The client gets the text of the exception."""
    start("exception")
    events = interop.call(perl, "events", "exceptions").lines[1:]
    assert "exception ValueError: boom" in events


def test_an_exception_for_clients_that_understand_only_failures(
    interop: InteropFixture, start: StartWorker, client: Language
) -> None:
    """With ``exceptions=False`` no client waits forever, at either job server."""
    start("exception", exceptions=False)
    events = interop.call(client, "events").lines[1:]
    assert events == ["warning ValueError: boom", "fail"]


def test_much_data_from_a_thread(interop: InteropFixture, start: StartWorker) -> None:
    """A thread sends as fast as the server reads, and nothing is lost."""
    start("plenty")
    outcome = interop.run(interop.gearman("2000"))
    assert len(outcome.out) == 2000 * 1024


def test_a_deferred_from_a_thread_is_an_error(interop: InteropFixture, start: StartWorker) -> None:
    """The text says what to do instead."""
    for behaviour, kind in (("deferred", b"Deferred"), ("coroutine", b"coroutine")):
        worker = start(behaviour, exceptions=False)
        warning = interop.run(interop.gearman("x"), status=1)
        text = b"TypeError: the function returned a %s in a thread" % kind
        assert text in warning.out + warning.err
        worker.kill()
        interop.server.await_workers(interop.function, 0)


def test_many_jobs_of_many_clients(
    interop: InteropFixture, start: StartWorker, php: Language
) -> None:
    """Four at a time, each client gets its own results."""
    start("reverse", concurrency=4)
    clients = [interop.call_start(php, "many", "100") for _ in range(3)]
    for client in clients:
        pairs = [line.split(" ") for line in client.succeed().lines]
        assert sorted(pairs) == sorted([str(n), str(n)[::-1]] for n in range(100))


def test_a_killed_server_is_worked_for_again(
    start_server: StartServer, peers: PeerRunner, function: str
) -> None:
    """The worker serves one server while the other is down, and both afterwards."""
    servers = [start_server(), start_server()]
    ports = ",".join(str(server.port) for server in servers)
    peers.start([*OURS.worker, ports, f"{function}=reverse"])
    for server in servers:
        server.await_workers(function)

    def check(number: int) -> None:
        port = str(servers[number].port)
        command = ["gearman", "-h", "127.0.0.1", "-p", port, "-f", function, "hello"]
        assert peers.run(command).out == b"olleh"

    check(0)
    servers[0].process.kill()
    check(1)
    servers[0] = start_server(port=servers[0].port)
    servers[0].await_workers(function)
    check(0)
    check(1)


def test_a_server_that_knows_no_grab_job_all(
    peers: PeerRunner, gear: Language, function: str
) -> None:
    """``gear`` does not answer unknown packets; its jobs are done all the same."""
    server = peers.start([sys.executable, str(PROGRAM.with_name("gear_server.py"))])
    server.await_output(b"\n")
    port = server.out.split()[1].decode()
    peers.start([*OURS.worker, port, f"{function}=reverse"])
    outcome = peers.run([*gear.client, port, "do", function], b"hello", gear.env)
    assert outcome.out == b"olleh"

"""Plain programs: threads, forks, Ctrl-C, many requests, and an end of the interpreter."""

from __future__ import annotations

import signal
import sys

from tests.blocking.conftest import one_server
from tests.blocking.test_faults import program
from tests.interop.conftest import StartServer
from tests.interop.interop_fixture import InteropFixture
from tests.interop.peer_process import PeerRunner


def test_threads_that_are_not_joined(interop: InteropFixture) -> None:
    """Three workers and eight clients outlive the main thread, and the program ends after them."""
    outcome = interop.run(program("threads", interop.server.port, interop.function))
    assert outcome.lines == ["8 clients are done"]
    assert outcome.err == b""


def test_two_thousand_requests(interop: InteropFixture) -> None:
    """All are submitted at once, and each gets its own result."""
    interop.start_worker(program("worker", interop.server.port, interop.function))
    client = interop.start(program("volume", interop.server.port, interop.function))
    assert client.succeed(seconds=120).lines == [
        "{'COMPLETE': 2000} 2000 right, 2000 handles",
        "0 of 100 are known still",
    ]


@one_server
def test_forks(interop: InteropFixture) -> None:
    """Clients and workers may be used in children that were forked before or after their first use.

    Each process has connections of its own. What the parent submitted is lost for the child, and
    goes on for the parent.
    """
    python, *arguments = program("forks", interop.server.port, interop.function)
    outcome = interop.run([python, "-W", "error", *arguments])
    in_child = [
        "submitted: CREATED",
        "of the parent: UNKNOWN",
        "worked: b'cba'",
        "seen: True",
    ]
    assert outcome.lines == [
        *["submitted: CREATED"] * 3,
        "still: CREATED",
        "worked: b'321'",
        *in_child,
        "submitted: CREATED",
        "still: CREATED",
        *in_child,
    ]
    assert outcome.err == b""


def test_warnings_are_errors(interop: InteropFixture) -> None:
    """No warning of this package or of what it uses reaches a program: client, worker and admin."""
    code = f"""
from gearman_tx import blocking as gearman
class Worker(gearman.GearmanWorker):
    def after_job(self):
        return False
servers = ["127.0.0.1:{interop.server.port}"]
client, worker, admin = (
    kind(servers) for kind in (gearman.GearmanClient, Worker, gearman.GearmanAdminClient)
)
worker.register_task("{interop.function}", lambda worker, job: job.data[::-1])
request = client.submit_job("{interop.function}", b"abc", wait_until_complete=False)
worker.work()
client.wait_until_jobs_completed([request])
print(request.result, admin.ping_server() > 0)
client.submit_job("{interop.function}", b"x", poll_timeout=0.1)
"""
    outcome = interop.run([sys.executable, "-W", "error", "-X", "dev", "-c", code])
    assert (outcome.lines, outcome.err) == (["b'cba' True"], b"")


@one_server
def test_control_c_ends_the_waiting(interop: InteropFixture) -> None:
    """KeyboardInterrupt is raised where the program waits; the client can be used after it."""
    client = interop.start(program("waits", interop.server.port, interop.function, "main"))
    client.await_output(b"waiting for a CREATED job\n")
    client.process.send_signal(signal.SIGINT)
    outcome = client.succeed()
    assert outcome.lines[1:] == ["interrupted: CREATED", "and then: CREATED"]
    assert outcome.err == b""


def test_control_c_gives_the_job_back(start_server: StartServer, peers: PeerRunner) -> None:
    """A worker that is interrupted in the middle of a job leaves it to another one."""
    server = start_server()
    first = peers.start(program("worker", server.port, "f"))
    server.await_workers("f")
    peers.run(["gearman", "-p", str(server.port), "-b", "-f", "f", "hold word"])
    first.await_output(b"holding word\n")
    first.process.send_signal(signal.SIGINT)
    assert first.succeed().lines == ["holding word", "interrupted"]
    second = peers.start(program("worker", server.port, "f"))
    second.await_output(b"holding word\n")


@one_server
def test_the_program_ends_while_a_thread_waits(interop: InteropFixture) -> None:
    """A daemon thread that waits for a job does not keep the program from ending."""
    outcome = interop.run(program("waits", interop.server.port, interop.function, "daemon"))
    assert outcome.err == b""


def test_jobs_ended_later(interop: InteropFixture) -> None:
    """A worker that ends jobs in another thread takes further jobs before that."""
    worker = interop.start_worker(program("later", interop.server.port, interop.function))
    clients = [interop.start(interop.gearman(str(number))) for number in range(3)]
    for client in clients:
        assert client.succeed().out.startswith(b"3 together")
    assert worker.succeed().err == b""


def test_the_first_hook_may_end_the_work(peers: PeerRunner) -> None:
    """``after_poll`` is called first, so no job server is needed."""
    code = """
from gearman_tx import blocking as gearman
class Worker(gearman.GearmanWorker):
    def after_poll(self, any_activity):
        return print("asked", any_activity)
Worker(["127.0.0.1:1"]).work()
"""
    assert peers.run([sys.executable, "-c", code]).lines == ["asked False"]


@one_server
def test_functions_come_and_go_while_it_works(interop: InteropFixture) -> None:
    """A function registers another one, withdraws itself and shuts the worker down."""
    code = f"""
from gearman_tx import blocking as gearman
def first(worker, job):
    worker.register_task("{interop.function}-b", second)
    worker.unregister_task("{interop.function}")
    return b"1"
def second(worker, job):
    worker.shutdown()
    return b"2"
worker = gearman.GearmanWorker(["127.0.0.1:{interop.server.port}"])
worker.register_task("{interop.function}", first)
try:
    worker.work()
except gearman.errors.ServerUnavailable:
    print("shut down", list(worker.worker_abilities) == ["{interop.function}-b"])
"""
    worker = interop.start_worker([sys.executable, "-c", code])
    assert interop.run(interop.gearman("x")).out == b"1"
    second = ["-f", f"{interop.function}-b", "x"]
    assert interop.run([*interop.gearman()[:-2], *second]).out == b"2"
    assert worker.succeed().lines == ["shut down True"]
    assert interop.server.counts(interop.function).workers == 0


@one_server
def test_a_client_that_is_dropped_is_closed(start_server: StartServer, peers: PeerRunner) -> None:
    """A new client for each job does not accumulate connections."""
    server = start_server()
    code = f"""
from gearman_tx import blocking as gearman
for _ in range(20):
    client = gearman.GearmanClient(["127.0.0.1:{server.port}"])
    client.submit_job("f", b"x", background=True)
del client
print("dropped", flush=True)
input()
"""
    client = peers.start([sys.executable, "-c", code])
    client.await_output(b"dropped\n")
    client.wait_until(lambda: len(server.text("workers")) == 1, "end of the connections")
    client.send_line()
    client.succeed()

"""The ``gearadmin`` program: each of its operations, with the exact output.

gearadmin takes whatever arrives until five milliseconds of silence as one reply, so these tests
also show that a server writes each reply at once.
"""

from __future__ import annotations

import pytest

from tests.interop.conftest import StartServer, ours_only
from tests.interop.interop_fixture import InteropFixture
from tests.interop.interop_server import InteropServer
from tests.interop.language import Language
from tests.interop.peer_process import Outcome, PeerRunner
from tests.support.peers import require_program

ANY = ["-h", "127.0.0.1"]


@pytest.fixture
def alone(fresh_server: InteropServer, peers: PeerRunner) -> InteropFixture:
    """Programs and a job server that no other test has used."""
    require_program("gearadmin", "apt-get install gearman-tools")
    return InteropFixture(fresh_server, peers, "resize")


def gearadmin(interop: InteropFixture, *operations: str, status: int = 0) -> Outcome:
    """Run gearadmin against the fixture's server."""
    command = ["gearadmin", *ANY, "-p", str(interop.server.port), *operations]
    return interop.run(command, status=status)


def fields(line: str) -> list[str]:
    """Split one line of ``--workers``, without the number of the file descriptor."""
    return line.split(" ")[1:]


def test_an_empty_server_reports_nothing(alone: InteropFixture) -> None:
    """Every report of an unused server is a full stop alone; ``--workers`` shows the asker."""
    for operation in ("--status", "--priority-status", "--show-jobs", "--show-unique-jobs"):
        assert gearadmin(alone, operation).out == b".\n", operation
    line, end = gearadmin(alone, "--workers").lines
    assert fields(line) == ["127.0.0.1", "-", ":"]
    assert end == "."


def test_the_server_describes_itself(interop: InteropFixture) -> None:
    """``--getpid``, ``--server-version`` and ``--server-verbose`` print the bare value."""
    assert gearadmin(interop, "--getpid").lines == [str(interop.server.process.pid)]
    version = interop.server.process.ask(b"version\r\n").decode().removeprefix("OK ")
    assert gearadmin(interop, "--server-version").out.decode() == version
    assert version[0].isdigit()
    verbose = gearadmin(interop, "--server-verbose").lines
    assert len(verbose) == 1
    assert verbose[0] in {"FATAL", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO"}


def test_queued_jobs_are_reported(alone: InteropFixture) -> None:
    """Jobs of three priorities are counted, listed by handle and listed by unique."""
    handles = [
        alone.queue("-u", "one", "x"),
        alone.queue("-u", "two", "-I", "x"),
        alone.queue("-u", "three", "-L", "x"),
        alone.queue("-u", "four", "x"),
    ]
    assert gearadmin(alone, "--status").out == b"resize\t4\t0\t0\n.\n"
    assert gearadmin(alone, "--priority-status").out == b"resize\t1\t2\t1\t0\n.\n"
    *jobs, end = gearadmin(alone, "--show-jobs").lines
    assert (sorted(jobs), end) == (sorted(f"{handle}\t0\t0\t1" for handle in handles), ".")
    *uniques, end = gearadmin(alone, "--show-unique-jobs").lines
    assert (sorted(uniques), end) == (["four", "one", "three", "two"], ".")


def test_a_running_job_is_reported(alone: InteropFixture, c: Language) -> None:
    """A running job counts in total and as running, and no longer by priority."""
    worker = alone.worker(c, "hold")
    client = alone.start(alone.gearman("hello"), b"")
    worker.await_output(b"holding hello")
    assert gearadmin(alone, "--status").out == b"resize\t1\t1\t1\n.\n"
    assert gearadmin(alone, "--priority-status").out == b"resize\t0\t0\t0\t1\n.\n"
    lines = gearadmin(alone, "--workers").lines
    assert sorted(map(fields, lines[:-1])) == [
        ["127.0.0.1", "-", ":"],
        ["127.0.0.1", "-", ":"],
        ["127.0.0.1", "-", ":", "resize"],
    ]
    (handle,) = alone.server.handles()
    assert gearadmin(alone, "--show-jobs").lines == [f"{handle}\t0\t0\t0", "."]
    worker.send_line()
    client.succeed()
    assert gearadmin(alone, "--status").out == b"resize\t0\t0\t1\n.\n"


def test_a_requeued_job_shows_its_retries(interop: InteropFixture, c: Language) -> None:
    """The second column of ``--show-jobs`` counts the workers lost with the job."""
    handle = interop.queue("hello")
    worker = interop.worker(c, "hold")
    worker.await_output(b"holding hello")
    worker.kill()
    interop.server.await_exactly(interop.function, (1, 0, 0))
    assert f"{handle}\t1\t0\t1" in gearadmin(interop, "--show-jobs").lines


def test_functions_are_created_and_dropped(alone: InteropFixture) -> None:
    """``--create-function`` lists a function, ``--drop-function`` forgets it; twice is an error."""
    assert gearadmin(alone, "--create-function", "new").out == b"OK\n"
    assert gearadmin(alone, "--create-function", "new").out == b"OK\n"
    assert gearadmin(alone, "--status").out == b"new\t0\t0\t0\n.\n"
    assert gearadmin(alone, "--drop-function", "new").out == b"OK\n"
    assert gearadmin(alone, "--status").out == b".\n"
    outcome = gearadmin(alone, "--drop-function", "new")
    assert outcome.out == b""
    assert outcome.err == b"Error: function not found\r\n"


def test_a_function_with_workers_is_not_dropped(interop: InteropFixture, c: Language) -> None:
    """``--drop-function`` is refused while a worker is registered."""
    interop.worker(c, "reverse")
    outcome = gearadmin(interop, "--drop-function", interop.function)
    expected = b"Error: there are still connected workers or executing clients\r\n"
    assert (outcome.out, outcome.err) == (b"", expected)


def test_a_cancelled_job_never_runs(interop: InteropFixture, c: Language) -> None:
    """``--cancel-job`` of a queued job prints OK; only the jobs beside it are run."""
    handle = interop.queue("cancelled")
    interop.queue("kept")
    assert gearadmin(interop, "--cancel-job", handle).out == b"OK\n"
    worker = interop.worker(c, "hold")
    worker.await_output(b"holding kept")
    worker.send_line()
    interop.server.await_total(interop.function, 0)
    assert worker.out == b"holding kept\n"


@ours_only
def test_a_cancelled_job_is_gone_at_once(alone: InteropFixture) -> None:
    """A cancelled job is in no report. The C server lists it until a worker comes by."""
    handle = alone.queue("cancelled")
    assert gearadmin(alone, "--cancel-job", handle).out == b"OK\n"
    assert gearadmin(alone, "--show-jobs").out == b".\n"
    assert gearadmin(alone, "--show-unique-jobs").out == b".\n"
    assert gearadmin(alone, "--status").out == b"resize\t0\t0\t0\n.\n"
    assert gearadmin(alone, "--cancel-job", handle).err == b"Error: UNKNOWN_JOB\r\n"


def test_a_cancelled_job_fails_its_client(alone: InteropFixture) -> None:
    """The client that waits for a cancelled job is told that it failed."""
    client = alone.start(alone.gearman("hello"), b"")
    alone.server.await_total("resize", 1)
    assert gearadmin(alone, "--cancel-job", alone.server.handles()[0]).out == b"OK\n"
    outcome = client.succeed(status=1)
    assert (outcome.out, outcome.err) == (b"", b"Job failed\n")


def test_an_unknown_job_is_not_cancelled(interop: InteropFixture) -> None:
    """``--cancel-job`` of an unknown handle is an error on standard error, with status 0."""
    outcome = gearadmin(interop, "--cancel-job", "H:nowhere:1")
    assert (outcome.out, outcome.err) == (b"", b"Error: UNKNOWN_JOB\r\n")


def test_operations_are_asked_in_gearadmins_order(interop: InteropFixture) -> None:
    """Several operations use one connection; their replies come in gearadmin's own order."""
    operations = ("--status", "--server-version", "--server-verbose", "--getpid")
    lines = gearadmin(interop, *operations).lines
    single = [gearadmin(interop, operation).lines for operation in reversed(operations)]
    assert lines == single[0] + single[1] + single[2] + single[3]


def test_long_reports_arrive_whole(alone: InteropFixture) -> None:
    """Reports of two thousand functions and jobs, hundreds of packets long, are complete."""
    script = "".join(f"{number}\n" for number in range(2000)).encode()
    alone.run(alone.gearman("-b", "-N"), script)
    assert gearadmin(alone, "--status").out == b"resize\t2000\t0\t0\n.\n"
    *jobs, end = gearadmin(alone, "--show-jobs").lines
    assert (len(jobs), len(set(jobs)), end) == (2000, 2000, ".")
    *uniques, end = gearadmin(alone, "--show-unique-jobs").lines
    assert (len(set(uniques)), {len(unique) for unique in uniques}, end) == (2000, {36}, ".")


def test_without_an_operation_gearadmin_shows_its_help(peers: PeerRunner) -> None:
    """No operation is an error with the list of operations, none of which is new to us."""
    require_program("gearadmin", "apt-get install gearman-tools")
    outcome = peers.run(["gearadmin"], status=1)
    operations = {line.split()[0] for line in outcome.lines if line.startswith("  --")}
    assert operations == {
        "--help",
        "--server-version",
        "--server-verbose",
        "--create-function",
        "--cancel-job",
        "--drop-function",
        "--show-unique-jobs",
        "--show-jobs",
        "--getpid",
        "--status",
        "--priority-status",
        "--workers",
    }


def test_a_stopped_server_is_an_error(start_server: StartServer, peers: PeerRunner) -> None:
    """Against a server that was stopped gearadmin says so and exits with status 1."""
    server = start_server()
    server.process.stop()
    command = ["gearadmin", *ANY, "-p", str(server.port), "--status"]
    outcome = peers.run(command, status=1)
    assert outcome.err.startswith(b"Error: Error connecting to 127.0.0.1.")

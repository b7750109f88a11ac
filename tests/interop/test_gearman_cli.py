"""The ``gearman`` program as client and as worker."""

from __future__ import annotations

import pytest

from tests.interop.conftest import StartServer, ours_only
from tests.interop.interop_fixture import InteropFixture
from tests.interop.language import Language
from tests.interop.peer_process import PeerProcess, PeerRunner

REVERSE = ("perl", "-e", "local $/; print scalar reverse <STDIN>")
"""A worker's command that prints its standard input backwards."""


def cli_worker(interop: InteropFixture, count: int, *command: str) -> PeerProcess:
    """Start ``gearman -w`` that stops after ``count`` jobs."""
    return interop.start_worker(interop.gearman("-w", "-c", str(count), "--", *command))


def test_standard_input_is_the_workload(interop: InteropFixture) -> None:
    """Without arguments all of standard input, zero bytes included, is one job."""
    worker = cli_worker(interop, 1, *REVERSE)
    workload = bytes(range(256))
    assert interop.run(interop.gearman(), workload).out == workload[::-1]
    assert worker.succeed().out == b""


def test_each_argument_is_a_job(interop: InteropFixture) -> None:
    """Every remaining argument of the client is the workload of a job of its own."""
    cli_worker(interop, 2, *REVERSE)
    outcome = interop.run(interop.gearman("-P", "ab", "cde"))
    assert outcome.out == f"{interop.function}: ba{interop.function}: edc".encode()


@pytest.mark.parametrize(("option", "result"), [("-n", b"\nba\ndc\nfe"), ("-N", b"badcfe")])
def test_each_line_is_a_job(interop: InteropFixture, option: str, result: bytes) -> None:
    """``-n`` makes a job of each line with its end, ``-N`` of each line without."""
    cli_worker(interop, 3, *REVERSE)
    assert interop.run(interop.gearman(option), b"ab\ncd\nef\n").out == result


def test_no_input_is_an_empty_workload(interop: InteropFixture) -> None:
    """``-s`` submits a job without data."""
    cli_worker(interop, 1, "wc", "-c")
    assert interop.run(interop.gearman("-s"), b"unread").out == b"0\n"


def test_a_background_job_runs_later(interop: InteropFixture) -> None:
    """``-b`` returns with the handle before any worker exists; the job is run when one comes."""
    handle = interop.queue("hello")
    assert handle.startswith("H:")
    assert interop.server.counts(interop.function) == (1, 0, 0)
    command = interop.gearman("-w", "-c", "1", "--", "sh", "-c", "cat > background-result")
    interop.start(command).succeed()
    assert (interop.peers.folder / "background-result").read_bytes() == b"hello"
    assert interop.server.counts(interop.function) == (0, 0, 0)


def test_priorities_order_the_queue(interop: InteropFixture) -> None:
    """High jobs (``-I``) run before normal ones, low ones (``-L``) after, each in order."""
    for options in (["-L", "low1"], ["n1"], ["-I", "high1"], ["n2"], ["-I", "high2"]):
        interop.queue(*options)
    command = interop.gearman("-w", "-c", "5", "--", "sh", "-c", "cat >> order; echo >> order")
    interop.start(command).succeed()
    order = (interop.peers.folder / "order").read_text().split()
    assert order == ["high1", "high2", "n1", "n2", "low1"]


def test_one_unique_is_one_job(interop: InteropFixture) -> None:
    """Two submissions with the same ``-u`` have the same handle and run once."""
    unique = interop.function
    first = interop.queue("-u", unique, "first")
    assert interop.queue("-u", unique, "second") == first
    assert interop.queue("-u", f"{unique}2", "third") != first
    assert interop.server.counts(interop.function).total == 2


def test_foreground_clients_share_a_unique(interop: InteropFixture) -> None:
    """Two waiting clients with the same ``-u`` both get the result of the one job."""
    clients = [interop.start(interop.gearman("-u", interop.function, "abc"), b"") for _ in range(2)]
    interop.server.await_waiting_clients(interop.function, 2)
    worker = interop.start(interop.gearman("-w", "-c", "1", "--", *REVERSE))
    assert [client.succeed().out for client in clients] == [b"cba", b"cba"]
    worker.succeed()


def test_several_workers_share_the_jobs(interop: InteropFixture) -> None:
    """Three workers that each stop after two jobs run six jobs between them."""
    workers = [cli_worker(interop, 2, *REVERSE) for _ in range(3)]
    words = ["ab", "cd", "ef", "gh", "ij", "kl"]
    outcome = interop.run(interop.gearman(*words))
    assert len(outcome.out) == 12
    for worker in workers:
        worker.succeed()


def test_a_killed_worker_hands_its_job_on(interop: InteropFixture) -> None:
    """The job of a worker killed in the middle of it is run by another one."""
    first = cli_worker(interop, 1, "sh", "-c", "touch started; exec sleep 60")
    client = interop.start(interop.gearman("hello"), b"")
    interop.server.await_running(interop.function)
    cli_worker(interop, 1, *REVERSE)
    first.kill()
    assert client.succeed().out == b"olleh"


def test_a_failing_command_fails_the_client(interop: InteropFixture) -> None:
    """A worker's command that exits with an error gives its output, ``Job failed`` and status 1."""
    cli_worker(interop, 1, "sh", "-c", "printf partial; exit 3")
    client = interop.start(interop.gearman("hello"), b"")
    outcome = client.succeed(status=1)
    assert outcome.out == b"partial"
    assert outcome.err == b"Job failed\n"


@pytest.mark.parametrize("option", ["-n", "-N"])
def test_each_output_line_is_data(interop: InteropFixture, option: str) -> None:
    """A worker with ``-n`` or ``-N`` sends each line of its command at once, before the end."""
    command = ["sh", "-c", "echo one; read -r line; echo two"]
    interop.start_worker(interop.gearman("-w", "-c", "1", option, "--", *command))
    client = interop.start(interop.gearman("-P", "hello"), b"")
    outcome = client.succeed()
    assert outcome.out.startswith(f"{interop.function}: one".encode())
    assert b"two" in outcome.out


def test_the_environment_names_the_server(interop: InteropFixture) -> None:
    """``GEARMAN_SERVER`` is where the client goes when no host is given."""
    cli_worker(interop, 1, *REVERSE)
    command = ["gearman", "-f", interop.function, "hello"]
    env = {"GEARMAN_SERVER": interop.server.address}
    assert interop.run(command, env=env).out == b"olleh"


def test_a_client_gives_up_after_its_time(interop: InteropFixture) -> None:
    """``-t`` ends a wait without a worker; the abandoned job is never run by a later worker."""
    outcome = interop.run(interop.gearman("-t", "100", "abandoned"))
    assert b"GEARMAN_TIMEOUT" in outcome.err
    worker = cli_worker(interop, 1, *REVERSE)
    assert interop.run(interop.gearman("hello")).out == b"olleh"
    worker.succeed()
    assert interop.server.counts(interop.function).total == 0


def test_progress_of_a_worker_is_shown(interop: InteropFixture, c: Language) -> None:
    """Data and status reach standard output, a warning standard error, then comes the result."""
    interop.worker(c, "progress")
    outcome = interop.run(interop.gearman("hello"))
    assert outcome.out == b"onetwoolleh50% Complete\n"
    assert outcome.err == b"careful"


@ours_only
def test_a_workload_over_the_limit_is_refused(
    start_server: StartServer, peers: PeerRunner, function: str
) -> None:
    """The program prints the reason.

    A worker whose result is too large goes on to the next job, and no job runs twice.
    """
    server = start_server("--max-packet=100000")
    interop = InteropFixture(server, peers, function)
    outcome = interop.run(interop.gearman(), bytes(200_000))
    assert b"ARGUMENT_TOO_LARGE" in outcome.err
    worker = cli_worker(interop, 2, "perl", "-e", "local $/; print scalar(<STDIN>) x 10")
    interop.run(interop.gearman(), bytes(20_000), status=1)
    assert interop.run(interop.gearman(), b"ab").out == b"ab" * 10
    worker.succeed()

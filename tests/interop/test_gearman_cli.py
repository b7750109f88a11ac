"""The ``gearman`` program as client and as worker."""

from __future__ import annotations

import pytest

from tests.interop.language import Language
from tests.interop.peer_process import PeerProcess
from tests.interop.scene import Scene

REVERSE = ("perl", "-e", "local $/; print scalar reverse <STDIN>")
"""A worker's command that prints its standard input backwards."""


def cli_worker(scene: Scene, count: int, *command: str) -> PeerProcess:
    """Start ``gearman -w`` that stops after ``count`` jobs."""
    return scene.start_worker(scene.gearman("-w", "-c", str(count), "--", *command))


def test_standard_input_is_the_workload(scene: Scene) -> None:
    """Without arguments all of standard input, zero bytes included, is one job."""
    worker = cli_worker(scene, 1, *REVERSE)
    workload = bytes(range(256))
    assert scene.run(scene.gearman(), workload).out == workload[::-1]
    assert worker.succeed().out == b""


def test_each_argument_is_a_job(scene: Scene) -> None:
    """Every remaining argument of the client is the workload of a job of its own."""
    cli_worker(scene, 2, *REVERSE)
    outcome = scene.run(scene.gearman("-P", "ab", "cde"))
    assert outcome.out == f"{scene.function}: ba{scene.function}: edc".encode()


@pytest.mark.parametrize(("option", "result"), [("-n", b"\nba\ndc\nfe"), ("-N", b"badcfe")])
def test_each_line_is_a_job(scene: Scene, option: str, result: bytes) -> None:
    """``-n`` makes a job of each line with its end, ``-N`` of each line without."""
    cli_worker(scene, 3, *REVERSE)
    assert scene.run(scene.gearman(option), b"ab\ncd\nef\n").out == result


def test_no_input_is_an_empty_workload(scene: Scene) -> None:
    """``-s`` submits a job without data."""
    cli_worker(scene, 1, "wc", "-c")
    assert scene.run(scene.gearman("-s"), b"unread").out == b"0\n"


def test_a_background_job_runs_later(scene: Scene) -> None:
    """``-b`` returns with the handle before any worker exists; the job is run when one comes."""
    handle = scene.queue("hello")
    assert handle.startswith("H:")
    assert scene.server.counts(scene.function) == (1, 0, 0)
    command = scene.gearman("-w", "-c", "1", "--", "sh", "-c", "cat > background-result")
    scene.start(command).succeed()
    assert (scene.peers.folder / "background-result").read_bytes() == b"hello"
    assert scene.server.counts(scene.function) == (0, 0, 0)


def test_priorities_order_the_queue(scene: Scene) -> None:
    """High jobs (``-I``) run before normal ones, low ones (``-L``) after, each in order."""
    for options in (["-L", "low1"], ["n1"], ["-I", "high1"], ["n2"], ["-I", "high2"]):
        scene.queue(*options)
    command = scene.gearman("-w", "-c", "5", "--", "sh", "-c", "cat >> order; echo >> order")
    scene.start(command).succeed()
    order = (scene.peers.folder / "order").read_text().split()
    assert order == ["high1", "high2", "n1", "n2", "low1"]


def test_one_unique_is_one_job(scene: Scene) -> None:
    """Two submissions with the same ``-u`` have the same handle and run once."""
    unique = scene.function
    first = scene.queue("-u", unique, "first")
    assert scene.queue("-u", unique, "second") == first
    assert scene.queue("-u", f"{unique}2", "third") != first
    assert scene.server.counts(scene.function).total == 2


def test_foreground_clients_share_a_unique(scene: Scene) -> None:
    """Two waiting clients with the same ``-u`` both get the result of the one job."""
    clients = [scene.start(scene.gearman("-u", scene.function, "abc"), b"") for _ in range(2)]
    scene.server.await_waiting_clients(scene.function, 2)
    worker = scene.start(scene.gearman("-w", "-c", "1", "--", *REVERSE))
    assert [client.succeed().out for client in clients] == [b"cba", b"cba"]
    worker.succeed()


def test_several_workers_share_the_jobs(scene: Scene) -> None:
    """Three workers that each stop after two jobs run six jobs between them."""
    workers = [cli_worker(scene, 2, *REVERSE) for _ in range(3)]
    words = ["ab", "cd", "ef", "gh", "ij", "kl"]
    outcome = scene.run(scene.gearman(*words))
    assert len(outcome.out) == 12
    for worker in workers:
        worker.succeed()


def test_a_killed_worker_hands_its_job_on(scene: Scene) -> None:
    """The job of a worker killed in the middle of it is run by another one."""
    first = cli_worker(scene, 1, "sh", "-c", "touch started; exec sleep 60")
    client = scene.start(scene.gearman("hello"), b"")
    scene.server.await_running(scene.function)
    cli_worker(scene, 1, *REVERSE)
    first.kill()
    assert client.succeed().out == b"olleh"


def test_a_failing_command_fails_the_client(scene: Scene) -> None:
    """A worker's command that exits with an error gives its output, ``Job failed`` and status 1."""
    cli_worker(scene, 1, "sh", "-c", "printf partial; exit 3")
    client = scene.start(scene.gearman("hello"), b"")
    outcome = client.succeed(status=1)
    assert outcome.out == b"partial"
    assert outcome.err == b"Job failed\n"


@pytest.mark.parametrize("option", ["-n", "-N"])
def test_each_output_line_is_data(scene: Scene, option: str) -> None:
    """A worker with ``-n`` or ``-N`` sends each line of its command at once, before the end."""
    command = ["sh", "-c", "echo one; read -r line; echo two"]
    scene.start_worker(scene.gearman("-w", "-c", "1", option, "--", *command))
    client = scene.start(scene.gearman("-P", "hello"), b"")
    outcome = client.succeed()
    assert outcome.out.startswith(f"{scene.function}: one".encode())
    assert b"two" in outcome.out


def test_the_environment_names_the_server(scene: Scene) -> None:
    """``GEARMAN_SERVER`` is where the client goes when no host is given."""
    cli_worker(scene, 1, *REVERSE)
    command = ["gearman", "-f", scene.function, "hello"]
    env = {"GEARMAN_SERVER": scene.server.address}
    assert scene.run(command, env=env).out == b"olleh"


def test_a_client_gives_up_after_its_time(scene: Scene) -> None:
    """``-t`` ends a wait without a worker; the abandoned job is never run by a later worker."""
    outcome = scene.run(scene.gearman("-t", "100", "abandoned"))
    assert b"GEARMAN_TIMEOUT" in outcome.err
    worker = cli_worker(scene, 1, *REVERSE)
    assert scene.run(scene.gearman("hello")).out == b"olleh"
    worker.succeed()
    assert scene.server.counts(scene.function).total == 0


def test_progress_of_a_worker_is_shown(scene: Scene, c: Language) -> None:
    """Data and status reach standard output, a warning standard error, then comes the result."""
    scene.worker(c, "progress")
    outcome = scene.run(scene.gearman("hello"))
    assert outcome.out == b"onetwoolleh50% Complete\n"
    assert outcome.err == b"careful"

"""Functions in processes."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest
from twisted.internet.task import Clock

from gearman_tx.worker.processes import Processes
from tests.interop.conftest import ours_only
from tests.interop.interop_fixture import InteropFixture
from tests.worker.conftest import StartWorker


def is_gone(pid: int) -> bool:
    """Return whether there is no process ``pid``."""
    return not Path(f"/proc/{pid}").exists()


def ask(interop: InteropFixture, name: str, workload: str = "x") -> bytes:
    """Return the result of a job of the function ``name``."""
    port = str(interop.server.port)
    return interop.run(["gearman", "-h", "127.0.0.1", "-p", port, "-f", name, workload]).out


@ours_only
def test_jobs_use_one_process_again(interop: InteropFixture, start: StartWorker) -> None:
    """It is another one than the worker's."""
    worker = start("pid")
    first, second = ask(interop, interop.function), ask(interop, interop.function)
    assert first == second
    assert int(first) != worker.process.pid


@ours_only
def test_a_process_that_dies_fails_its_job_alone(
    interop: InteropFixture, start: StartWorker
) -> None:
    """The next job has a new process."""
    die = f"die_{interop.function}"
    start("pid", f"{die}=die", exceptions=False)
    first = ask(interop, interop.function)
    port = str(interop.server.port)
    command = ["gearman", "-h", "127.0.0.1", "-p", port, "-f", die, "x"]
    died = interop.run(command, status=1)
    assert b"BrokenProcessPool" in died.out + died.err
    assert ask(interop, interop.function) != first


@ours_only
def test_an_idle_process_that_dies_is_replaced(interop: InteropFixture, start: StartWorker) -> None:
    """A process that was killed between two jobs costs none of them."""
    worker = start("pid")
    pid = int(ask(interop, interop.function))
    os.kill(pid, signal.SIGKILL)
    worker.wait_until(lambda: is_gone(pid), "end of the process")
    assert int(ask(interop, interop.function)) != pid


@ours_only
def test_a_result_that_cannot_leave_the_process_fails_the_job(
    interop: InteropFixture, start: StartWorker
) -> None:
    """A result that cannot be pickled is an exception, and the process goes on."""
    broken = f"broken_{interop.function}"
    start("pid", f"{broken}=lambda", exceptions=False)
    port = str(interop.server.port)
    outcome = interop.run(["gearman", "-h", "127.0.0.1", "-p", port, "-f", broken, "x"], status=1)
    assert b"pickle" in (outcome.out + outcome.err).lower()
    ask(interop, interop.function)


@ours_only
def test_signals_to_the_group_do_not_reach_the_job(
    interop: InteropFixture, start: StartWorker, tmp_path: Path
) -> None:
    """Ctrl-C in a terminal reaches all processes: the job in one of them is finished."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    worker = start("fifo")
    client = interop.start(interop.gearman(str(path)))
    with path.open("wb") as fifo:  # opens when the job has opened it
        os.killpg(worker.process.pid, signal.SIGINT)
        worker.wait_until(lambda: b"the worker stops" in worker.err, "stop")
        fifo.write(b"finished")
    assert client.succeed().out == b"finished"
    assert worker.succeed().lines[-1] == "SIGINT came"


@ours_only
def test_a_process_does_not_outlive_its_worker(interop: InteropFixture, start: StartWorker) -> None:
    """The process ends even when the worker is killed."""
    worker = start("pid")
    pid = int(ask(interop, interop.function))
    worker.process.kill()
    worker.process.wait()
    interop.start(["sleep", "20"]).wait_until(lambda: is_gone(pid), "end of the process")


@ours_only
def test_giving_back_kills_processes(
    interop: InteropFixture, start: StartWorker, tmp_path: Path
) -> None:
    """The second signal ends a process in the middle of its job, which another worker does."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    worker = start("fifo")
    client = interop.start(interop.gearman(str(path)))
    with path.open("wb"):
        interop.server.await_running(interop.function)
        for _ in range(2):
            worker.process.send_signal(signal.SIGTERM)
            worker.wait_until(lambda: b"the worker stops" in worker.err, "stop")
        worker.succeed()
        interop.server.await_exactly(interop.function, (1, 0, 0))
        start("length")
        assert client.succeed().out == b"%d" % len(str(path))


@pytest.mark.parametrize("behaviour", ["stuck", "deaf"])
def test_a_job_that_hangs_is_ended(
    interop: InteropFixture, start: StartWorker, tmp_path: Path, behaviour: str
) -> None:
    """Its process ends when its time is up, before the job runs again; other jobs go on."""
    path = tmp_path / "runs"
    path.touch()
    # The C server forgets the limit of a running job when its worker asks for another one in vain.
    slots = 2 if interop.server.kind == "ours" else 1
    worker = start(f"{behaviour}@1", f"pid_{interop.function}=pid", concurrency=slots)
    client = interop.start(interop.gearman(str(path)))
    worker.wait_until(lambda: len(pids_in(path)) == 2, "second run")
    assert is_gone(pids_in(path)[0])
    assert path.read_text().count("end") == (1 if behaviour == "stuck" else 0)
    assert worker.err.count(b"exceeded its limit of 1 s: its process was ended") == 1
    if slots > 1:
        assert ask(interop, f"pid_{interop.function}")
    assert client.running
    client.kill()
    worker.kill()


def pids_in(path: Path) -> list[int]:
    """Return the process ids that the runs of a job noted."""
    return [int(line) for line in path.read_text().splitlines() if line != "end"]


@ours_only
def test_a_subprocess_of_a_job_that_hangs_is_ended(
    interop: InteropFixture, start: StartWorker, tmp_path: Path
) -> None:
    """``subprocess.run`` kills its program when it is interrupted."""
    path = tmp_path / "pid"
    worker = start("program@1")
    client = interop.start(interop.gearman(str(path)))
    worker.wait_until(path.exists, "program")
    pid = int(path.read_text())
    worker.wait_until(lambda: is_gone(pid), "end of the program")
    client.kill()
    worker.kill()


@ours_only
def test_a_limit_that_is_kept_changes_nothing(interop: InteropFixture, start: StartWorker) -> None:
    """The process is used again, and its next job has all of its time."""
    start("pid@10")
    pids = {ask(interop, interop.function) for _ in range(3)}
    assert len(pids) == 1


class ThreadedClock(Clock):
    """A clock that the test moves; calls from threads wait in a queue for the test."""

    def __init__(self) -> None:
        super().__init__()
        self.waiting: SimpleQueue[tuple[Callable[..., None], tuple[Any, ...]]] = SimpleQueue()

    def callFromThread(self, call: Callable[..., None], *arguments: Any) -> None:  # noqa: N802  # Twisted's name
        """Twisted: call something in the reactor's thread."""
        self.waiting.put((call, arguments))

    def make_call(self) -> None:
        """Wait for a call and make it."""
        call, arguments = self.waiting.get(timeout=60)
        call(*arguments)


def test_the_least_limit_is_a_second() -> None:
    """It is that of the job server, and begins when the function is imported."""
    clock = ThreadedClock()
    processes = Processes(clock)
    done = processes.run(os.getpgid, 0, 0.001)
    clock.advance(5)
    clock.make_call()
    (limit,) = clock.getDelayedCalls()
    assert limit.getTime() == clock.seconds() + 1
    clock.make_call()
    assert clock.getDelayedCalls() == []
    results: list[int] = []
    done.addCallback(results.append)
    assert results == [os.getpgid(0)]
    processes.kill()


@ours_only
def test_the_start_of_a_process_is_not_counted(interop: InteropFixture, start: StartWorker) -> None:
    """A module that takes longer than the limit to import delays the job, and does not end it."""
    worker = start("slow@3")
    assert ask(interop, interop.function, "hello") == b"olleh"
    assert b"exceeded its limit" not in worker.err

"""The worker as a program: signals, limits, and a stopped reactor."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.interop.interop_fixture import InteropFixture
from tests.interop.peer_process import PeerProcess
from tests.support.ports import free_port
from tests.worker.conftest import OURS, StartWorker

TOMORROW = 4_000_000_000


def send(worker: PeerProcess, number: int = signal.SIGTERM) -> None:
    """Send a signal and return when the worker has handled it."""
    worker.process.send_signal(number)
    worker.wait_until(lambda: b"the worker stops" in worker.err, "stop")


def test_the_first_signal_finishes_the_job(interop: InteropFixture, start: StartWorker) -> None:
    """The client gets its result, the next job stays in the queue, the worker exits with 0."""
    worker = start("hold")
    client = interop.start(interop.gearman("hello"))
    worker.await_output(b"holding hello")
    send(worker)
    interop.queue("next")
    worker.send_line()
    assert client.succeed().out == b"olleh42% Complete\n"
    assert worker.succeed().lines[-1] == "SIGTERM came"
    interop.server.await_exactly(interop.function, (1, 0, 0))


def test_the_second_signal_gives_the_job_back(interop: InteropFixture, start: StartWorker) -> None:
    """Another worker does it; the thread that never ends does not keep the process."""
    worker = start("endless")
    client = interop.start(interop.gearman("hello"))
    worker.await_output(b"endless hello")
    send(worker)
    worker.process.send_signal(signal.SIGINT)
    assert worker.succeed().lines[-1] == "SIGTERM came"
    start("reverse")
    assert client.succeed().out == b"olleh"


def test_an_idle_worker_ends_at_once(interop: InteropFixture, start: StartWorker) -> None:
    """SIGINT works like SIGTERM, and the worker leaves the server."""
    worker = start("reverse")
    worker.process.send_signal(signal.SIGINT)
    assert worker.succeed().lines == ["SIGINT came"]
    interop.server.await_workers(interop.function, 0)


def test_a_worker_without_a_server_ends(interop: InteropFixture) -> None:
    """SIGTERM ends a worker that could not connect yet."""
    worker = interop.start([*OURS.worker, str(free_port()), "f=reverse"])
    worker.wait_until(lambda: b"cannot connect to job server" in worker.err, "attempt")
    send(worker)
    assert worker.succeed().lines == ["SIGTERM came"]


def test_a_limit_of_jobs(interop: InteropFixture) -> None:
    """After two jobs of three it ends; the third one waits for the next worker."""
    handles = [interop.queue("x") for _ in range(3)]
    assert len(handles) == 3
    worker = interop.start(
        [*OURS.worker, str(interop.server.port), f"{interop.function}=reverse"],
        env={"WORKER_OPTIONS": '{"concurrency": 2, "limits": {"jobs": 2}}'},
    )
    assert worker.succeed().lines == ["2 jobs were taken, as many as it may"]
    interop.server.await_exactly(interop.function, (1, 0, 0))


def test_changed_code_ends_the_worker(interop: InteropFixture, tmp_path: Path) -> None:
    """Touching the file of a module that it imported is enough; the job is finished first."""
    program = tmp_path / "program.py"
    text = Path(OURS.worker[1]).read_text()
    program.write_text(text.replace("import json\n", "import json, one\n"))
    module = tmp_path / "one.py"
    module.write_text("")
    command = [sys.executable, str(program), str(interop.server.port), f"{interop.function}=hold"]
    worker = interop.start_worker(command, env={"WORKER_OPTIONS": '{"limits": {"code": true}}'})
    client = interop.start(interop.gearman("hello"))
    worker.await_output(b"holding hello")
    os.utime(module, (TOMORROW, TOMORROW))
    worker.wait_until(lambda: b"changed on disk" in worker.err, "change")
    worker.send_line()
    assert client.succeed().out == b"olleh42% Complete\n"
    assert worker.succeed().lines[-1] == f"{module} changed on disk"


def test_stopping_the_reactor_gives_jobs_back(interop: InteropFixture, start: StartWorker) -> None:
    """When the program stops the reactor, the worker ends and says so."""
    worker = start("quit")
    client = interop.start(interop.gearman("hello"))
    assert worker.succeed().lines == ["the reactor was stopped"]
    start("reverse")
    client.kill()

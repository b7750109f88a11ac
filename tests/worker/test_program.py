"""The worker as a program: signals, limits, and a stopped reactor."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.interop.peer_process import PeerProcess
from tests.interop.scene import Scene
from tests.support.ports import free_port
from tests.worker.conftest import OURS, StartWorker

TOMORROW = 4_000_000_000


def send(worker: PeerProcess, number: int = signal.SIGTERM) -> None:
    """Send a signal and return when the worker has handled it."""
    worker.process.send_signal(number)
    worker.wait_until(lambda: b"the worker stops" in worker.err, "stop")


def test_the_first_signal_finishes_the_job(scene: Scene, start: StartWorker) -> None:
    """The client gets its result, the next job stays in the queue, the worker exits with 0."""
    worker = start("hold")
    client = scene.start(scene.gearman("hello"))
    worker.await_output(b"holding hello")
    send(worker)
    scene.queue("next")
    worker.send_line()
    assert client.succeed().out == b"olleh42% Complete\n"
    assert worker.succeed().lines[-1] == "SIGTERM came"
    scene.server.await_exactly(scene.function, (1, 0, 0))


def test_the_second_signal_gives_the_job_back(scene: Scene, start: StartWorker) -> None:
    """Another worker does it; the thread that never ends does not keep the process."""
    worker = start("endless")
    client = scene.start(scene.gearman("hello"))
    worker.await_output(b"endless hello")
    send(worker)
    worker.process.send_signal(signal.SIGINT)
    assert worker.succeed().lines[-1] == "SIGTERM came"
    start("reverse")
    assert client.succeed().out == b"olleh"


def test_an_idle_worker_ends_at_once(scene: Scene, start: StartWorker) -> None:
    """SIGINT works like SIGTERM, and the worker leaves the server."""
    worker = start("reverse")
    worker.process.send_signal(signal.SIGINT)
    assert worker.succeed().lines == ["SIGINT came"]
    scene.server.await_workers(scene.function, 0)


def test_a_worker_without_a_server_ends(scene: Scene) -> None:
    """SIGTERM ends a worker that could not connect yet."""
    worker = scene.start([*OURS.worker, str(free_port()), "f=reverse"])
    worker.wait_until(lambda: b"cannot connect to job server" in worker.err, "attempt")
    send(worker)
    assert worker.succeed().lines == ["SIGTERM came"]


def test_a_limit_of_jobs(scene: Scene) -> None:
    """After two jobs of three it ends; the third one waits for the next worker."""
    handles = [scene.queue("x") for _ in range(3)]
    assert len(handles) == 3
    worker = scene.start(
        [*OURS.worker, str(scene.server.port), f"{scene.function}=reverse"],
        env={"WORKER_OPTIONS": '{"concurrency": 2, "limits": {"jobs": 2}}'},
    )
    assert worker.succeed().lines == ["2 jobs were taken, as many as it may"]
    scene.server.await_exactly(scene.function, (1, 0, 0))


def test_changed_code_ends_the_worker(scene: Scene, tmp_path: Path) -> None:
    """Touching the file of a module that it imported is enough; the job is finished first."""
    program = tmp_path / "program.py"
    text = Path(OURS.worker[1]).read_text()
    program.write_text(text.replace("import json\n", "import json, one\n"))
    module = tmp_path / "one.py"
    module.write_text("")
    command = [sys.executable, str(program), str(scene.server.port), f"{scene.function}=hold"]
    worker = scene.start_worker(command, env={"WORKER_OPTIONS": '{"limits": {"code": true}}'})
    client = scene.start(scene.gearman("hello"))
    worker.await_output(b"holding hello")
    os.utime(module, (TOMORROW, TOMORROW))
    worker.wait_until(lambda: b"changed on disk" in worker.err, "change")
    worker.send_line()
    assert client.succeed().out == b"olleh42% Complete\n"
    assert worker.succeed().lines[-1] == f"{module} changed on disk"


def test_stopping_the_reactor_gives_jobs_back(scene: Scene, start: StartWorker) -> None:
    """When the program stops the reactor, the worker ends and says so."""
    worker = start("quit")
    client = scene.start(scene.gearman("hello"))
    assert worker.succeed().lines == ["the reactor was stopped"]
    start("reverse")
    client.kill()

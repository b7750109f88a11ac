"""The client and worker of gear."""

from __future__ import annotations

import os
import sys
import threading
from typing import Any

import gear

from benchmarks.libraries.programs.stopwatch import WINDOW, WORKLOAD, Stopwatch


class Client(gear.Client):  # type: ignore[misc]  # it has no types
    """A client that counts complete jobs."""

    def __init__(self, window: int) -> None:
        self.room = threading.Semaphore(window)
        self.complete = threading.Semaphore(0)
        super().__init__()

    def handleWorkComplete(self, packet: Any) -> Any:  # noqa: N802  # gear's name
        """Let another job follow."""
        job = super().handleWorkComplete(packet)
        assert job.data == [WORKLOAD]
        self.room.release()
        self.complete.release()
        return job


def submit(mode: str, port: int, function: bytes, count: int) -> None:
    """Submit ``count`` jobs and wait for them."""
    client = Client(1 if mode == "one" else WINDOW)
    client.addServer("127.0.0.1", port)
    client.waitForServer()
    watch = Stopwatch()
    is_background = mode == "background"
    for _ in range(count):
        if not is_background:
            client.room.acquire()
        client.submitJob(gear.Job(function, WORKLOAD), background=is_background)
    for _ in range(0 if is_background else count):
        client.complete.acquire()
    watch.tell(count)


def work(port: int, function: bytes, count: int) -> None:
    """Do ``count`` jobs."""
    worker = gear.Worker("bench")
    worker.addServer("127.0.0.1", port)
    worker.waitForServer()
    worker.registerFunction(function)
    watch: Stopwatch | None = None
    for _ in range(count):
        job = worker.getJob()
        watch = watch or Stopwatch()
        job.sendWorkComplete(job.arguments)
    assert watch is not None, "there was a job"
    watch.tell(count)


if __name__ == "__main__":
    role, mode, port, function, count = sys.argv[1:]
    if role == "worker":
        work(int(port), function.encode(), int(count))
    else:
        submit(mode, int(port), function.encode(), int(count))
    os._exit(0)  # its threads never end

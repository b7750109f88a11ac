"""Our client and worker."""

from __future__ import annotations

import sys
from typing import Any

from twisted.internet.defer import gatherResults
from twisted.internet.task import react

from benchmarks.libraries.programs.stopwatch import WINDOW, WORKLOAD, Stopwatch, say
from gearman_tx import Client, LifeLimits, Worker, WorkerJob


async def submit(reactor: Any, mode: str, port: str, function: str, count: int) -> None:
    """Submit ``count`` jobs and wait for them."""
    async with Client([f"127.0.0.1:{port}"], reactor=reactor) as client:
        await client.connect()
        watch = Stopwatch()
        if mode == "one":
            for _ in range(count):
                assert await client.submit(function, WORKLOAD) == WORKLOAD
        elif mode == "outstanding":
            tasks = [client.submit(function, WORKLOAD) for _ in range(count)]
            await gatherResults([task.accepted for task in tasks])
            say("ready")
            for task in tasks:
                assert await task == WORKLOAD
        else:
            workloads = (WORKLOAD for _ in range(count))
            is_background = mode == "background"
            async for task in client.submit_many(
                function, workloads, background=is_background, window=WINDOW
            ):
                assert is_background or await task == WORKLOAD
        watch.tell(count)


def work(at_once: int, port: str, function: str, count: int, place: str) -> None:
    """Do ``count`` jobs, ``at_once`` at a time."""
    limits = LifeLimits(jobs=count)
    worker = Worker([f"127.0.0.1:{port}"], concurrency=at_once, limits=limits)
    watches: list[Stopwatch] = []

    @worker.function(function, place=place)
    def give_back(job: WorkerJob) -> bytes:
        if not watches:
            watches.append(Stopwatch())
        return job.workload

    worker.run()
    watches[0].tell(count)


if __name__ == "__main__":
    role, mode, port, function, count, *place = sys.argv[1:]
    if role == "worker":
        work(int(mode), port, function, int(count), *place or ["thread"])
    else:
        react(submit, (mode, port, function, int(count)))

"""Our client and our worker at a job server that is killed and started again under load."""

from __future__ import annotations

from typing import Any

from gearman_tx.client import Client
from gearman_tx.errors import ConnectionLost
from gearman_tx.testing import ServerProcess
from gearman_tx.worker import Worker, WorkerJob
from tests.loopback.servers_case import ServersCase

TASKS = 2000
KILLED_AT = (200, 900, 1600)
"""After so many tasks have ended, the server is killed."""


def reverse(job: WorkerJob) -> bytes:
    """Return the workload from its end."""
    return job.workload[::-1]


def numbers(count: int) -> list[bytes]:
    """Return as many different workloads."""
    return [b"%06d" % number for number in range(count)]


class Bodies:
    """The test bodies, the same for both servers."""

    reactor: Any
    addCleanup: Any  # noqa: N815  # trial's name
    start_server: Any
    make_client: Any

    def make_worker(self, server: ServerProcess, **options: Any) -> Worker:
        """Return a worker of ``server`` that is ended with the test; it is not started."""
        worker = Worker([f"127.0.0.1:{server.port}"], reactor=self.reactor, **options)
        self.addCleanup(worker.give_back)
        return worker

    async def go_through(self, server: ServerProcess, client: Client, **options: Any) -> list[Any]:
        """Submit all tasks, kill the server now and then; return results and errors in order."""
        ends: list[Any] = []
        async for task in client.submit_many("reverse", numbers(TASKS), window=300, **options):
            try:
                ends.append(await task)
            except ConnectionLost as error:
                ends.append(error)
            if len(ends) in KILLED_AT:
                server.kill()
                server = self.start_server(port=server.port)
        return ends

    async def test_with_retries_nobody_notices(self) -> None:
        """Every task has its own result in the end, from functions in threads."""
        server = self.start_server()
        worker = self.make_worker(server, concurrency=4)
        worker.register("reverse", reverse)
        await worker.start()
        client = self.make_client(server)
        ends = await self.go_through(server, client, retries=10)
        assert ends == [workload[::-1] for workload in numbers(TASKS)]

    async def test_without_retries_every_task_ends(self) -> None:
        """With its own result, or with ConnectionLost if the lost server had accepted it."""
        server = self.start_server()
        worker = self.make_worker(server, concurrency=16)
        worker.register("reverse", reverse, place="reactor")
        await worker.start()
        client = self.make_client(server)
        ends = await self.go_through(server, client)
        assert len(ends) == TASKS
        lost = 0
        for workload, end in zip(numbers(TASKS), ends, strict=True):
            if isinstance(end, ConnectionLost):
                lost += 1
            else:
                assert end == workload[::-1]
        assert lost <= len(KILLED_AT) * 300
        assert ends[-1] == numbers(TASKS)[-1][::-1]


class OurServerTests(Bodies, ServersCase):
    """At our server."""

    kind = "ours"


class CServerTests(Bodies, ServersCase):
    """At the C server."""

    kind = "c"

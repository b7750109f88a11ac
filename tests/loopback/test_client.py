"""The client over TCP against both job servers, with a worker that a test controls."""

from __future__ import annotations

from typing import Any

import pytest

from gearman_tx.client import Client, Data, JobStatus, Status, Warning  # noqa: A004  # public name
from gearman_tx.encoders import JSON
from gearman_tx.errors import JobException, JobFailed, Refused
from tests.loopback.servers_case import ServersCase


class Bodies:
    """The test bodies, the same for both servers."""

    server: Any
    start_server: Any
    start_worker: Any
    make_client: Any

    async def test_foreground_tasks_of_all_priorities(self) -> None:
        """Each gives the handle and the worker's result."""
        server = self.start_server()
        await self.start_worker(server)
        client = self.make_client(server)
        for priority in ("high", "normal", "low"):
            task = client.submit("reverse", b"abc\0def", priority=priority)
            assert (await task.accepted).startswith(b"H:")
            assert await task == b"fed\0cba"

    async def test_updates_come_in_order(self) -> None:
        """Data, warning and status, then the result."""
        server = self.start_server()
        await self.start_worker(server)
        task = self.make_client(server).submit("progress", b"abc")
        updates = [update async for update in task]
        assert updates == [Data(b"one"), Warning(b"careful"), Status(1, 2), Data(b"two")]
        assert await task == b"cba"

    async def test_failures_and_exceptions(self) -> None:
        """A failed job fails the result; an exception carries its text, without asking for it."""
        server = self.start_server()
        await self.start_worker(server)
        client = self.make_client(server)
        for function, kind in (("fail", JobFailed), ("boom", JobException)):
            task = client.submit(function, b"x")
            with pytest.raises(JobFailed) as caught:
                await task
            assert type(caught.value) is kind
            assert caught.value.handle == task.handle
        with pytest.raises(JobException, match="boom"):
            await client.submit("boom", b"x")

    async def test_tasks_of_one_unique_share_a_job(self) -> None:
        """Three tasks, one job: each sees each update once, and the result."""
        server = self.start_server()
        client = self.make_client(server)
        tasks = [client.submit("progress", b"abc", unique="same") for _ in range(3)]
        handles = {await task.accepted for task in tasks}
        assert len(handles) == 1
        assert (await client.status_by_unique("same")).clients == 3
        tasks[1].cancel()
        await self.start_worker(server)
        for task in (tasks[0], tasks[2]):
            updates = [update async for update in task]
            assert updates == [Data(b"one"), Warning(b"careful"), Status(1, 2), Data(b"two")]
            assert await task == b"cba"

    async def test_background_tasks_and_status(self) -> None:
        """Status by handle, by unique and of the task follow a job from queued to running."""
        server = self.start_server()
        client, other = self.make_client(server), self.make_client(server)
        task = client.submit("hold", b"x", unique="u", background=True)
        handle = await task
        queued = JobStatus(known=True, running=False, numerator=0, denominator=0)
        assert await task.status() == queued
        assert await other.status(handle.decode()) == queued
        worker = await self.start_worker(server)
        assert await worker.held == handle
        await worker.echo()
        running = JobStatus(known=True, running=True, numerator=3, denominator=7)
        assert await other.status(handle) == running
        by_unique = await other.status_by_unique("u")
        assert (by_unique.numerator, by_unique.clients) == (3, 0)
        assert not (await client.status("H:nowhere:1")).known
        assert not (await client.status_by_unique("nowhere")).known

    async def test_delayed_and_reducer_tasks(self) -> None:
        """A task for a time that has passed runs at once; one with a reducer runs as well."""
        server = self.start_server()
        worker = await self.start_worker(server)
        client = self.make_client(server)
        handle = await client.submit("hold", b"x", background=True, at=1)
        assert await worker.held == handle
        assert await client.submit("reverse", b"abc", reducer="sum") == b"cba"
        later = await client.submit("reverse", b"x", background=True, at=4_000_000_000)
        assert (await client.status(later)).known

    async def test_echo_and_options(self) -> None:
        """Echo brings back any bytes; an option that no server knows is refused."""
        client = self.make_client(self.start_server())
        assert await client.echo(b"a\0b\nc") == b"a\0b\nc"
        await client.set_option("exceptions")
        with pytest.raises(Refused, match="UNKNOWN_OPTION"):
            await client.set_option("wishes")

    async def test_values_through_an_encoder(self) -> None:
        """JSON goes to the worker as text and comes back as values."""
        server = self.start_server()
        await self.start_worker(server)
        client: Client[Any] = self.make_client(server, encoder=JSON, namespace="")
        assert await client.submit("reverse", "level") == "level"

    async def test_many_tasks(self) -> None:
        """Results come in the order of the workloads, through a window that is smaller."""
        server = self.start_server()
        await self.start_worker(server)
        client = self.make_client(server)
        workloads = [b"%d" % number for number in range(1000)]
        results = await client.submit_many("reverse", workloads, window=100)
        assert results == [workload[::-1] for workload in workloads]

    async def test_a_large_workload(self) -> None:
        """Eight mebibytes there and back."""
        server = self.start_server()
        await self.start_worker(server)
        workload = bytes(range(256)) * 32768
        assert await self.make_client(server).submit("reverse", workload) == workload[::-1]


class OurServerTests(Bodies, ServersCase):
    """Against our server."""

    kind = "ours"


class CServerTests(Bodies, ServersCase):
    """Against the C server."""

    kind = "c"

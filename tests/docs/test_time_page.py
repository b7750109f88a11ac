"""The page about time limits: each of them ends what takes too long."""

from __future__ import annotations

from typing import Any

from gearman_tx import Worker
from tests.docs.blocks import runs
from tests.docs.python_blocks import run_block
from tests.loopback.raw_worker import RawWorker, reverse
from tests.loopback.servers_case import ServersCase

PAGE = "docs/how-to/limit-the-time.rst"


def sleep(_worker: RawWorker, _handle: bytes, _workload: bytes) -> None:
    """Take a job and never say a word about it."""


class TimePageTests(ServersCase):
    """Our server, and workers that are slow."""

    kind = "ours"

    @runs(PAGE, "client", "deferred")
    async def test_the_whole_time(self) -> None:
        """The task is given up, by its own limit and by the Deferred's."""
        server = self.start_server()
        await self.start_worker(server, {b"sleep": sleep})
        names: dict[str, Any] = {"client": self.make_client(server)}
        assert await run_block(PAGE, "client", names) == [
            "given up: the task took more than 0.5 seconds"
        ]
        assert await run_block(PAGE, "deferred", names) == ["the task was cancelled"]
        assert names["handle"].startswith(b"H:")

    @runs(PAGE, "tries")
    async def test_another_try(self) -> None:
        """The second try goes to a worker that answers."""
        server = self.start_server()
        behaviours = [reverse, sleep]

        def slow_at_first(worker: RawWorker, handle: bytes, workload: bytes) -> None:
            behaviours.pop()(worker, handle, workload)

        await self.start_worker(server, {b"sometimes-slow": slow_at_first})
        await self.start_worker(server, {b"sometimes-slow": slow_at_first})
        names: dict[str, Any] = {"client": self.make_client(server)}
        await run_block(PAGE, "tries", names)
        assert names["result"] == b"x"
        assert not behaviours

    @runs(PAGE, "worker")
    async def test_the_workers_time(self) -> None:
        """The server knows of the limit, and a quick job is done within it."""
        server = self.start_server()
        worker = Worker(f"127.0.0.1:{server.port}", reactor=self.reactor)
        self.addCleanup(worker.stop)
        names: dict[str, Any] = {"worker": worker, "shrink": lambda image: image[:2]}
        await run_block(PAGE, "worker", names)
        await worker.start()
        assert worker.functions[b"resize"].timeout == 20
        assert await self.make_client(server).submit("resize", b"photo") == b"ph"

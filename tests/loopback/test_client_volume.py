"""Many tasks: a hundred thousand submissions, and twenty thousand that are outstanding."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import gatherResults

from gearman_tx.worker.limits import resident_memory
from tests.loopback.memory import MEBIBYTE
from tests.loopback.servers_case import ServersCase

SUBMISSIONS = 100_000
MORE_MEMORY = 16 * MEBIBYTE
"""Far more than a process breathes, far less than the tasks of the other nine tenths would take."""

OUTSTANDING = 20_000


class Bodies:
    """The test bodies, the same for both servers."""

    start_server: Any
    start_worker: Any
    make_client: Any

    async def test_a_hundred_thousand_submissions(self) -> None:
        """They are pipelined: only the window holds them up, and memory stays as it is."""
        server = self.start_server()
        client = self.make_client(server)
        count = 0
        workloads = (b"%d" % number for number in range(SUBMISSIONS))
        async for task in client.submit_many("bulk", workloads, background=True):
            assert task.handle
            count += 1
            if count == SUBMISSIONS // 10:
                memory = resident_memory()
        assert count == SUBMISSIONS
        assert resident_memory() < memory + MORE_MEMORY
        assert b"bulk\t100000\t0\t0\n" in server.ask(b"status\n", b".\n")

    async def test_many_outstanding_tasks(self) -> None:
        """Tasks that were all submitted before the first worker came do not slow each other."""
        server = self.start_server()
        client = self.make_client(server)
        tasks = [client.submit("reverse", b"%06d" % number) for number in range(OUTSTANDING)]
        await gatherResults([task.accepted for task in tasks])
        await self.start_worker(server)
        results = await gatherResults([task.result for task in tasks])
        assert results == [(b"%06d" % number)[::-1] for number in range(OUTSTANDING)]


class OurServerTests(Bodies, ServersCase):
    """Against our server."""

    kind = "ours"


class CServerTests(Bodies, ServersCase):
    """Against the C server."""

    kind = "c"

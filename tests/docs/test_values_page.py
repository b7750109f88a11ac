"""The page about encoders: worker and client of the page understand each other."""

from __future__ import annotations

from typing import Any

from gearman_tx import Worker
from gearman_tx.wire import PacketType
from tests.docs.blocks import runs
from tests.docs.python_blocks import run_block
from tests.loopback.raw_worker import RawWorker
from tests.loopback.servers_case import ServersCase

PAGE = "docs/how-to/send-values.rst"


def easter(worker: RawWorker, handle: bytes, workload: bytes) -> None:
    """Answer what a worker in another language would."""
    assert workload == b"2026-01-01"
    worker.say(PacketType.WORK_COMPLETE, handle, b"2026-04-05")


class ValuesPageTests(ServersCase):
    """Our server, and the two ends of the page."""

    kind = "ours"

    @runs(PAGE, "worker", "client")
    async def test_both_ends(self) -> None:
        """The worker adds up what the client sent, and the client reads the sum."""
        server = self.start_server()
        names: dict[str, Any] = {}
        await run_block(PAGE, "worker", names, server.port)
        worker: Worker = names["worker"]
        self.addCleanup(worker.stop)
        await worker.start()
        assert await run_block(PAGE, "client", {}, server.port) == ["3 EUR"]
        assert b"shop:prices\t0\t0\t1\n" in server.ask(b"status\n", b".\n")

    @runs(PAGE, "own")
    async def test_an_encoder_of_ones_own(self) -> None:
        """A date goes out and comes back as text, and as a date at both ends."""
        server = self.start_server()
        await self.start_worker(server, {b"easter": easter})
        assert await run_block(PAGE, "own", {}, server.port) == ["2026-04-05"]

"""The admin client's page: its program and its questions, to a server with jobs and a worker."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from twisted.internet.threads import deferToThread

from gearman_tx.admin import AdminClient
from gearman_tx.testing import ServerProcess
from tests.docs.blocks import read_block, runs
from tests.docs.python_blocks import run_block
from tests.loopback.raw_worker import reverse
from tests.loopback.servers_case import ServersCase

PAGE = "docs/how-to/ask-a-job-server.rst"


class AdminPageTests(ServersCase):
    """A server with a job of ``resize``, which nobody offers, and a worker for ``reverse``."""

    kind = "ours"

    async def open(self) -> tuple[ServerProcess, AdminClient, bytes]:
        """Return the server, an admin client of it, and the job's handle."""
        server = self.start_server()
        await self.start_worker(server, {b"reverse": reverse})
        client = self.make_client(server)
        handle = await client.submit("resize", b"photo", background=True)
        admin = AdminClient(f"127.0.0.1:{server.port}", reactor=self.reactor)
        self.addCleanup(admin.close)
        return server, admin, handle

    @runs(PAGE, "program")
    async def test_the_program(self) -> None:
        """It names the function that nobody offers, and no other."""
        server, _admin, _handle = await self.open()
        code = read_block(PAGE, "program").replace("4730", str(server.port))
        done = await deferToThread(
            subprocess.run, [sys.executable, "-c", code], capture_output=True, timeout=20
        )
        assert done.stdout == b"resize has 1 jobs and no worker\n", done.stderr.decode()

    @runs(PAGE, "reports", "jobs")
    async def test_reports(self) -> None:
        """The worker, the queue and the version are told; no job is an hour old."""
        _server, admin, _handle = await self.open()
        names: dict[str, Any] = {"admin": admin}
        worker, *waiting, version = await run_block(PAGE, "reports", names)
        assert worker == "- at 127.0.0.1 offers (b'reverse',)"
        assert sorted(waiting) == ["b'resize' 0 1 0", "b'reverse' 0 0 0"]
        assert " answered in 0.0" in version
        assert await run_block(PAGE, "jobs", names) == ["0 jobs have waited for more than an hour"]

    @runs(PAGE, "deeds", "errors")
    async def test_deeds(self) -> None:
        """The limit is set and the job cancelled; what cannot be dropped is refused."""
        _server, admin, handle = await self.open()
        names: dict[str, Any] = {"admin": admin, "handle": handle}
        assert await run_block(PAGE, "deeds", names) == ["cancelled"]
        assert await run_block(PAGE, "deeds", names) == ["there is no such job any more"]
        rows = {row.name: row for row in await admin.functions()}
        assert rows[b"resize"].max_queue == (10_000, 10_000, 10_000)
        assert await run_block(PAGE, "errors", names) == []
        assert await run_block(PAGE, "errors", names) == ["the server says: function not found"]

"""The client's how-to pages: every block runs, and does what the text beside it says."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread

from gearman_tx import Worker, WorkerJob
from gearman_tx.client import Client
from gearman_tx.testing import ServerProcess
from tests.docs.blocks import read_block, runs
from tests.docs.python_blocks import run_block
from tests.loopback.raw_worker import (
    BEHAVIOURS,
    Abilities,
    RawWorker,
    boom,
    fail,
    progress,
    reverse,
)
from tests.loopback.servers_case import ServersCase

JOBS = "docs/how-to/submit-jobs.rst"
MANY = "docs/how-to/submit-many-jobs.rst"
LOST = "docs/how-to/lose-a-server.rst"


def reverse_or_fail(worker: RawWorker, handle: bytes, workload: bytes) -> None:
    """Reverse every word but one."""
    (fail if workload == b"broken" else reverse)(worker, handle, workload)


ABILITIES: Abilities = {
    **BEHAVIOURS,
    b"reverse": reverse_or_fail,
    b"broken": boom,
    b"convert": progress,
}


class PagesTests(ServersCase):
    """Our server, a client of it, and a worker that knows the functions of the pages."""

    kind = "ours"

    async def open(self, *, has_worker: bool = True) -> tuple[ServerProcess, Client[bytes]]:
        """Return a running server and a client of it."""
        server = self.start_server()
        if has_worker:
            await self.start_worker(server, ABILITIES)
        return server, self.make_client(server)

    @runs(JOBS, "program")
    async def test_the_whole_program(self) -> None:
        """It prints the word turned round, and ends."""
        server, _client = await self.open()
        program = self.folder / "program.py"
        code = read_block(JOBS, "program").replace("4730", str(server.port))
        program.write_text(code, encoding="utf-8")
        done = await deferToThread(
            subprocess.run, [sys.executable, str(program)], capture_output=True, timeout=20
        )
        assert done.stdout == b"b'olleh'\n", done.stderr.decode()

    @runs(JOBS, "deferreds")
    async def test_deferreds(self) -> None:
        """The handle is told before the result."""
        _server, client = await self.open()
        lines = await run_block(JOBS, "deferreds", {"client": client})
        while len(lines) < 2:
            await deferLater(self.reactor, 0.01)
        assert lines[0].startswith("the server calls it H:")
        assert lines[1] == "b'olleh'"

    @runs(JOBS, "failure")
    async def test_failure(self) -> None:
        """The exception's text is printed."""
        _server, client = await self.open()
        assert await run_block(JOBS, "failure", {"client": client}) == ["the worker raised: boom"]

    @runs(JOBS, "updates")
    async def test_updates(self) -> None:
        """The loop prints all there is, then the result."""
        _server, client = await self.open()
        assert await run_block(JOBS, "updates", {"client": client}) == [
            "a part: b'one'",
            "a warning: b'careful'",
            "done: 1 of 2",
            "a part: b'two'",
            "the result: b'mlif gnol a'",
        ]

    @runs(JOBS, "callbacks")
    async def test_callbacks(self) -> None:
        """They print what they get."""
        _server, client = await self.open()
        lines = await run_block(JOBS, "callbacks", {"client": client})
        assert lines == ["a part: b'one'", "1 of 2", "a part: b'two'"]

    @runs(JOBS, "background", "later")
    async def test_background_and_later(self) -> None:
        """The job is queued; the delayed one is, too."""
        server, client = await self.open(has_worker=False)
        assert await run_block(JOBS, "background", {"client": client}) == ["queued 0 0"]
        assert await run_block(JOBS, "later", {"client": client}) == []
        assert b"remind\t1\t0\t0" in server.ask(b"status\n", b".\n")

    @runs(JOBS, "unique")
    async def test_unique(self) -> None:
        """Two tasks, one job."""
        _server, client = await self.open(has_worker=False)
        assert await run_block(JOBS, "unique", {"client": client}) == ["2 clients wait"]

    @runs(JOBS, "reducer")
    async def test_reducer(self) -> None:
        """A worker that splits by lines submits the parts, and gives their results to the other."""
        server, client = await self.open(has_worker=False)
        worker = Worker(f"127.0.0.1:{server.port}", reactor=self.reactor, concurrency=4)

        @worker.function("count-words")
        async def count_words(job: WorkerJob) -> bytes:
            if not job.reducer:
                return b"%d" % len(job.workload.split())
            parts = await client.submit_many(job.function, job.workload.splitlines())
            return await client.submit(job.reducer, b" ".join(parts))

        worker.register("sum", lambda job: b"%d" % sum(map(int, job.workload.split())))
        self.addCleanup(worker.stop)
        await worker.start()
        assert await run_block(JOBS, "reducer", {"client": client}) == ["3 words"]

    @runs(MANY, "results", "handles", "loop", "source", "unique-each")
    async def test_many(self) -> None:
        """Results, handles, the loop, the slow source and the uniques do as they say."""
        _server, client = await self.open()

        async def fetch_page(page: int) -> list[bytes]:
            await deferLater(self.reactor, 0.01)
            return [b"%d%d" % (page, row) for row in range(2)]

        async def lines(name: str) -> list[str]:
            return await run_block(MANY, name, {"client": client, "fetch_page": fetch_page})

        assert await lines("results") == ["[b'eno', b'owt', b'eerht']"]
        assert await lines("handles") == ["10000 are queued"]
        assert await lines("loop") == [
            "b'stressed' became b'desserts'",
            "b'broken' failed",
            "b'drawer' became b'reward'",
        ]
        reversed_rows = ["00", "10", "01", "11", "02", "12"]
        assert await lines("source") == [f"b'{row}'" for row in reversed_rows]
        assert await lines("unique-each") == []

    @runs(LOST, "servers", "endpoints", "own-choice")
    async def test_servers(self) -> None:
        """Every spelling of a server is one; nothing is connected to."""
        for name in ("servers", "endpoints", "own-choice"):
            assert await run_block(LOST, name) == []

    @runs(LOST, "retries")
    async def test_retries(self) -> None:
        """A worker that fails twice is asked three times."""
        server, client = await self.open(has_worker=False)
        behaviours = [reverse, boom, fail]

        def reverse_in_the_end(worker: RawWorker, handle: bytes, workload: bytes) -> None:
            behaviours.pop()(worker, handle, workload)

        await self.start_worker(server, {b"reverse": reverse_in_the_end})
        lines = await run_block(LOST, "retries", {"client": client})
        assert [line.split(":")[0] for line in lines] == ["once more, because job H"] * 2
        assert lines[1].endswith("boom")

    @runs(LOST, "connect")
    async def test_connect(self) -> None:
        """Nobody listens on port 1."""
        names: dict[str, Any] = {}
        (line,) = await run_block(LOST, "connect", names)
        await names["client"].close()
        assert line.startswith("no job server: cannot connect to job server localhost:1")

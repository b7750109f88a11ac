"""Real disks, real locks, a real server: waits, refusals and ends."""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint, connectProtocol
from twisted.trial.unittest import TestCase

from gearman_tx.core import Policy
from gearman_tx.server import ServerLog, Wiring
from gearman_tx.store import SQLiteStore
from tests.server import packets as p
from tests.server.packets import req, res
from tests.server.real_server import RawPeer
from tests.server.server_fixture import text_commands
from tests.store.files import locked_by_another_process, small_disk, stored

PATIENCE = 0.5
"""How long the store waits for a lock, in seconds."""

CREATED = res(p.JOB_CREATED, b"")[:8]
ERROR = res(p.ERROR, b"")[:8]


class RealFaultTests(TestCase):
    """A durable server on TCP, its reactor and its thread, and one fault."""

    timeout = 30

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.path = tmp_path / "queue.sqlite3"

    def setUp(self) -> None:
        """Take the real reactor."""
        from twisted.internet import reactor  # the one that trial runs

        self.reactor: Any = reactor

    async def start(self) -> None:
        """Start a server on the queue file, and connect to it."""
        server_log = ServerLog(self.reactor.seconds)
        wiring = Wiring(
            Policy(handle_prefix=b"H:real"),
            self.reactor,
            time.time,
            server_log,
            text_commands,
            store=SQLiteStore(self.reactor, self.path, busy_seconds=PATIENCE),
        )
        assert wiring.queue is not None, "the store is durable"
        self.factory, self.queue = wiring.factory, wiring.queue
        await self.queue.open()
        await self.queue.loaded
        self.port: Any = await TCP4ServerEndpoint(self.reactor, 0, interface="127.0.0.1").listen(
            self.factory
        )
        self.client = await self.call()
        self.other = await self.call()

    async def call(self) -> RawPeer:
        """Return a new connection to the server."""
        endpoint = TCP4ClientEndpoint(self.reactor, "127.0.0.1", self.port.getHost().port)
        connect: Callable[..., Deferred[RawPeer]] = connectProtocol
        return await connect(endpoint, RawPeer())

    async def stop(self) -> None:
        """Stop the server as the service does."""
        await self.port.stopListening()
        await self.queue.finish()
        self.factory.stop()
        await self.client.lost
        await self.other.lost
        await self.queue.close()

    async def submit(self, workload: bytes = b"data") -> bytes:
        """Submit in the background, then send an echo; return the answer."""
        packet = req(p.SUBMIT_JOB_BG, b"f", b"", workload) + req(p.ECHO_REQ, b"!end")
        answer: bytes = await self.client.ask(packet, b"!end")
        return answer[: -len(res(p.ECHO_RES, b"!end"))]

    async def figures(self) -> dict[str, str]:
        """Return the reply to the text command ``store`` on another connection."""
        report: bytes = await self.other.ask(b"store\n", b"\n.\n")
        return dict(line.split("\t", 1) for line in report.decode().splitlines()[:-1])

    async def foreground(self) -> float:
        """Submit in the foreground on another connection; return how long the answer took."""
        begun: float = self.reactor.seconds()
        packet = req(p.SUBMIT_JOB, b"f", b"", b"") + req(p.ECHO_REQ, b"!end")
        answer: bytes = await self.other.ask(packet, b"!end")
        assert answer.startswith(CREATED)
        seconds: float = self.reactor.seconds() - begun
        return seconds

    async def until_it_works(self) -> None:
        """Submit until it succeeds, which is soon."""
        begun = self.reactor.seconds()
        while not (await self.submit()).startswith(CREATED):
            assert self.reactor.seconds() - begun < 10, "it recovers by itself"

    async def test_a_lock_of_another_process(self) -> None:
        """Background submissions wait a while and are refused; others are not affected."""
        await self.start()
        assert (await self.submit()).startswith(CREATED)
        with locked_by_another_process(self.path):
            begun = self.reactor.seconds()
            waiting = Deferred.fromCoroutine(self.submit())
            assert await self.foreground() < PATIENCE
            assert float((await self.figures())["lag"]) < PATIENCE
            answer = await waiting
            seconds = self.reactor.seconds() - begun
            assert answer.startswith(ERROR)
            assert b"QUEUE_ERROR\0cannot write the queue file " in answer
            assert b"another process holds its lock" in answer
            assert PATIENCE * 0.9 < seconds < PATIENCE + 2
            # From now on no submission waits that long.
            begun = self.reactor.seconds()
            assert (await self.submit()).startswith(ERROR)
            assert self.reactor.seconds() - begun < PATIENCE
            found = await self.figures()
            assert found["state"] == "failing"
            assert "another process holds its lock" in found["last-error"]
            assert await self.foreground() < PATIENCE
        await self.until_it_works()
        assert (await self.figures())["state"] == "ok"
        await self.stop()
        assert len(stored(self.path)) == 2

    async def test_a_full_disk(self) -> None:
        """Background submissions are refused with the reason until there is room again."""
        with small_disk(self.path.parent / "disk", 2000) as disk:
            self.path = disk / "queue.sqlite3"
            await self.start()
            ballast = disk / "ballast"
            ballast.write_bytes(bytes(1_200_000))
            answers: list[bytes] = []
            while not answers or answers[-1].startswith(CREATED):
                answers.append(await self.submit(b"\x5a" * 20_000))
            assert b"the disk is full" in answers[-1]
            assert await self.foreground() < PATIENCE
            assert (await self.figures())["state"] == "failing"
            ballast.unlink()
            await self.until_it_works()
            await self.stop()
            assert len(stored(self.path)) == len(answers)

    async def test_a_deleted_file(self) -> None:
        """No submission is refused, and the new file has everything."""
        await self.start()
        for _ in range(5):
            assert (await self.submit()).startswith(CREATED)
        self.path.unlink()
        assert (await self.submit()).startswith(CREATED)
        found = await self.figures()
        assert (found["state"], found["jobs"]) == ("ok", "6")
        assert "is gone" in found["notice"]
        await self.stop()
        assert len(stored(self.path)) == 6

    async def test_stopping_while_another_process_holds_the_lock(self) -> None:
        """The server ends in bounded time, and all acknowledged jobs are in the file."""
        await self.start()
        assert (await self.submit()).startswith(CREATED)
        with locked_by_another_process(self.path):
            waiting = Deferred.fromCoroutine(self.submit())
            await self.foreground()
            begun = self.reactor.seconds()
            await self.stop()
            assert self.reactor.seconds() - begun < 4 * PATIENCE
            waiting.addErrback(lambda _: None)
            waiting.cancel()
        assert len(stored(self.path)) == 1

    async def test_a_server_after_a_server(self) -> None:
        """The next server has the jobs that one stored in its last moment, and the next handle."""
        await self.start()
        first = await self.submit()
        last = Deferred.fromCoroutine(self.submit())
        await self.foreground()
        await self.stop()
        assert first.startswith(CREATED)
        assert (await last).startswith(CREATED)
        await self.start()
        third = await self.submit()
        assert [answer[12:] for answer in (first, third)] == [b"H:real:1", b"H:real:4"]
        await self.stop()
        with contextlib.closing(sqlite3.connect(self.path)) as connection:
            assert connection.execute("SELECT id FROM job").fetchall() == [(1,), (2,), (4,)]

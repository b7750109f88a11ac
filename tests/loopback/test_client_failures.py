"""The client and job servers that are killed, stopped, restarted or not there: nothing hangs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import deferLater
from typing_extensions import override

from gearman_tx.admin import AdminClient
from gearman_tx.errors import ConnectionLost, NoServer
from gearman_tx.link.servers import CONNECT_TIMEOUT
from gearman_tx.testing import ServerProcess
from gearman_tx.wire import PacketType
from tests.loopback.raw_worker import RawWorker, reverse
from tests.loopback.servers_case import ServersCase
from tests.support.ports import free_port
from tests.support.switched_off import switched_off

HEARTBEAT = 1.0  # a machine that has much else to do may keep a sound server waiting


class Mail(Protocol):
    """Greets like a mail server, and listens."""

    factory: Any

    @override
    def connectionMade(self) -> None:
        """Twisted: greet."""
        assert self.transport is not None, "Twisted sets the transport first"
        self.transport.write(b"220 mail.example.com ESMTP\r\n")

    @override
    def dataReceived(self, data: bytes) -> None:
        """Twisted: listen."""
        self.factory.received.append(data)


class Named:
    """A worker's function that answers with a name."""

    def __init__(self, name: bytes) -> None:
        self.name = name

    def __call__(self, worker: RawWorker, handle: bytes, _workload: bytes) -> None:
        """Complete with the name."""
        worker.say(PacketType.WORK_COMPLETE, handle, self.name)


def suspend(server: ServerProcess) -> None:
    """Stop a server's process with SIGSTOP; return when it stands still and accepts nothing."""
    server.process.send_signal(signal.SIGSTOP)
    os.waitpid(server.pid, os.WUNTRACED)


class Bodies:
    """The test bodies, the same for both servers."""

    reactor: Any
    start_server: Any
    start_worker: Any
    make_client: Any

    async def test_a_server_is_killed_and_started_again(self) -> None:
        """What runs is lost, what comes later waits for the new process and is done there."""
        server = self.start_server()
        client = self.make_client(server)
        worker = await self.start_worker(server)
        running = client.submit("hold", b"x")
        retried = client.submit("reverse", b"abc", retries=1)
        assert await retried == b"cba"
        await worker.held
        retried = client.submit("hold", b"x", retries=1)
        await retried.accepted
        server.kill()
        with pytest.raises(ConnectionLost):
            await running
        later = client.submit("reverse", b"abc")
        server = self.start_server(port=server.port)
        worker = await self.start_worker(server)
        assert await later == b"cba"
        assert await worker.held == retried.handle

    async def test_the_other_server_takes_over(self) -> None:
        """Of two servers one is killed: submissions go to the other, and back later."""
        servers = [self.start_server() for _ in range(2)]
        workers = [await self.start_worker(server) for server in servers]
        client = self.make_client(*servers, choice="in order")
        assert await client.submit("reverse", b"ab") == b"ba"
        servers[0].kill()
        await workers[0].gone
        results = await client.submit_many("reverse", [b"cd"] * 50)
        assert results == [b"dc"] * 50
        again = self.start_server(port=servers[0].port)
        task = client.submit("nobody does this", b"x", background=True)
        while await task and b"nobody does this" not in again.ask(b"status\n", b".\n"):
            await deferLater(self.reactor, 0.05)
            task = client.submit("nobody does this", b"x", background=True)

    async def test_a_server_that_stands_still_is_found(self) -> None:
        """A stopped process keeps its connections open; the heartbeat gives it up."""
        servers = [self.start_server() for _ in range(2)]
        await self.start_worker(servers[1])
        client = self.make_client(*servers, choice="in order", heartbeat=HEARTBEAT)
        running = client.submit("hold", b"x")
        await running.accepted
        suspend(servers[0])
        waiting = client.submit("reverse", b"abc")
        with pytest.raises(ConnectionLost, match="nothing was heard"):
            await running
        assert await waiting == b"cba"

    async def test_killed_while_many_tasks_are_on_their_way(self) -> None:
        """Every one of 2,000 tasks is accepted once by one of two servers, or moved there."""
        servers = [self.start_server() for _ in range(2)]
        client = self.make_client(*servers, choice="round robin")
        batch = client.submit_many("bulk", [b"x"] * 2000, background=True, window=200)
        handles = []
        async for task in batch:
            handles.append(await task)
            if len(handles) == 500:
                servers[0].kill()
        assert len(handles) == 2000
        status = servers[1].ask(b"status\n", b".\n")
        (line,) = [line for line in status.splitlines() if line.startswith(b"bulk\t")]
        assert int(line.split(b"\t")[1]) >= 1000

    async def test_no_server_at_all(self) -> None:
        """``connect`` fails at once, a task when its time without a server is over."""
        server = self.start_server()
        server.kill()
        client = self.make_client(server, accept_timeout=0.5)
        with pytest.raises(NoServer, match="refused"):
            await client.connect()
        with pytest.raises(NoServer, match=r"no job server was up in 0\.5 seconds"):
            await client.submit("f", b"x")


class OurServerTests(Bodies, ServersCase):
    """Against our server."""

    kind = "ours"

    async def test_a_server_that_shuts_down_gracefully(self) -> None:
        """What it runs is finished there; what is new goes to the other server.

        A signal takes its time: the server may accept a task or two before it heeds it. So both
        servers have a worker for them, and the first answer of the second server tells that the
        first one takes nothing new.
        """
        servers = [self.start_server() for _ in range(2)]
        finish: list[Callable[[], None]] = []

        def wait(worker: RawWorker, handle: bytes, _workload: bytes) -> None:
            finish.append(partial(reverse, worker, handle, b"abc"))
            worker.held.callback(handle)

        worker = await self.start_worker(servers[0], {b"wait": wait})
        await self.start_worker(servers[0], {b"name": Named(b"first")})
        await self.start_worker(servers[1], {b"name": Named(b"second")})
        client = self.make_client(*servers, choice="in order")
        running = client.submit("wait", b"abc")
        await worker.held
        assert await client.submit("name", b"") == b"first"
        servers[0].process.send_signal(signal.SIGUSR1)
        while await client.submit("name", b"") == b"first":
            pass
        assert await client.submit_many("name", [b""] * 100) == [b"second"] * 100
        finish[0]()
        assert await running == b"cba"
        await worker.gone

    async def test_a_port_on_which_somebody_else_listens(self) -> None:
        """A peer that speaks another protocol is dropped, and never sent a task."""
        received: list[bytes] = []
        mail = Factory.forProtocol(Mail)
        mail.received = received  # type: ignore[attr-defined]  # where Mail keeps what it hears
        port_number = free_port()
        endpoint = TCP4ServerEndpoint(self.reactor, port_number, interface="127.0.0.1")
        port = await endpoint.listen(mail)
        self.addCleanup(port.stopListening)
        client = self.make_client(f"127.0.0.1:{port_number}", accept_timeout=0.5)
        with pytest.raises(NoServer, match="ESMTP"):
            await client.submit("f", b"a secret")
        assert b"a secret" not in b"".join(received)

    async def test_a_server_that_is_switched_off(self) -> None:
        """The other server gets the tasks of both before the attempt to connect has failed."""
        server = self.start_server()
        await self.start_worker(server)
        silent = self.enterContext(switched_off())
        client = self.make_client(f"127.0.0.1:{silent}", server, choice="in order")
        assert await client.submit("reverse", b"abc", timeout=CONNECT_TIMEOUT / 2) == b"cba"

    async def test_a_server_that_does_not_answer_an_operator(self) -> None:
        """The error says how long it was waited for."""
        silent = self.enterContext(switched_off())
        with pytest.raises(ConnectionLost, match=r"did not answer in 0\.[2-9] seconds$"):
            await AdminClient(f"127.0.0.1:{silent}", timeout=0.2).version()


class CServerTests(Bodies, ServersCase):
    """Against the C server."""

    kind = "c"

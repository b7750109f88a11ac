"""A trial test case with real job servers: each test body runs against ours and the C one."""

from __future__ import annotations

from pathlib import Path
from tempfile import mkdtemp
from typing import Any, ClassVar

from twisted.internet import defer
from twisted.trial.unittest import TestCase

from gearman_tx.client import Client
from gearman_tx.link import Server
from gearman_tx.testing import ServerProcess
from tests.loopback.raw_worker import BEHAVIOURS, Abilities, RawWorker, start_worker
from tests.support.servers import start_c_server, start_our_server


class ServersCase(TestCase):
    """Starts servers of one kind and ends them, with the clients and workers of the test."""

    kind: ClassVar[str]
    timeout = 60

    def setUp(self) -> None:
        """Take the reactor that trial runs."""
        from twisted.internet import reactor

        self.reactor: Any = reactor
        self.folder = Path(mkdtemp(prefix="gearman-loopback-"))

    def start_server(self, *options: str, port: int | None = None) -> ServerProcess:
        """Start one more server, killed at the end of the test."""
        start = start_c_server if self.kind == "c" else start_our_server
        server = start(self.folder, *options, port=port)
        self.addCleanup(server.kill)
        return server

    def make_client(self, *servers: ServerProcess | Server | str, **options: Any) -> Client[bytes]:
        """Return a client of ``servers``, closed at the end of the test."""
        names = [
            f"127.0.0.1:{server.port}" if isinstance(server, ServerProcess) else server
            for server in servers
        ]
        client = Client(names, reactor=self.reactor, **options)
        self.addCleanup(client.close, wait=0)
        return client

    async def start_worker(
        self, server: ServerProcess, abilities: Abilities = BEHAVIOURS
    ) -> RawWorker:
        """Start a worker that is registered with ``server``, and ended with the test."""
        worker = await start_worker(self.reactor, server.port, abilities)

        def leave() -> defer.Deferred[None]:
            worker.transport.abortConnection()
            return worker.gone

        self.addCleanup(leave)
        return worker

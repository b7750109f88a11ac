"""AdminClient against both job servers, and against servers that misbehave."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar

import pytest
from twisted.internet import defer
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import TestCase

from gearman_tx.admin import AdminClient
from gearman_tx.admin.client import _AdminProtocol
from gearman_tx.errors import ConnectionLost, Refused, TimedOut
from gearman_tx.testing import ServerProcess
from tests.support.ports import free_port
from tests.support.servers import start_c_server, start_our_server


class BothServers:
    """What every job server answers; the subclasses say which one is asked."""

    server: ServerProcess
    client: AdminClient

    async def test_a_function_is_made_limited_and_dropped(self) -> None:
        """``create``, ``maxqueue`` and ``drop`` succeed, and ``status`` shows the function."""
        await self.client.create_function(b"resize")
        await self.client.set_max_queue(b"resize", 5)
        await self.client.set_max_queue(b"resize", 5, 6, 7)
        rows = await self.client.status()
        assert [row.name for row in rows] == [b"resize"]
        assert [row.workers for row in await self.client.priority_status()] == [0]
        await self.client.drop_function(b"resize")
        assert await self.client.status() == []

    async def test_dropping_an_unknown_function_is_refused(self) -> None:
        """The server's words are the error's text."""
        with pytest.raises(Refused) as caught:
            await self.client.drop_function(b"nothere")
        assert caught.value.text == b"function not found"

    async def test_cancelling_an_unknown_job_is_false(self) -> None:
        """``cancel`` tells whether there was a job."""
        assert await self.client.cancel(b"H:nowhere:1") is False

    async def test_questions_under_way_together_are_answered_in_order(self) -> None:
        """Replies of one line and of many come one after the other on one connection."""
        asked: list[defer.Deferred[Any]] = [
            self.client.version(),
            self.client.workers(),
            self.client.pid(),
            self.client.queued_jobs(),
            self.client.unique_jobs(),
            self.client.verbosity(),
        ]
        answers = await defer.gatherResults(asked)
        assert answers[2] == self.server.pid
        assert [row.host for row in answers[1]] == ["127.0.0.1"]
        assert answers[3:5] == [[], []]

    async def test_a_ping_takes_some_time(self) -> None:
        """``ping`` gives seconds."""
        assert 0 < await self.client.ping() < 10

    async def test_a_closed_client_connects_again(self) -> None:
        """After ``close`` the next question is answered on a new connection."""
        await self.client.version()
        await self.client.close()
        await self.client.close()
        assert await self.client.version()


class _OnServer(TestCase):
    """Starts one server for all tests of a class."""

    server: ServerProcess
    folder: ClassVar[TemporaryDirectory[str]]

    def setUp(self) -> None:
        """Make a client of the server."""
        self.client = AdminClient(f"127.0.0.1:{self.server.port}")
        self.addCleanup(self.client.close)

    @classmethod
    def tearDownClass(cls) -> None:
        """Stop the server."""
        cls.server.stop()
        cls.folder.cleanup()


class TestCServer(BothServers, _OnServer):
    """The C server."""

    @classmethod
    def setUpClass(cls) -> None:
        """Start it."""
        cls.folder = TemporaryDirectory()
        cls.server = start_c_server(Path(cls.folder.name))

    async def test_what_only_our_server_answers_is_refused(self) -> None:
        """``jobs`` and ``functions`` are no commands of the C server."""
        for question in (self.client.jobs, self.client.functions):
            with pytest.raises(Refused) as caught:
                await question()
            assert caught.value.code == b"UNKNOWN_COMMAND"


class TestOurServer(BothServers, _OnServer):
    """This project's server."""

    @classmethod
    def setUpClass(cls) -> None:
        """Start it, so that it may be shut down."""
        cls.folder = TemporaryDirectory()
        cls.server = start_our_server(Path(cls.folder.name), "--allow-shutdown")

    async def test_a_name_with_blank_and_tab_is_created_listed_and_dropped(self) -> None:
        """Names are escaped on the way there and read back as they were."""
        await self.client.create_function(b"my \tname")
        assert [row.name for row in await self.client.functions()] == [b"my \tname"]
        assert await self.client.jobs(b"my \tname") == []
        await self.client.drop_function(b"my \tname")


class TestShutdown(TestCase):
    """Stopping our server from afar."""

    async def test_shutdown_ends_the_server(self) -> None:
        """A server that allows it answers, and exits with 0."""
        with TemporaryDirectory() as folder:
            server = start_our_server(Path(folder), "--allow-shutdown")
            self.addCleanup(server.kill)
            client = AdminClient(f"127.0.0.1:{server.port}")
            await client.shutdown(graceful=True)
            assert server.process.wait(10) == 0


class _Mute(Protocol):
    """A server that takes everything and says nothing."""


class _Rude(Protocol):
    """A server that hangs up at the first word."""

    def dataReceived(self, _data: bytes) -> None:
        """Hang up."""
        assert self.transport is not None
        self.transport.loseConnection()


class TestMisbehaviour(TestCase):
    """Servers that are not there, or not well."""

    async def _listen(self, protocol: type[Protocol]) -> int:
        from twisted.internet import reactor

        endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        port = await endpoint.listen(Factory.forProtocol(protocol))
        self.addCleanup(port.stopListening)
        number: int = port.getHost().port
        return number

    async def test_a_server_that_is_not_there_is_named(self) -> None:
        """The error names the server that could not be reached."""
        name = f"127.0.0.1:{free_port()}"
        with pytest.raises(ConnectionLost) as caught:
            await AdminClient(name).version()
        assert name in str(caught.value)

    async def test_a_server_that_hangs_up_fails_all_questions(self) -> None:
        """Every question under way fails with ConnectionLost."""
        client = AdminClient(f"127.0.0.1:{await self._listen(_Rude)}")
        asked: list[defer.Deferred[Any]] = [client.version(), client.status()]
        for question in asked:
            await self.assertFailure(question, ConnectionLost)

    async def test_a_mute_server_is_given_up_in_time(self) -> None:
        """Without an answer the question fails with TimedOut; so do those behind it."""
        client = AdminClient(f"127.0.0.1:{await self._listen(_Mute)}", timeout=0.2)
        first, second = client.version(), client.status()
        await self.assertFailure(first, TimedOut)
        await self.assertFailure(second, TimedOut, ConnectionLost)

    def test_an_unrequested_line_is_ignored(self) -> None:
        """It is not taken for the next answer."""
        protocol: Any = _AdminProtocol(1.0, Clock())
        transport = StringTransport()
        protocol.makeConnection(transport)
        protocol.dataReceived(b"hello\r\n")
        answer = protocol.ask(b"version", is_report=False)
        protocol.dataReceived(b"OK 1\r\n")
        assert self.successResultOf(answer) == [b"OK 1"]
        assert transport.value() == b"version\r\n"

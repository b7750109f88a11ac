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

from gearman_tx.admin import AdminClient, StoreStatus
from gearman_tx.admin.client import _COMMANDS, _REPORTS
from gearman_tx.admin.connection import AdminConnection
from gearman_tx.admin.verbs import SHUTDOWN, VERBS
from gearman_tx.errors import ConnectionLost, LocalProtocolError, Refused, TimedOut
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

    async def test_any_command_can_be_asked(self) -> None:
        """The reply comes as it is: a line, a report with its dot, an error."""
        ask = self.client.ask
        assert await ask(b"getpid") == b"OK %d\n" % self.server.pid
        assert await ask(b"STATUS") == b".\n"
        assert await ask(b"drop function x") == b"ERR function not found\n"
        unknown = b"ERR UNKNOWN_COMMAND Unknown+server+commandnonsense\n"
        assert await ask(b"nonsense") == unknown
        assert await ask(b"show nonsense") == b"ERR UNKNOWN_SHOW_ARGUMENTS\n"

    async def test_a_command_is_one_line(self) -> None:
        """A line end would be a second command."""
        with pytest.raises(LocalProtocolError, match="more than one line"):
            await self.client.ask(b"status\nversion")

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
        """``jobs`` and the like are no commands of the C server."""
        client = self.client
        for question in (client.jobs, client.functions, client.clients, client.store):
            with pytest.raises(Refused) as caught:
                await question()
            assert caught.value.code == b"UNKNOWN_COMMAND"
        with pytest.raises(Refused, match="Unknown server command"):
            await client.job(b"H:nowhere:1")


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

    async def test_a_function_called_as_an_error_is_listed(self) -> None:
        """Its row is not taken for an error, nor for a reply of one line."""
        for name in (b"ERR x", b"OK x"):
            await self.client.create_function(name)
            assert [row.name for row in await self.client.status()] == [name]
            assert await self.client.ask(b"status") == name + b"\t0\t0\t0\n.\n"
            await self.client.drop_function(name)

    async def test_one_job(self) -> None:
        """A job that is not there is None."""
        assert await self.client.job(b"H:nowhere:1") is None

    async def test_connections_and_the_store(self) -> None:
        """The asking connection is among the clients, and the queue is in memory."""
        (row,) = await self.client.clients()
        assert (row.host, row.functions, row.running, row.waiting) == ("127.0.0.1", 0, 0, 0)
        assert await self.client.store() == StoreStatus(kind="builtin")


def test_every_command_is_known() -> None:
    """The client knows of each command of the server whether it is answered by one line."""
    assert {*VERBS, *SHUTDOWN} == _REPORTS | _COMMANDS
    assert not _REPORTS & _COMMANDS


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
        connection = self._connection()
        connection.dataReceived(b"hello\r\n")
        answer = connection.ask(b"version", is_report=False)
        connection.dataReceived(b"OK 1\r\n")
        assert self.successResultOf(answer) == [b"OK 1"]
        assert connection.transport.value() == b"version\r\n"

    def test_a_command_of_a_later_version(self) -> None:
        """The first line says whether the reply is a report."""
        connection = self._connection()
        replies = {
            b"OK 1\r\n": [b"OK 1"],
            b"ERR NO a\tb\r\n": [b"ERR NO a\tb"],
            b"one\nOK\n.\n": [b"one", b"OK", b"."],
            b".\n": [b"."],
        }
        for reply, lines in replies.items():
            answer = connection.ask(b"novelty", is_report=None)
            connection.dataReceived(reply)
            assert self.successResultOf(answer) == lines

    def _connection(self) -> Any:
        connection: Any = AdminConnection(1.0, Clock())
        connection.makeConnection(StringTransport())
        return connection

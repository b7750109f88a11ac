"""Connecting and closing: waiting calls end, submitted tasks get time to be accepted."""

from __future__ import annotations

from twisted.internet.defer import ensureDeferred

from gearman_tx import errors
from gearman_tx.client import Client
from gearman_tx.errors import ConfigurationError, ConnectionLost, NoServer
from gearman_tx.link.reconnecting import CLOSE_TIMEOUT
from gearman_tx.wire import PacketType
from tests.client.client_case import ClientCase


class ConnectTests(ClientCase):
    """``client.connect``."""

    def test_it_fires_when_one_server_is_up(self) -> None:
        """The others may be down."""
        client = self.make_client(servers=2)
        up = client.connect()
        self.fakes[0].refuse()
        self.assert_waits(up)
        self.fakes[1].accept()
        assert self.successResultOf(up) is None
        assert self.successResultOf(client.connect()) is None

    def test_it_fails_when_all_are_down_and_goes_on_trying(self) -> None:
        """The error names the reason for each server; a later call succeeds."""
        client = self.make_client(servers=2)
        up = client.connect()
        for fake in self.fakes:
            fake.refuse()
        error = self.failure_of(up, NoServer)
        assert str(error).count("nobody listens") == 2
        self.failure_of(client.connect(), NoServer)
        self.advance(1)
        self.fakes[1].accept()
        assert self.successResultOf(client.connect()) is None

    def test_the_reactor_may_be_left_out(self) -> None:
        """The one that Twisted has installed is taken; no server is tried yet."""
        assert isinstance(Client("localhost"), Client)

    def test_wrong_settings_are_refused_at_once(self) -> None:
        """An invalid server, and an unknown choice."""
        for servers, text in (("", "is empty"), ("nonsense:a:b", "Unknown endpoint type")):
            with self.assertRaisesRegex(ConfigurationError, text):
                Client(servers, reactor=self.clock)
        with self.assertRaisesRegex(ConfigurationError, "no choice of servers 'best'"):
            self.make_client(choice="best")


class CloseTests(ClientCase):
    """``client.close`` and ``async with``."""

    def test_a_client_that_was_never_used(self) -> None:
        """There is nothing to close."""
        client = self.make_client()
        assert self.successResultOf(client.close()) is None
        self.failure_of(client.connect(), ConnectionLost)
        self.failure_of(client.submit("f", b"x").result, ConnectionLost)
        assert not self.fakes[0].is_tried

    def test_what_was_accepted_is_reported_lost(self) -> None:
        """A running task ends with ConnectionLost, even if retries are left."""
        client, peer = self.connected()
        results = [
            self.submitted(client, peer, b"H:%d" % retries, retries=retries).result
            for retries in (0, 5)
        ]
        closed = client.close()
        self.advance(1)
        self.successResultOf(closed)
        for result in results:
            assert "the client was closed" in str(self.failure_of(result, ConnectionLost))

    def test_submitted_tasks_are_given_time(self) -> None:
        """The connection closes when the last submission is answered."""
        client, peer = self.connected()
        task = client.submit("f", b"x", background=True)
        closed = client.close()
        assert peer.read_types() == ["SUBMIT_JOB_BG"]
        self.advance(1)
        assert not peer.transport.disconnecting
        peer.create(b"H:1")
        assert task.is_done
        assert peer.transport.disconnecting
        self.advance(1)
        assert self.successResultOf(closed) is None

    def test_a_task_accepted_last_is_not_cancelled_by_the_close(self) -> None:
        """Its acceptance closes the client, and a callback of the close cancels it: too late."""
        client, peer = self.connected()
        running = self.submitted(client, peer, b"H:1")
        task = client.submit("f", b"x", background=True)
        first = task.result
        running.result.addErrback(lambda _: task.cancel())
        client.close()
        peer.read()
        peer.create(b"H:2")
        self.advance(1)
        assert self.successResultOf(first) == b"H:2"
        assert self.successResultOf(task.result) == b"H:2"

    def test_the_time_for_submitted_tasks_is_limited(self) -> None:
        """The client leaves a silent server after five seconds, or at once with ``wait=0``."""
        for wait, seconds in ((None, 5.0), (0.0, 0.0)):
            client, _peer = self.connected()
            result = client.submit("f", b"x", background=True).result
            closed = client.close() if wait is None else client.close(wait)
            self.advance(seconds)
            assert "the client was closed" in str(self.failure_of(result, ConnectionLost))
            self.advance(1)
            self.successResultOf(closed)

    def test_closing_twice(self) -> None:
        """The second call ends the waiting of neither, and both fire."""
        client, peer = self.connected()
        client.submit("f", b"x", background=True)
        first, second = client.close(), client.close()
        peer.read()
        peer.create(b"H:1")
        self.advance(1)
        assert self.successResultOf(first) is None
        assert self.successResultOf(second) is None

    def test_closing_again_when_it_has_fired(self) -> None:
        """A callback of ``close`` may call ``close`` again."""
        client, _peer = self.connected()
        closed = client.close().addCallback(lambda _: client.close())
        self.advance(1)
        assert self.successResultOf(closed) is None
        assert self.successResultOf(client.close()) is None

    def test_closing_while_no_server_is_there(self) -> None:
        """Waiting tasks fail, and the client stops connecting."""
        client = self.make_client(servers=2)
        up, asked = client.connect(), client.echo(b"x")
        result = client.submit("f", b"x").result
        self.fakes[0].refuse()
        closed = client.close(wait=0)
        self.failure_of(up, ConnectionLost)
        self.failure_of(asked, ConnectionLost)
        self.failure_of(result, ConnectionLost)
        self.successResultOf(closed)
        assert self.clock.getDelayedCalls() == []

    def test_closing_while_all_servers_are_down(self) -> None:
        """Stranded tasks fail, and their timer is cancelled."""
        client = self.make_client()
        result = client.submit("f", b"x").result
        self.fakes[0].refuse()
        closed = client.close(wait=0)
        self.failure_of(result, ConnectionLost)
        self.successResultOf(closed)
        assert self.clock.getDelayedCalls() == []

    def test_a_server_that_does_not_let_go(self) -> None:
        """The connection is cut after two seconds."""
        client, peer = self.connected()
        peer.transport.is_stuck = True
        closed = client.close()
        self.advance(CLOSE_TIMEOUT - 0.5)
        self.assert_waits(closed)
        self.advance(1)
        assert self.successResultOf(closed) is None

    def test_the_log_is_silent_about_a_close(self) -> None:
        """Closing is no loss."""
        client, _peer = self.connected()

        def close() -> None:
            client.close()
            self.advance(1)

        assert self.warnings(close) == []

    def test_async_with_closes_at_the_end(self) -> None:
        """Submitted tasks get time to be accepted, unless the block failed."""
        for fails in (False, True):
            client, peer = self.connected()

            async def block(client: Client[bytes] = client, fails: bool = fails) -> None:
                async with client as entered:
                    assert entered is client
                    client.submit("f", b"x", background=True)
                    if fails:
                        raise ZeroDivisionError

            done = ensureDeferred(block())
            if fails:
                self.advance(1)
                self.failure_of(done, ZeroDivisionError)
            else:
                self.assert_waits(done)
                peer.read()
                peer.send(PacketType.JOB_CREATED, b"H:1")
                self.advance(1)
                self.successResultOf(done)

    def test_every_error_of_the_package_has_one_base(self) -> None:
        """``except GearmanError`` catches them all."""
        for name in ("JobFailed", "JobException", "ConnectionLost", "NoServer", "TimedOut"):
            assert issubclass(getattr(errors, name), errors.GearmanError)

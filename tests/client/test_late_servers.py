"""Servers that do not answer the first attempt to connect: tasks wait for a moment only."""

from __future__ import annotations

from gearman_tx.client.router import MOMENT
from gearman_tx.errors import ConnectionLost, NoServer
from gearman_tx.link.reconnecting import ATTEMPT_TIMEOUT
from gearman_tx.wire import PacketType
from tests.client.client_case import ClientCase
from tests.client.fake_server import Peer


def submitted(peer: Peer) -> list[bytes]:
    """Return the functions of the submissions that the client sent since the last call."""
    return [arguments[0] for _, arguments in peer.read()]


class LateServerTests(ClientCase):
    """Two servers, of which the preferred one is silent."""

    def test_a_task_goes_to_the_other_server(self) -> None:
        """It waits for the preferred server for a moment, and later tasks do not wait at all."""
        client = self.make_client(servers=2)
        client.submit("first", b"")
        client.submit("second", b"")
        peer = self.fakes[1].accept()
        self.advance(MOMENT - 0.1, step=0.1)
        assert submitted(peer) == []
        self.advance(0.2, step=0.1)
        assert submitted(peer) == [b"first", b"second"]
        client.submit("third", b"")
        assert submitted(peer) == [b"third"]

    def test_the_other_server_is_late_too(self) -> None:
        """The first server that answers, at any time, gets the task."""
        client = self.make_client(servers=2)
        client.submit("early", b"")
        self.advance(2 * MOMENT)
        client.submit("late", b"")
        assert submitted(self.fakes[1].accept()) == [b"early", b"late"]

    def test_a_late_server_comes_up(self) -> None:
        """From then on it is preferred again."""
        client = self.make_client(servers=2)
        client.submit("f", b"")
        spare = self.fakes[1].accept()
        self.advance(2 * MOMENT)
        assert submitted(spare) == [b"f"]
        preferred = self.fakes[0].accept()
        client.submit("f", b"")
        assert submitted(preferred) == [b"f"]
        assert submitted(spare) == []

    def test_a_server_that_connects_and_is_silent(self) -> None:
        """A server that does not answer the greeting is late as well."""
        client = self.make_client(servers=2)
        client.submit("f", b"")
        silent = self.fakes[0].take()
        spare = self.fakes[1].accept()
        self.advance(2 * MOMENT)
        assert submitted(spare) == [b"f"]
        assert silent.read_types() == ["OPTION_REQ"]

    def test_a_job_is_found_without_the_late_server(self) -> None:
        """A query for a job waits for a late server no longer than a task does."""
        client = self.make_client(servers=2)
        asking = client.status(b"H:1")
        peer = self.fakes[1].accept()
        self.advance(2 * MOMENT)
        assert peer.read_types() == ["GET_STATUS"]
        peer.send(PacketType.STATUS_RES, b"H:1", b"1", b"0", b"0", b"0")
        assert self.successResultOf(asking).known

    def test_a_job_that_only_the_late_server_may_know(self) -> None:
        """The error says which server could not be asked, and why."""
        client = self.make_client(servers=2)
        asking = client.status(b"H:1")
        peer = self.fakes[1].accept()
        self.advance(2 * MOMENT)
        peer.send(PacketType.STATUS_RES, b"H:1", b"0", b"0", b"0", b"0")
        error = self.failure_of(asking, ConnectionLost)
        assert str(error) == "job server s0 has not answered yet"

    def test_connecting_waits_longer(self) -> None:
        """``connect()`` fails when the attempt does: a distant server may need its time."""
        client = self.make_client()
        connecting = client.connect()
        self.advance(2 * MOMENT)
        self.assert_waits(connecting)
        self.fakes[0].accept()
        self.successResultOf(connecting)

    def test_no_server_answers(self) -> None:
        """The error names each server with a reason in words."""
        client = self.make_client(servers=2, accept_timeout=5)
        result = client.submit("f", b"").result
        self.fakes[0].refuse()
        self.advance(5 + 2 * MOMENT)
        assert str(self.failure_of(result, NoServer)).split(": ", 1)[1] == (
            "cannot connect to job server s0: nobody listens; job server s1 has not answered yet"
        )

    def test_an_attempt_that_takes_too_long(self) -> None:
        """The log and the error say how long the client waited, and name no object of Twisted."""
        client = self.make_client(accept_timeout=None)
        connecting = client.connect()
        text = "cannot connect to job server s0: it did not answer in 30 seconds"
        assert ATTEMPT_TIMEOUT == 30
        assert self.warnings(lambda: self.advance(ATTEMPT_TIMEOUT)) == [f"{text}; trying again"]
        assert str(self.failure_of(connecting, NoServer)).endswith(text)

    def test_a_client_that_is_closed_while_it_connects(self) -> None:
        """It logs nothing, fails its tasks, and leaves no timer."""
        client = self.make_client()
        result = client.submit("f", b"").result
        assert self.warnings(lambda: client.close(wait=0)) == []
        self.failure_of(result, ConnectionLost)
        assert self.clock.getDelayedCalls() == []

    def test_servers_that_answer_at_once(self) -> None:
        """No timer is left when all servers were up or down within the moment."""
        client = self.make_client(servers=2)
        client.connect()
        self.fakes[0].accept()
        self.fakes[1].accept()
        assert self.clock.getDelayedCalls() == []

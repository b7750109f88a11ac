"""Queries: status by handle and by unique, echo, options."""

from __future__ import annotations

from twisted.internet.defer import CancelledError

from gearman_tx.client import JobStatus
from gearman_tx.errors import ConnectionLost, LocalProtocolError, NoServer, Refused
from gearman_tx.wire import PacketType
from tests.client.client_case import ClientCase
from tests.client.fake_server import Peer

UNKNOWN = JobStatus(known=False, running=False, numerator=0, denominator=0)


def answer_status(peer: Peer, handle: bytes, *numbers: int) -> None:
    """Answer GET_STATUS."""
    peer.send(PacketType.STATUS_RES, handle, *[b"%d" % number for number in numbers])


class StatusTests(ClientCase):
    """``client.status``, ``client.status_by_unique`` and ``task.status``."""

    def test_status_by_handle(self) -> None:
        """GET_STATUS; the answer is a value."""
        client, peer = self.connected()
        asked = client.status("H:1")
        assert peer.read() == [(PacketType.GET_STATUS, (b"H:1",))]
        answer_status(peer, b"H:1", 1, 1, 3, 4)
        status = self.successResultOf(asked)
        assert status == JobStatus(known=True, running=True, numerator=3, denominator=4)
        assert (status.fraction, UNKNOWN.fraction) == (0.75, None)

    def test_status_by_unique(self) -> None:
        """GET_STATUS_UNIQUE also gives the number of waiting clients."""
        client, peer = self.connected()
        asked = client.status_by_unique(b"u")
        assert peer.read() == [(PacketType.GET_STATUS_UNIQUE, (b"u",))]
        peer.send(PacketType.STATUS_RES_UNIQUE, b"u", b"1", b"0", b"0", b"0", b"2")
        assert self.successResultOf(asked).clients == 2

    def test_a_short_answer(self) -> None:
        """Numbers that an old server leaves out are 0 or None."""
        client, peer = self.connected()
        asked = client.status("H:1")
        peer.read()
        peer.send_bytes(b"\0RES\0\0\0\x14\0\0\0\x05H:1\x001")
        assert self.successResultOf(asked) == JobStatus(
            known=True, running=False, numerator=0, denominator=0
        )

    def test_the_first_server_that_knows_the_job_is_believed(self) -> None:
        """All servers are asked at once, and the others need not answer."""
        client = self.make_client(servers=3)
        asked = client.status("H:1")
        peers = [fake.accept() for fake in self.fakes]
        assert [peer.read_types() for peer in peers] == [["GET_STATUS"]] * 3
        answer_status(peers[2], b"H:1", 0, 0, 0, 0)
        answer_status(peers[1], b"H:1", 1, 0, 0, 0)
        assert self.successResultOf(asked).known
        answer_status(peers[0], b"H:1", 1, 1, 0, 0)

    def test_one_server_is_asked_alone(self) -> None:
        """The others are not asked; an unknown server is an error."""
        client = self.make_client(servers=2)
        asked = client.status("H:1", "s1")
        peers = [fake.accept() for fake in self.fakes]
        assert [peer.read_types() for peer in peers] == [[], ["GET_STATUS"]]
        answer_status(peers[1], b"H:1", 1, 0, 0, 0)
        assert self.successResultOf(asked).known
        error = self.failure_of(client.status("H:1", "s2"), LocalProtocolError)
        assert str(error) == "there is no job server s2; the client's are s0, s1"

    def test_no_server_knows_the_job(self) -> None:
        """The answer is an unknown job once every server has said so."""
        client = self.make_client(servers=2)
        asked = client.status("H:1")
        peers = [fake.accept() for fake in self.fakes]
        answer_status(peers[0], b"H:1", 0, 0, 0, 0)
        self.assert_waits(asked)
        answer_status(peers[1], b"H:1", 0, 0, 0, 0)
        assert self.successResultOf(asked) == UNKNOWN

    def test_an_unknown_job_when_one_server_could_not_be_asked(self) -> None:
        """That server may know the job, so the query fails with its error."""
        client = self.make_client(servers=2)
        asked = client.status("H:1")
        peer = self.fakes[0].accept()
        self.fakes[1].refuse()
        answer_status(peer, b"H:1", 0, 0, 0, 0)
        assert "server s1" in str(self.failure_of(asked, ConnectionLost))

    def test_a_server_that_is_lost_while_it_is_asked(self) -> None:
        """The query fails with ConnectionLost."""
        client, peer = self.connected()
        asked, cancelled = client.status("H:1"), client.status("H:2")
        cancelled.cancel()
        self.failure_of(cancelled, CancelledError)
        peer.lose()
        self.failure_of(asked, ConnectionLost)

    def test_a_task_asks_the_server_that_accepted_it(self) -> None:
        """Servers on one machine may give the same handle to different jobs."""
        client = self.make_client(servers=2)
        task = client.submit("f", b"x")
        asked = task.status()
        peers = [fake.accept() for fake in self.fakes]
        peers[0].create(b"H:1")
        assert peers[0].read_types() == ["SUBMIT_JOB", "GET_STATUS"]
        assert peers[1].read_types() == []
        answer_status(peers[0], b"H:1", 1, 0, 0, 0)
        assert self.successResultOf(asked).known

    def test_a_task_whose_server_is_down(self) -> None:
        """It cannot be asked, and says why."""
        client, peer = self.connected()
        task = self.submitted(client, peer, b"H:1", background=True)
        peer.lose()
        assert "s0 was lost" in str(self.failure_of(task.status(), ConnectionLost))

    def test_a_server_that_cannot_say(self) -> None:
        """An ERROR answers the oldest query."""
        client, peer = self.connected()
        task = client.submit("f", b"x")
        asked = client.status_by_unique("u")
        cancelled = client.status_by_unique("u")
        peer.create(b"H:1")
        cancelled.cancel()
        self.failure_of(cancelled, CancelledError)
        for _ in range(2):
            peer.send(PacketType.ERROR, b"unknown_command", b"what?")
        assert "unknown_command: what?" in str(self.failure_of(asked, Refused))
        assert not task.is_done

    def test_answers_out_of_order(self) -> None:
        """Answers to queries and submissions may come in another order; each finds its request."""
        client, peer = self.connected()
        task = client.submit("f", b"x")
        one, two = client.status("H:8"), client.status("H:9")
        echo = client.echo(b"hello")
        peer.read()
        peer.send(PacketType.ECHO_RES, b"hello")
        answer_status(peer, b"H:9", 1, 1, 0, 0)
        answer_status(peer, b"H:8", 1, 0, 0, 0)
        peer.create(b"H:1")
        assert self.successResultOf(echo) == b"hello"
        assert [self.successResultOf(asked).running for asked in (one, two)] == [False, True]
        assert task.handle == b"H:1"

    def test_what_cannot_be_asked(self) -> None:
        """A NUL byte would end the name."""
        client = self.make_client()
        for ask in (client.status, client.status_by_unique, client.set_option):
            with self.assertRaisesRegex(LocalProtocolError, "NUL"):
                ask(b"a\0b")


class EchoTests(ClientCase):
    """``client.echo``."""

    def test_echo(self) -> None:
        """ECHO_REQ; the same bytes come back, even those of the heartbeat."""
        client, peer = self.connected()
        for data in (b"", b"a\0b", b"gearman_tx heartbeat"):
            asked = client.echo(data)
            peer.read()
            peer.send(PacketType.ECHO_RES, data)
            assert self.successResultOf(asked) == data

    def test_echo_waits_for_a_server(self) -> None:
        """It connects, and fails with NoServer when no server is up in time."""
        client = self.make_client(servers=2, accept_timeout=5)
        asked = client.echo(b"hello")
        self.fakes[0].refuse()
        peer = self.fakes[1].accept()
        assert peer.read_types() == ["ECHO_REQ"]
        peer.send(PacketType.ECHO_RES, b"hello")
        assert self.successResultOf(asked) == b"hello"
        peer.lose()
        asked = client.echo(b"hello")
        self.advance(5)
        assert "no job server was up in 5 seconds" in str(self.failure_of(asked, NoServer))

    def test_waiting_for_a_server_may_be_cancelled(self) -> None:
        """Nothing is sent when a server is up."""
        client = self.make_client(accept_timeout=None)
        asked = client.echo(b"hello")
        asked.cancel()
        self.failure_of(asked, CancelledError)
        assert self.fakes[0].accept().read_types() == []


class OptionTests(ClientCase):
    """``client.set_option``."""

    def test_an_option_is_set_now_and_on_every_later_connection(self) -> None:
        """OPTION_REQ goes to all servers that are up, and into later greetings."""
        client = self.make_client(servers=2)
        done = client.set_option("verbose")
        peers = [fake.accept() for fake in self.fakes]
        for peer in peers:
            assert peer.read() == [(PacketType.OPTION_REQ, (b"verbose",))]
            self.assert_waits(done)
            peer.send(PacketType.OPTION_RES, b"verbose")
        assert self.successResultOf(done) is None
        peers[0].lose()
        self.advance(1)
        peer = self.fakes[0].take()
        assert [arguments for _, arguments in peer.read()] == [(b"exceptions",), (b"verbose",)]

    def test_an_option_that_is_set_already(self) -> None:
        """It is asked for again, and once in the greeting."""
        client, peer = self.connected()
        done = client.set_option(b"exceptions")
        peer.send(PacketType.OPTION_RES, b"exceptions")
        assert self.successResultOf(done) is None
        peer.lose()
        self.advance(1)
        self.fakes[0].accept()

    def test_an_option_that_a_server_does_not_know(self) -> None:
        """It is refused, and not asked for again."""
        client, peer = self.connected()
        done = client.set_option(b"quiet")
        peer.send(PacketType.ERROR, b"UNKNOWN_OPTION", b"")
        self.failure_of(done, Refused)
        peer.lose()
        self.advance(1)
        self.fakes[0].accept()

"""Lost servers: which tasks move, fail or are tried again, and reconnecting."""

from __future__ import annotations

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IProtocol

from gearman_tx.client import Task
from gearman_tx.client.router import MOST_DOUBTS
from gearman_tx.errors import ConnectionLost, JobFailed, NoServer, Refused
from gearman_tx.wire import PacketType, response
from tests.client.client_case import ClientCase
from tests.client.fake_server import Peer


def functions(peer: Peer) -> list[bytes]:
    """Return the functions of the submissions that the client sent since the last call."""
    return [arguments[0] for _, arguments in peer.read()]


class LostBeforeAcceptanceTests(ClientCase):
    """A submission that no server has answered moves."""

    def test_it_goes_to_the_next_server(self) -> None:
        """The order of submission is kept, and the caller does not notice."""
        client = self.make_client(servers=2)
        first, second = client.submit("first", b""), client.submit("second", b"")
        peers = [fake.accept() for fake in self.fakes]
        assert functions(peers[0]) == [b"first", b"second"]
        assert functions(peers[1]) == []
        peers[0].lose()
        assert functions(peers[1]) == [b"first", b"second"]
        peers[1].create(b"H:1", b"H:2")
        assert self.successResultOf(first.accepted) == b"H:1"
        assert self.successResultOf(second.accepted) == b"H:2"

    def test_it_waits_for_the_only_server_to_come_back(self) -> None:
        """A restart of the server is invisible."""
        client, peer = self.connected()
        task = client.submit("f", b"x")
        peer.read()
        peer.lose()
        later = client.submit("later", b"x")
        self.advance(1)
        peer = self.fakes[0].accept()
        assert functions(peer) == [b"f", b"later"]
        peer.create(b"H:1", b"H:2")
        assert self.successResultOf(task.accepted) == b"H:1"
        assert self.successResultOf(later.accepted) == b"H:2"

    def test_a_server_that_cannot_be_reached_is_skipped(self) -> None:
        """A submission waits for the preferred server until it is known to be down."""
        client = self.make_client(servers=2)
        client.submit("f", b"x")
        spare = self.fakes[1].accept()
        assert functions(spare) == []
        self.fakes[0].refuse()
        assert functions(spare) == [b"f"]

    def test_a_server_that_comes_back_is_used_again(self) -> None:
        """Tasks submitted after its return go to the preferred server."""
        client = self.make_client(servers=2)
        client.submit("one", b"x")
        self.fakes[0].refuse()
        spare = self.fakes[1].accept()
        assert functions(spare) == [b"one"]
        self.advance(1)
        back = self.fakes[0].accept()
        client.submit("two", b"x")
        assert functions(back) == [b"two"]
        assert functions(spare) == []

    def test_a_submission_over_which_servers_are_lost_fails_in_the_end(self) -> None:
        """The task that was to be answered next fails; those behind it do not."""
        client, peer = self.connected()
        poison = client.submit("poison", b"x")
        other = client.submit("other", b"x")
        for _ in range(MOST_DOUBTS + 1):
            assert not poison.is_done
            assert functions(peer) == [b"poison", b"other"]
            peer.lose()
            self.advance(2)
            peer = self.fakes[0].accept()
        assert functions(peer) == [b"other"]
        error = self.failure_of(poison.accepted, ConnectionLost)
        assert str(error).startswith("4 connections were lost when this was to be answered next")
        peer.create(b"H:1")
        assert self.successResultOf(other.accepted) == b"H:1"

    def test_a_server_that_hangs_up_before_the_greeting_is_sent_nothing(self) -> None:
        """A proxy without a server behind it costs no submission a try."""
        client = self.make_client(accept_timeout=None)
        task = client.submit("f", b"x")
        for _ in range(MOST_DOUBTS + 3):
            peer = self.fakes[0].take()
            assert peer.read_types() == ["OPTION_REQ"]
            peer.lose()
            self.advance(40)
        assert functions(self.fakes[0].accept()) == [b"f"]
        assert not task.is_done

    def test_a_second_connection_to_the_same_server_is_ignored(self) -> None:
        """A host may be connected at two addresses; losing the second connection does no harm."""
        client = self.make_client()
        client.connect()
        factory, _attempt = self.fakes[0].attempts[0]
        peer = self.fakes[0].accept()
        again: Deferred[IProtocol] = Deferred()
        self.fakes[0].attempts.append((factory, again))
        other = self.fakes[0].take()
        task = client.submit("f", b"x")
        other.protocol.abort()
        peer.read()
        peer.create(b"H:1")
        assert task.handle == b"H:1"

    def test_no_server_for_too_long(self) -> None:
        """A submission fails after its timeout; the error names the reason for every server."""
        client = self.make_client(servers=2, accept_timeout=5)
        early = client.submit("f", b"x")
        for fake in self.fakes:
            fake.refuse()
        self.advance(3)
        late = client.submit("f", b"x")
        assert not early.is_done
        self.advance(2)
        error = self.failure_of(early.result, NoServer)
        assert "no job server was up in 5 seconds: cannot connect to job server s0:" in str(error)
        assert "job server s1: nobody listens" in str(error)
        assert not late.is_done
        self.advance(3)
        self.failure_of(late.result, NoServer)

    def test_the_time_without_a_server_counts_from_the_first_loss(self) -> None:
        """A server that comes and goes does not restart the timeout."""
        client = self.make_client(accept_timeout=5)
        task = client.submit("f", b"x")
        other = client.submit("f", b"x")
        self.fakes[0].refuse()
        self.advance(3)
        self.fakes[0].accept().lose()
        self.advance(1)
        other.result.addErrback(lambda _: task.cancel())
        self.advance(1)
        assert task.is_done
        assert other.is_done

    def test_waiting_for_ever(self) -> None:
        """Without a limit, a submission waits until a server is there."""
        client = self.make_client(accept_timeout=None)
        task = client.submit("f", b"x")
        for _ in range(50):
            if self.fakes[0].is_tried:
                self.fakes[0].refuse()
            self.advance(30)
        assert functions(self.fakes[0].accept()) == [b"f"]
        assert not task.is_done

    def test_a_submission_keeps_the_deadline_of_its_first_loss(self) -> None:
        """It is the first to expire although it was stranded last."""
        client = self.make_client(accept_timeout=10, unanswered=1)
        first = client.submit("first", b"x").result
        self.fakes[0].refuse()
        self.advance(4)
        peer = self.fakes[0].accept()
        second = client.submit("second", b"x").result
        assert functions(peer) == [b"first"]
        peer.send(PacketType.ERROR, b"QUEUE_ERROR", b"Server is shutting down")
        self.advance(6)
        self.failure_of(first, NoServer)
        self.assert_waits(second)
        self.advance(4)
        self.failure_of(second, NoServer)

    def test_a_caller_that_is_told_of_one_end_may_cancel_others(self) -> None:
        """Tasks in every state: stranded, unanswered, accepted, sharing a job."""
        for state in ("stranded", "sent", "accepted", "shared"):
            client = self.make_client(accept_timeout=5)
            tasks = [client.submit("f", b"x") for _ in range(3)]
            ends = [task.result for task in tasks]

            def cancel_the_rest(_: object, tasks: list[Task[bytes]] = tasks) -> None:
                for task in tasks:
                    task.cancel()

            ends[0].addErrback(cancel_the_rest)
            if state == "stranded":
                self.fakes[0].refuse()
                self.advance(5)
            else:
                peer = self.fakes[0].accept()
                peer.read()
                if state == "accepted":
                    peer.create(b"H:1", b"H:2", b"H:3")
                elif state == "shared":
                    peer.create(b"H:1", b"H:1", b"H:1")
                    peer.send(PacketType.WORK_FAIL, b"H:1")
                peer.lose()
                if state == "sent":
                    client.close(wait=0)
                self.advance(1)
            self.successResultOf(ends[0])
            for end in ends[1:]:
                self.failure_of(end, CancelledError)

    def test_a_caller_that_is_told_of_a_result_may_cancel_who_shares_it(self) -> None:
        """The cancelled ones end once, without a result."""
        client, peer = self.connected()
        tasks = [client.submit("f", b"x", unique="u") for _ in range(2)]
        other = tasks[1].result
        tasks[0].result.addCallback(lambda _: tasks[1].cancel())
        peer.create(b"H:1", b"H:1")
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"done")
        self.failure_of(other, CancelledError)


class ShutDownTests(ClientCase):
    """A server that refuses submissions because it shuts down."""

    def refuse(self, peer: Peer) -> None:
        """Answer as our job server does while it ends gracefully."""
        peer.send(PacketType.ERROR, b"QUEUE_ERROR", b"Server is shutting down")

    def test_submissions_go_to_the_next_server(self) -> None:
        """It costs no retry; accepted jobs go on at that server."""
        client = self.make_client(servers=2)
        client.connect()
        peers = [fake.accept() for fake in self.fakes]
        running = self.submitted(client, peers[0], b"H:1")
        tasks = [client.submit("f", b"x") for _ in range(2)]
        peers[0].read()
        self.refuse(peers[0])
        assert functions(peers[1]) == [b"f"]
        self.refuse(peers[0])
        assert functions(peers[1]) == [b"f"]
        client.submit("later", b"x")
        assert functions(peers[1]) == [b"later"]
        peers[0].send(PacketType.WORK_COMPLETE, b"H:1", b"done")
        assert self.successResultOf(running.result) == b"done"
        assert not any(task.is_done for task in tasks)

    def test_submissions_wait_for_the_only_server_to_come_back(self) -> None:
        """A graceful restart of the only server is invisible."""
        client, peer = self.connected(unanswered=1)
        tasks = [client.submit("f", b"x") for _ in range(2)]
        self.refuse(peer)
        assert not any(task.is_done for task in tasks)
        peer.lose()
        self.advance(1)
        assert functions(self.fakes[0].accept()) == [b"f"]

    def test_a_server_that_never_goes(self) -> None:
        """The task fails after its time without a server; the error says why."""
        client, peer = self.connected(accept_timeout=5)
        result = client.submit("f", b"x").result
        self.refuse(peer)
        self.advance(5)
        assert "job server s0 shuts down" in str(self.failure_of(result, NoServer))


class LostAfterAcceptanceTests(ClientCase):
    """A task that was accepted by a server that is lost."""

    def test_it_is_reported(self) -> None:
        """``result`` fails with ConnectionLost; ``accepted`` had fired."""
        client = self.make_client(servers=2)
        task = client.submit("f", b"x")
        peers = [fake.accept() for fake in self.fakes]
        peers[0].read()
        peers[0].create(b"H:1")
        peers[0].send(PacketType.WORK_DATA, b"H:1", b"half")
        peers[0].lose()
        assert self.successResultOf(task.accepted) == b"H:1"
        error = self.failure_of(task.result, ConnectionLost)
        assert str(error) == "job server s0 was lost: the connection was closed"
        assert functions(peers[1]) == []

    def test_a_server_that_dies_in_the_middle_of_a_result(self) -> None:
        """The partial packet is dropped: the task is lost, or tried again from the beginning."""
        for retries in (0, 1):
            client = self.make_client(servers=2)
            task = client.submit("f", b"x", retries=retries)
            peers = [fake.accept() for fake in self.fakes]
            peers[0].read()
            peers[0].create(b"H:1")
            packet = response(PacketType.WORK_COMPLETE, b"H:1", b"the whole result")
            peers[0].send_bytes(packet[:-7])
            result = task.result
            self.assert_waits(result)
            peers[0].lose()
            if retries:
                assert functions(peers[1]) == [b"f"]
                peers[1].create(b"H:1")
                peers[1].send(PacketType.WORK_COMPLETE, b"H:1", b"another result")
                assert self.successResultOf(result) == b"another result"
            else:
                self.failure_of(result, ConnectionLost)

    def test_with_retries_it_is_submitted_again(self) -> None:
        """It calls ``on_retry``, goes to the next server and gets another handle."""
        errors: list[Exception] = []
        client = self.make_client(servers=2)
        task = client.submit("f", b"x", retries=1, on_retry=errors.append)
        peers = [fake.accept() for fake in self.fakes]
        peers[0].read()
        peers[0].create(b"H:1")
        peers[0].lose()
        assert functions(peers[1]) == [b"f"]
        peers[1].create(b"H:2")
        assert task.handle == b"H:2"
        assert self.successResultOf(task.accepted) == b"H:2"
        peers[1].send(PacketType.WORK_COMPLETE, b"H:2", b"done")
        assert self.successResultOf(task.result) == b"done"
        assert [type(error) for error in errors] == [ConnectionLost]

    def test_the_log_tells_of_a_loss_once(self) -> None:
        """One log line when a server is lost, and one when it cannot be connected again."""
        _client, peer = self.connected()

        def lose() -> None:
            peer.lose()
            for _ in range(5):
                self.advance(5)
                self.fakes[0].refuse()

        assert self.warnings(lose) == [
            "lost job server s0: the connection was closed",
            "cannot connect to job server s0: nobody listens; trying again",
        ]

    def test_the_log_tells_of_a_server_that_never_was_there(self) -> None:
        """One log line for the first attempt, and a count every thirty seconds."""
        self.make_client().connect().addErrback(lambda failure: failure.trap(NoServer))

        def refuse() -> None:
            for _ in range(3):
                self.fakes[0].refuse()
                self.advance(30)

        server = "cannot connect to job server s0: nobody listens"
        assert self.warnings(refuse) == [
            f"{server}; trying again",
            f"still {server}; 2 attempts in 30 seconds",
            f"still {server}; 3 attempts in 60 seconds",
        ]


class RetryTests(ClientCase):
    """Failed tries."""

    def test_a_failed_job_is_tried_as_often_as_was_asked(self) -> None:
        """Two retries are three tries; the last error is the one that is reported."""
        errors: list[str] = []
        client, peer = self.connected()
        task = client.submit(
            "f", b"x", retries=2, on_retry=lambda error: errors.append(type(error).__name__)
        )
        for number in range(3):
            assert peer.read() == [(PacketType.SUBMIT_JOB, (b"f", b"", b"x"))]
            peer.create(b"H:%d" % number)
            if number == 1:
                peer.send(PacketType.WORK_EXCEPTION, b"H:1", b"boom")
            else:
                peer.send(PacketType.WORK_FAIL, b"H:%d" % number)
        assert peer.read() == []
        assert errors == ["JobFailed", "JobException"]
        assert self.failure_of(task.result, JobFailed).handle == b"H:2"

    def test_a_refused_task_is_tried_at_another_server(self) -> None:
        """The server that refused it gets it again only if no other one is up."""
        client = self.make_client(servers=2)
        task = client.submit("f", b"x", retries=2)
        peers = [fake.accept() for fake in self.fakes]
        assert functions(peers[0]) == [b"f"]
        peers[0].send(PacketType.ERROR, b"QUEUE_ERROR", b"full")
        assert functions(peers[0]) == []
        assert functions(peers[1]) == [b"f"]
        peers[0].lose()
        peers[1].send(PacketType.ERROR, b"QUEUE_ERROR", b"full too")
        assert functions(peers[1]) == [b"f"]
        peers[1].send(PacketType.ERROR, b"QUEUE_ERROR", b"still full")
        assert str(self.failure_of(task.result, Refused)) == "QUEUE_ERROR: still full"

    def test_the_caller_may_stop_the_retries(self) -> None:
        """``on_retry`` may cancel the task; then it is not tried again."""
        client, peer = self.connected()
        task = client.submit("f", b"x", retries=9, on_retry=lambda _: task.cancel())
        peer.read()
        peer.create(b"H:1")
        peer.send(PacketType.WORK_FAIL, b"H:1")
        assert peer.read() == []
        assert task.is_done

    def test_a_task_that_is_lost_again_while_it_has_no_server(self) -> None:
        """A retry without a server waits for one like a new task."""
        client, peer = self.connected(accept_timeout=5)
        task = client.submit("f", b"x", retries=1)
        peer.read()
        peer.create(b"H:1")
        peer.lose()
        self.advance(4)
        assert not task.is_done
        self.advance(1)
        self.failure_of(task.result, NoServer)

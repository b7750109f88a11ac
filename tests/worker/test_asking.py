"""Asking for jobs: when, how many, with which packet; and servers that break the protocol."""

from __future__ import annotations

from gearman_tx.errors import ConnectionLost
from gearman_tx.link import LinkLimits
from gearman_tx.wire import PacketType, request
from tests.client.fake_server import Peer
from tests.worker.worker_case import WorkerCase

GRAB = (PacketType.GRAB_JOB_ALL, (b"",))
GRAB_UNIQ = (PacketType.GRAB_JOB_UNIQ, (b"",))
GRAB_PLAIN = (PacketType.GRAB_JOB, (b"",))
PRE_SLEEP = (PacketType.PRE_SLEEP, (b"",))


class GreetingTests(WorkerCase):
    """The first packets to a job server."""

    def test_name_functions_and_a_question(self) -> None:
        """The time limit is in milliseconds."""
        worker = self.make_worker(client_id="me", namespace="n.")
        worker.register("f", len)
        worker.register("g", len, timeout=1.5)
        worker.start()
        assert self.fakes[0].take().read() == [
            (PacketType.SET_CLIENT_ID, (b"me",)),
            (PacketType.CAN_DO, (b"n.f",)),
            (PacketType.CAN_DO_TIMEOUT, (b"n.g", b"1500")),
            GRAB,
        ]

    def test_every_server_hears_it_again(self) -> None:
        """After a loss the functions are announced on the new connection, old and new ones."""
        worker, _, peer = self.held()
        peer.send(PacketType.NO_JOB)
        peer.lose()
        worker.register("g", len)
        self.clock.advance(1)
        assert self.fakes[0].take().read() == [
            (PacketType.CAN_DO, (b"f",)),
            (PacketType.CAN_DO, (b"g",)),
            GRAB,
        ]


class GrabTests(WorkerCase):
    """Grab requests."""

    def test_no_job_means_sleep_and_noop_a_question(self) -> None:
        """NO_JOB is answered by PRE_SLEEP, NOOP by GRAB_JOB_ALL."""
        _, _, peer = self.held()
        peer.send(PacketType.NO_JOB)
        assert peer.read() == [PRE_SLEEP]
        peer.send(PacketType.NOOP)
        assert peer.read() == [GRAB]

    def test_a_worker_asks_for_as_many_jobs_as_it_can_run(self) -> None:
        """With two slots the second job is asked for, and the third is not."""
        _, held, peer = self.held(concurrency=2)
        self.assign(peer, b"H:1")
        assert peer.read() == [GRAB]
        self.assign(peer, b"H:2")
        assert peer.read() == []
        held.ends[1].callback(b"done")
        assert peer.read() == [(PacketType.WORK_COMPLETE, (b"H:2", b"done")), GRAB]

    def test_a_server_with_many_jobs_is_asked_for_many_at_a_time(self) -> None:
        """One grab request first, one more for each job; one again after NO_JOB."""
        _, held, peer = self.held(concurrency=4)
        self.assign(peer, b"H:1")
        assert peer.read() == [GRAB, GRAB]
        self.assign(peer, b"H:2")
        assert peer.read() == [GRAB]
        peer.send(PacketType.NO_JOB)
        held.ends[0].callback(b"done")
        assert peer.read_types() == ["WORK_COMPLETE"]
        peer.send(PacketType.NO_JOB)
        assert peer.read() == [PRE_SLEEP]
        peer.send(PacketType.NOOP)
        assert peer.read() == [GRAB]

    def test_a_job_may_come_between_two_answers_without_one(self) -> None:
        """The worker sleeps when all grab requests are answered, unless the last had a job."""
        _, held, peer = self.held(concurrency=3)
        self.assign(peer, b"H:1")
        assert peer.read() == [GRAB, GRAB]
        peer.send(PacketType.NO_JOB)
        self.assign(peer, b"H:2")
        assert [job.handle for job in held.jobs] == [b"H:1", b"H:2"]
        assert peer.read() == [GRAB]

    def test_noop_in_the_middle_of_a_job_is_remembered(self) -> None:
        """The server that sent NOOP is asked when the job is over; the other one is not."""
        worker = self.make_worker(servers=2)
        worker.start()
        peers = [fake.take() for fake in self.fakes]
        peers[0].read()
        peers[0].send(PacketType.NO_JOB)
        assert peers[1].read() == [GRAB]
        peers[1].send(PacketType.NO_JOB)
        peers[0].send(PacketType.NOOP)
        worker.register("f", lambda _: None, place="reactor")
        peers[0].read()
        self.assign(peers[0], b"H:1")
        peers[1].send(PacketType.NOOP)
        assert peers[0].read_types() == ["WORK_COMPLETE"]
        assert peers[1].read_types() == ["PRE_SLEEP", "CAN_DO", "GRAB_JOB_ALL"]

    def test_two_servers_take_turns(self) -> None:
        """With one slot, two servers full of jobs are asked one after the other."""
        worker = self.make_worker(servers=2)
        worker.register("f", lambda _: None, place="reactor")
        worker.start()
        peers = [fake.take() for fake in self.fakes]
        order = []
        for _ in range(6):
            (asked,) = [number for number, peer in enumerate(peers) if GRAB in peer.read()]
            order.append(asked)
            self.assign(peers[asked], b"H:%d" % len(order))
        assert order == [0, 1, 0, 1, 0, 1]

    def test_a_job_with_a_time_limit_is_followed_by_a_question_or_by_sleep(self) -> None:
        """The C server lets the clock of an ended job run on until it hears one of them."""
        worker = self.make_worker(servers=2)
        worker.register("f", lambda _: None, place="reactor", timeout=1)
        worker.start()
        peers = [fake.take() for fake in self.fakes]
        peers[0].read()
        self.assign(peers[0], b"H:1")
        assert peers[0].read_types() == ["WORK_COMPLETE", "PRE_SLEEP"]
        peers[1].send(PacketType.NO_JOB)
        assert peers[0].read() == [GRAB]
        self.assign(peers[0], b"H:2")
        assert peers[0].read_types() == ["WORK_COMPLETE", "GRAB_JOB_ALL"]

    def test_all_kinds_of_assignment_are_understood(self) -> None:
        """JOB_ASSIGN, _UNIQ and _ALL bring a job with their fields."""
        _, held, peer = self.held(concurrency=3, namespace="n.")
        peer.send(PacketType.JOB_ASSIGN, b"H:1", b"n.f", b"a\0b")
        peer.send(PacketType.JOB_ASSIGN_UNIQ, b"H:2", b"n.f", b"u", b"a\0b")
        peer.send(PacketType.JOB_ASSIGN_ALL, b"H:3", b"n.f", b"u", b"r", b"a\0b")
        seen = [(job.handle, job.function, job.unique, job.reducer) for job in held.jobs]
        assert seen == [
            (b"H:1", b"f", b"", b""),
            (b"H:2", b"f", b"u", b""),
            (b"H:3", b"f", b"u", b"r"),
        ]
        assert {job.workload for job in held.jobs} == {b"a\0b"}

    def test_starting_with_some_servers_up(self) -> None:
        """One of three servers is enough to work; another one is used when it comes."""
        worker = self.make_worker(servers=3)
        up = worker.start()
        self.fakes[0].refuse()
        self.assert_waits(up)
        peer = self.fakes[1].take()
        self.successResultOf(up)
        assert peer.read() == [GRAB]
        peer.send(PacketType.NO_JOB)
        self.clock.advance(1)
        assert self.fakes[0].take().read() == [GRAB]

    def test_all_servers_down(self) -> None:
        """``when_down`` fires when the last server is lost or cannot be connected, not before."""
        worker = self.make_worker(servers=2)
        down = worker.when_down()
        worker.start()
        peer = self.fakes[0].take()
        self.fakes[1].refuse()
        self.assert_waits(down)
        peer.lose()
        self.successResultOf(down)
        self.successResultOf(worker.when_down())
        self.clock.advance(1)
        self.fakes[0].take()
        self.assert_waits(worker.when_down())

    def test_the_deferred_of_start_can_be_cancelled(self) -> None:
        """Cancelling the Deferred of ``start`` ends nothing but the waiting."""
        worker = self.make_worker()
        up = worker.start()
        self.cancel(up)
        assert self.fakes[0].take().read() == [GRAB]
        self.successResultOf(worker.when_connected())


class OldServerTests(WorkerCase):
    """Servers that know fewer packets, or none."""

    def next_connection(self) -> Peer:
        """Wait for the worker to connect again."""
        for _ in range(10):
            self.clock.advance(1)
        return self.fakes[0].take()

    def test_an_unanswered_grab_request_is_replaced_by_an_older_packet(self) -> None:
        """A server that is silent for five seconds is asked again with an older packet."""
        _, held, peer = self.held()
        peer.send(PacketType.ERROR, b"server_error", b"no such command")
        for question in (GRAB_UNIQ, GRAB_PLAIN, GRAB, GRAB_UNIQ):
            assert not peer.transport.disconnecting
            for _ in range(5):
                self.clock.advance(1)
            assert peer.transport.disconnecting
            peer = self.next_connection()
            assert peer.read()[-1] == question
        self.assign(peer, b"H:1")
        assert [job.unique for job in held.jobs] == [b"u"]
        held.ends[0].callback(b"done")
        peer.lose()
        assert self.next_connection().read()[-1] == GRAB

    def test_a_server_that_disconnects_is_asked_with_an_older_packet(self) -> None:
        """A job of a server that knows only GRAB_JOB has no unique."""
        _, held, peer = self.held()
        peer.lose()
        peer = self.next_connection()
        assert peer.read()[-1] == GRAB_UNIQ
        peer.lose()
        peer = self.next_connection()
        assert peer.read()[-1] == GRAB_PLAIN
        peer.send(PacketType.JOB_ASSIGN, b"H:1", b"f", b"w")
        assert held.jobs[0].unique == b""

    def test_a_server_that_understood_once_is_not_doubted_after_a_loss(self) -> None:
        """Later connections lost before an answer prove nothing: jobs keep their uniques."""
        _, held, peer = self.held()
        peer.send(PacketType.NO_JOB)
        for _ in range(3):
            peer.lose()
            peer = self.next_connection()
            assert peer.read()[-1] == GRAB
        self.assign(peer, b"H:1")
        assert held.jobs[0].unique == b"u"

    def test_a_later_question_has_more_time(self) -> None:
        """A busy server keeps its connection for thirty seconds; then the next one is asked."""
        worker = self.make_worker(servers=2)
        worker.start()
        silent, other = [fake.take() for fake in self.fakes]
        silent.send(PacketType.NO_JOB)
        other.send(PacketType.NO_JOB)
        silent.send(PacketType.NOOP)
        silent.read()
        other.send(PacketType.NOOP)
        other.read()
        for _ in range(29):
            self.clock.advance(1)
            assert other.read() == []
        self.clock.advance(1)
        assert silent.transport.disconnecting
        assert other.read() == [GRAB]


class GarbageTests(WorkerCase):
    """Invalid packets end the connection, and only that."""

    def check(self, data: bytes) -> None:
        """Check that ``data`` in the middle of a job makes the worker drop the server."""
        worker, held, peer = self.held()
        self.assign(peer, b"H:1")
        peer.read()
        peer.send_bytes(data)
        assert peer.transport.disconnecting
        assert held.jobs[0].is_lost
        held.ends[0].callback(b"too late")
        assert peer.read() == []
        self.clock.advance(1)
        again = self.fakes[0].take()
        assert GRAB in again.read()
        assert worker.running == 0

    def test_another_magic(self) -> None:
        """Bytes of another protocol."""
        self.check(b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(100))

    def test_a_request(self) -> None:
        """A packet that goes the other way."""
        self.check(request(PacketType.GRAB_JOB))

    def test_a_packet_for_clients(self) -> None:
        """JOB_CREATED answers no packet of a worker."""
        self.check(b"\0RES\0\0\0\x08\0\0\0\x01x")

    def test_a_job_that_was_not_asked_for(self) -> None:
        """A worker never runs more jobs than it has slots."""
        self.check(b"\0RES\0\0\0\x0b\0\0\0\x05H\0f\0w")

    def test_an_answer_to_nothing(self) -> None:
        """NO_JOB without a grab request."""
        self.check(b"\0RES\0\0\0\x0a\0\0\0\0")

    def test_a_job_without_its_fields(self) -> None:
        """JOB_ASSIGN needs three."""
        _, _, peer = self.held()
        peer.send_bytes(b"\0RES\0\0\0\x0b\0\0\0\x03H\0f")
        assert peer.transport.disconnecting

    def test_a_job_of_a_function_that_was_not_offered(self) -> None:
        """The connection is dropped, so the job goes to another worker."""
        _, held, peer = self.held()
        self.assign(peer, b"H:1", b"g")
        assert peer.transport.disconnecting
        assert held.jobs == []

    def test_an_error_is_no_garbage(self) -> None:
        """The C server answers a late result with ERROR; the worker goes on."""
        _, _, peer = self.held()
        peer.send(PacketType.ERROR, b"JOB_NOT_FOUND", b"Job given in work result not found")
        assert not peer.transport.disconnecting


class LossTests(WorkerCase):
    """Connections that are lost while jobs run."""

    def test_the_result_of_a_lost_job_is_dropped(self) -> None:
        """It is not sent over the next connection either; the slot is free when it is done."""
        worker, held, peer = self.held()
        self.assign(peer, b"H:1")
        peer.lose(ConnectionLost())
        assert held.jobs[0].is_lost
        self.successResultOf(held.jobs[0].send_data(b"nobody hears it"))
        self.clock.advance(1)
        again = self.fakes[0].take()
        assert again.read_types() == ["CAN_DO"]
        held.ends[0].callback(b"done")
        assert again.read() == [GRAB]
        assert worker.running == 0

    def test_a_half_open_connection_is_found(self) -> None:
        """A server that is silent during a job is probed, and then dropped."""
        _, held, peer = self.held(link_limits=LinkLimits(heartbeat=5))
        self.assign(peer, b"H:1")
        peer.read()
        self.clock.advance(5)
        self.clock.advance(5)
        assert peer.read() == [(PacketType.ECHO_REQ, (b"gearman_tx heartbeat",))]
        peer.send(PacketType.ECHO_RES, b"gearman_tx heartbeat")
        for _ in range(3):
            self.clock.advance(5)
        assert held.jobs[0].is_lost
        assert peer.transport.disconnecting

    def test_same_handles_of_two_servers_are_two_jobs(self) -> None:
        """Each result goes to the server that gave the job."""
        worker = self.make_worker(servers=2, concurrency=2)
        worker.register("f", lambda job: job.workload, place="reactor")
        worker.start()
        peers = [fake.take() for fake in self.fakes]
        for number, peer in enumerate(peers):
            self.assign(peer, b"H:1", work=b"%d" % number)
        for number, peer in enumerate(peers):
            assert (PacketType.WORK_COMPLETE, (b"H:1", b"%d" % number)) in peer.read()

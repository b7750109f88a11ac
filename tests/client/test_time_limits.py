"""Timeouts: of one try, of the task, and of silent servers."""

from __future__ import annotations

from gearman_tx.client.connection import GREETING_TIMEOUT, REQUEST_TIMEOUT
from gearman_tx.errors import ConnectionLost, TimedOut
from gearman_tx.link.reconnecting import ATTEMPT_TIMEOUT
from gearman_tx.wire import PacketType
from tests.client.client_case import ClientCase


class TaskLimitTests(ClientCase):
    """``timeout`` and ``try_timeout``."""

    def test_a_task_that_is_not_accepted_in_time(self) -> None:
        """It fails with TimedOut in every state, and is not sent afterwards."""
        client = self.make_client()
        task = client.submit("f", b"x", timeout=5)
        accepted, result = task.accepted, task.result
        self.advance(5)
        for waiting in (accepted, result):
            error = self.failure_of(waiting, TimedOut)
            assert str(error) == "the task took more than 5 seconds"
        assert self.fakes[0].accept().read() == []

    def test_a_task_that_does_not_end_in_time(self) -> None:
        """``accepted`` has fired, ``result`` fails, the late result is dropped."""
        client, peer = self.connected()
        task = self.submitted(client, peer, b"H:1", timeout=5)
        result = task.result
        self.advance(5)
        self.failure_of(result, TimedOut)
        assert self.successResultOf(task.accepted) == b"H:1"
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"late")

    def test_a_task_that_ends_in_time_leaves_no_timer(self) -> None:
        """No timer is left."""
        client, peer = self.connected()
        task = self.submitted(client, peer, b"H:1", timeout=5, try_timeout=4)
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"done")
        assert self.successResultOf(task.result) == b"done"
        assert self.clock.getDelayedCalls() == []

    def test_a_try_that_takes_too_long_is_followed_by_another(self) -> None:
        """The late result of the first try is dropped, that of the second counts."""
        client, peer = self.connected()
        task = self.submitted(client, peer, b"H:1", try_timeout=5, retries=1)
        result = task.result
        self.advance(5)
        assert peer.read_types() == ["SUBMIT_JOB"]
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"first")
        self.assert_waits(result)
        peer.create(b"H:2")
        self.advance(4)
        peer.send(PacketType.WORK_COMPLETE, b"H:2", b"second")
        assert self.successResultOf(result) == b"second"

    def test_a_try_that_joins_its_own_job_gets_each_packet_once(self) -> None:
        """With a unique the second try joins the running job: the first try's copies vanish."""
        client, peer = self.connected()
        data: list[bytes] = []
        task = self.submitted(
            client, peer, b"H:1", unique="u", try_timeout=5, retries=1, on_data=data.append
        )
        self.advance(5)
        peer.read()
        peer.create(b"H:1")
        for piece in (b"a", b"a", b"b", b"b"):
            peer.send(PacketType.WORK_DATA, b"H:1", piece)
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"done")
        assert data == [b"a", b"b"]
        assert self.successResultOf(task.result) == b"done"

    def test_the_last_try_that_takes_too_long_fails_the_task(self) -> None:
        """Every try has its own timeout, besides that of the task."""
        client, peer = self.connected()
        task = client.submit("f", b"x", try_timeout=5, retries=2)
        result = task.result
        self.advance(14)
        self.assert_waits(result)
        self.advance(1)
        error = self.failure_of(result, TimedOut)
        assert str(error) == "a try took more than 5 seconds"
        assert peer.read_types() == ["SUBMIT_JOB"] * 3
        task = client.submit("f", b"x", try_timeout=5, retries=9, timeout=12)
        self.advance(12)
        assert "task took more than 12" in str(self.failure_of(task.result, TimedOut))

    def test_moving_to_another_server_is_the_same_try(self) -> None:
        """A loss before the acceptance does not restart the timeout."""
        client, peer = self.connected()
        task = client.submit("f", b"x", try_timeout=5)
        peer.read()
        self.advance(3)
        peer.lose()
        self.advance(1)
        self.fakes[0].accept()
        self.advance(1)
        self.failure_of(task.result, TimedOut)


class SilentServerTests(ClientCase):
    """Connected servers that stay silent."""

    def test_a_server_that_does_not_answer_the_greeting_is_down(self) -> None:
        """Submissions go to the next one after ten seconds."""
        client = self.make_client(servers=2)
        client.submit("f", b"x")
        silent, spare = self.fakes[0].take(), self.fakes[1].accept()
        assert silent.read_types() == ["OPTION_REQ"]
        self.advance(GREETING_TIMEOUT)
        assert silent.transport.disconnecting
        assert spare.read_types() == ["SUBMIT_JOB"]

    def test_a_server_that_went_silent_is_found_by_the_heartbeat(self) -> None:
        """Two to three intervals after its last packet, its tasks move or fail."""
        client = self.make_client(servers=2, heartbeat=15)
        client.connect()
        silent, spare = (fake.accept() for fake in self.fakes)
        result = self.submitted(client, silent, b"H:1").result
        waiting = client.submit("waiting", b"x")
        for _ in range(2):
            self.advance(15)
            spare.send(PacketType.ECHO_RES, b"gearman_tx heartbeat")
        assert silent.read_types() == ["SUBMIT_JOB", "ECHO_REQ"]
        self.assert_waits(result)
        self.advance(15)
        error = self.failure_of(result, ConnectionLost)
        assert "nothing was heard for more than 30 seconds" in str(error)
        assert "SUBMIT_JOB" in spare.read_types()
        assert not waiting.is_done

    def test_a_server_that_answers_the_heartbeat_is_kept(self) -> None:
        """It stays connected as long as it answers heartbeats."""
        client, peer = self.connected(heartbeat=15)
        result = client.submit("f", b"x").result
        peer.read()
        for _ in range(20):
            self.advance(15)
            for packet in peer.read():
                assert packet == (PacketType.ECHO_REQ, (b"gearman_tx heartbeat",))
                peer.send(PacketType.ECHO_RES, b"gearman_tx heartbeat")
        self.assert_waits(result)
        assert not peer.transport.disconnecting

    def test_an_attempt_to_connect_that_takes_for_ever(self) -> None:
        """The attempt is given up after half a minute, and another one is made."""
        client = self.make_client(servers=2)
        client.submit("f", b"x")
        spare = self.fakes[1].accept()
        self.advance(ATTEMPT_TIMEOUT)
        assert spare.read_types() == ["SUBMIT_JOB"]
        self.advance(1)
        assert self.fakes[0].is_tried

    def test_a_question_that_is_not_answered(self) -> None:
        """It fails with TimedOut; the answer that comes later is dropped."""
        client, peer = self.connected()
        asked = client.status("H:1")
        peer.read()
        self.advance(REQUEST_TIMEOUT)
        error = self.failure_of(asked, TimedOut)
        assert str(error) == "job server s0 did not answer in 30 seconds"
        peer.send(PacketType.STATUS_RES, b"H:1", b"1", b"1", b"0", b"0")
        assert not peer.transport.disconnecting

"""Cancelling: an unsent task is never sent; packets about a sent one are dropped."""

from __future__ import annotations

from twisted.internet.defer import CancelledError

from gearman_tx.wire import PacketType
from tests.client.client_case import ClientCase


class CancellingTests(ClientCase):
    """``task.cancel()``, and cancelling a Deferred of the task."""

    def test_a_task_that_waits_for_a_server_is_never_sent(self) -> None:
        """Before the connection is made, and while all servers are down."""
        client = self.make_client()
        early, kept = client.submit("early", b""), client.submit("kept", b"")
        early.cancel()
        self.failure_of(early.result, CancelledError)
        self.fakes[0].refuse()
        stranded = client.submit("stranded", b"")
        stranded.cancel()
        self.failure_of(stranded.accepted, CancelledError)
        self.advance(1)
        peer = self.fakes[0].accept()
        assert [arguments[0] for _, arguments in peer.read()] == [b"kept"]
        kept.cancel()

    def test_the_answers_to_a_cancelled_task_are_ignored(self) -> None:
        """Its JOB_CREATED or ERROR is not taken for the answer to the next task."""
        client, peer = self.connected()
        for answer in ("created", "refused", "background"):
            cancelled = client.submit("f", b"x", background=answer == "background")
            other = client.submit("f", b"x")
            peer.read()
            cancelled.cancel()
            if answer == "refused":
                peer.send(PacketType.ERROR, b"QUEUE_ERROR", b"")
            else:
                peer.create(b"H:1")
            peer.create(b"H:2")
            for packet_type in (PacketType.WORK_FAIL, PacketType.WORK_EXCEPTION):
                peer.send(packet_type, b"H:1", *[b""] * (packet_type != PacketType.WORK_FAIL))
            peer.send(PacketType.WORK_COMPLETE, b"H:1", b"ignored")
            peer.send(PacketType.WORK_COMPLETE, b"H:2", b"mine")
            assert self.successResultOf(other.result) == b"mine"

    def test_cancelled_tasks_take_every_last_packet(self) -> None:
        """A task that was cancelled while it ran may still complete, fail or raise."""
        client, peer = self.connected()
        for packet_type, arguments in (
            (PacketType.WORK_COMPLETE, (b"done",)),
            (PacketType.WORK_FAIL, ()),
            (PacketType.WORK_EXCEPTION, (b"boom",)),
        ):
            task = self.submitted(client, peer, b"H:1")
            task.cancel()
            peer.send(packet_type, b"H:1", *arguments)
            self.failure_of(task.result, CancelledError)
        assert not peer.transport.disconnecting

    def test_cancelling_one_deferred_cancels_the_task(self) -> None:
        """Every other Deferred of the task fails too."""
        client, peer = self.connected()
        for name in ("accepted", "result"):
            task = client.submit("f", b"x")
            accepted, result = task.accepted, task.result
            getattr(task, name).addErrback(lambda failure: failure.trap(CancelledError))
            {"accepted": accepted, "result": result}[name].cancel()
            for waiting in (accepted, result):
                self.failure_of(waiting, CancelledError)
            assert task.is_done
            peer.create(b"H:1")

    def test_cancelling_what_is_done_does_nothing(self) -> None:
        """The result stays."""
        client, peer = self.connected()
        task = self.submitted(client, peer, b"H:1")
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"done")
        task.cancel()
        assert self.successResultOf(task.result) == b"done"

    def test_a_cancelled_task_is_not_logged(self) -> None:
        """A cancelled task is not logged as a failure."""
        client, _peer = self.connected()
        assert self.warnings(lambda: client.submit("f", b"x").cancel()) == []

    def test_a_task_may_be_cancelled_when_it_is_told_the_handle(self) -> None:
        """A callback of ``accepted`` that cancels leaves nothing behind."""
        client, peer = self.connected()
        task = client.submit("f", b"x")
        result = task.result
        task.accepted.addCallback(lambda _: task.cancel())
        peer.create(b"H:1")
        self.failure_of(result, CancelledError)
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"")

    def test_a_background_task_is_done_before_anybody_is_told(self) -> None:
        """So a callback of ``accepted`` cannot cancel it any more."""
        client, peer = self.connected()
        task = client.submit("f", b"x", background=True)
        result = task.result
        task.accepted.addCallback(lambda _: task.cancel())
        peer.create(b"H:1")
        assert self.successResultOf(result) == b"H:1"

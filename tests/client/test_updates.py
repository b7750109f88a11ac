"""Updates: by iteration and by callback, in order, each once, within limits."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from gearman_tx.client import Data, Status, Task, Update, Warning  # noqa: A004  # the public name
from gearman_tx.client.update_stream import MOST_KEPT, MOST_KEPT_BYTES
from gearman_tx.errors import JobFailed
from gearman_tx.wire import PacketType
from tests.client.client_case import ClientCase
from tests.client.fake_server import Peer


async def collect(task: Task[bytes]) -> list[Update]:
    """Return all updates of ``task``, once it has ended."""
    return [update async for update in task]


def send_updates(peer: Peer, handle: bytes) -> None:
    """Send one packet of each kind."""
    peer.send(PacketType.WORK_DATA, handle, b"one\0two")
    peer.send(PacketType.WORK_WARNING, handle, b"careful")
    peer.send(PacketType.WORK_STATUS, handle, b"1", b"2")


ALL_KINDS: list[Update] = [Data(b"one\0two"), Warning(b"careful"), Status(1, 2)]


class IterationTests(ClientCase):
    """``async for update in task``."""

    def test_updates_come_in_order_until_the_task_ends(self) -> None:
        """Data, warnings and status are values; the loop ends with the task."""
        client, peer = self.connected()
        task = self.submitted(client, peer, b"H:1")
        updates = Deferred.fromCoroutine(collect(task))
        send_updates(peer, b"H:1")
        self.assert_waits(updates)
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"done")
        assert self.successResultOf(updates) == ALL_KINDS

    def test_updates_that_came_before_the_loop_are_kept(self) -> None:
        """A loop may begin when the task has ended."""
        client, peer = self.connected()
        task = self.submitted(client, peer, b"H:1")
        send_updates(peer, b"H:1")
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"done")
        assert self.successResultOf(Deferred.fromCoroutine(collect(task))) == ALL_KINDS
        assert self.successResultOf(Deferred.fromCoroutine(collect(task))) == []

    def test_a_task_without_updates(self) -> None:
        """The loop over an ended task without updates ends at once."""
        client, peer = self.connected()
        task = self.submitted(client, peer, b"H:1")
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"done")
        assert self.successResultOf(Deferred.fromCoroutine(collect(task))) == []

    def test_the_loop_ends_when_the_task_fails(self) -> None:
        """The result fails; the loop only ends."""
        client, peer = self.connected()
        task = self.submitted(client, peer, b"H:1")
        updates = Deferred.fromCoroutine(collect(task))
        peer.send(PacketType.WORK_FAIL, b"H:1")
        assert self.successResultOf(updates) == []
        self.failure_of(task.result, JobFailed)

    def test_status_fractions(self) -> None:
        """A status is a fraction, unless the worker does not know how much there is to do."""
        assert Status(1, 4).fraction == 0.25
        assert Status(1, 0).fraction is None

    def test_status_that_is_no_number_counts_as_nothing(self) -> None:
        """Workers may send any bytes as numerator and denominator."""
        client, peer = self.connected()
        task = self.submitted(client, peer, b"H:1")
        peer.send(PacketType.WORK_STATUS, b"H:1", b"some", b"7.5")
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"")
        assert self.successResultOf(Deferred.fromCoroutine(collect(task))) == [Status(0, 7)]

    def test_two_loops_at_once_are_refused(self) -> None:
        """The second waiting loop raises; the first goes on."""
        client, peer = self.connected()
        task = self.submitted(client, peer, b"H:1")
        first = Deferred.fromCoroutine(collect(task))
        self.failure_of(Deferred.fromCoroutine(collect(task)), RuntimeError)
        send_updates(peer, b"H:1")
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"")
        assert self.successResultOf(first) == ALL_KINDS

    def test_a_loop_that_is_cancelled_leaves_the_task_alone(self) -> None:
        """Another loop gets what comes later."""
        client, peer = self.connected()
        task = self.submitted(client, peer, b"H:1")
        first = Deferred.fromCoroutine(collect(task))
        first.cancel()
        self.failure_of(first, CancelledError)
        send_updates(peer, b"H:1")
        second = Deferred.fromCoroutine(collect(task))
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"")
        assert self.successResultOf(second) == ALL_KINDS

    def test_a_task_without_a_reader_keeps_the_latest_updates(self) -> None:
        """Unread updates are limited in number and in bytes."""
        client, peer = self.connected()
        task = self.submitted(client, peer, b"H:1")
        for number in range(MOST_KEPT + 10):
            peer.send(PacketType.WORK_STATUS, b"H:1", b"%d" % number, b"0")
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"")
        updates = self.successResultOf(Deferred.fromCoroutine(collect(task)))
        assert updates == [Status(number, 0) for number in range(10, MOST_KEPT + 10)]
        task = self.submitted(client, peer, b"H:2")
        for _ in range(5):
            peer.send(PacketType.WORK_DATA, b"H:2", bytes(MOST_KEPT_BYTES // 3))
        peer.send(PacketType.WORK_COMPLETE, b"H:2", b"")
        assert len(self.successResultOf(Deferred.fromCoroutine(collect(task)))) == 3

    def test_a_loop_that_has_begun_misses_nothing(self) -> None:
        """There is no limit once the caller iterates."""
        client, peer = self.connected()
        task = self.submitted(client, peer, b"H:1")
        aiter(task)
        for _ in range(5):
            peer.send(PacketType.WORK_DATA, b"H:1", bytes(MOST_KEPT_BYTES // 3))
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"")
        assert len(self.successResultOf(Deferred.fromCoroutine(collect(task)))) == 5


class CallbackTests(ClientCase):
    """``on_data``, ``on_warning`` and ``on_status``."""

    def test_callbacks_are_called_with_what_came(self) -> None:
        """Each packet calls its callback, before the result fires."""
        client, peer = self.connected()
        calls: list[Any] = []
        task = self.submitted(
            client,
            peer,
            b"H:1",
            on_data=lambda data: calls.append(("data", data)),
            on_warning=lambda data: calls.append(("warning", data)),
            on_status=lambda *numbers: calls.append(("status", *numbers)),
        )
        task.result.addCallback(calls.append)
        send_updates(peer, b"H:1")
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"done")
        assert calls == [
            ("data", b"one\0two"),
            ("warning", b"careful"),
            ("status", 1, 2),
            b"done",
        ]

    def test_callbacks_and_a_loop_go_together(self) -> None:
        """Updates that called a callback are given to a loop that had begun."""
        client, peer = self.connected()
        calls: list[bytes] = []
        task = self.submitted(client, peer, b"H:1", on_data=calls.append)
        peer.send(PacketType.WORK_DATA, b"H:1", b"early")
        updates = Deferred.fromCoroutine(collect(task))
        peer.send(PacketType.WORK_DATA, b"H:1", b"late")
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"")
        assert calls == [b"early", b"late"]
        assert self.successResultOf(updates) == [Data(b"late")]

    def test_a_callback_that_fails_is_logged_and_does_no_harm(self) -> None:
        """The task goes on and gets its result."""
        client, peer = self.connected()

        def fail(data: bytes) -> None:
            raise ZeroDivisionError(data)

        task = self.submitted(client, peer, b"H:1", on_data=fail)
        peer.send(PacketType.WORK_DATA, b"H:1", b"x")
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"done")
        assert self.successResultOf(task.result) == b"done"
        assert self.logged_errors(ZeroDivisionError) == 1

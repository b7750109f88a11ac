"""Several tasks of one connection share a job: one copy of each packet for each task."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from gearman_tx.client import Data, Task
from gearman_tx.errors import JobException, JobFailed
from gearman_tx.wire import PacketType
from tests.client.client_case import ClientCase
from tests.client.fake_server import Peer
from tests.client.test_updates import collect


class SharedHandleTests(ClientCase):
    """The server joins submissions with one unique and sends each packet once for each."""

    def share(self, count: int) -> tuple[Peer, list[Task[bytes]]]:
        """Return tasks which share the handle ``H:1``."""
        client, peer = self.connected()
        tasks = [client.submit("f", b"x", unique="u") for _ in range(count)]
        peer.read()
        peer.create(*[b"H:1"] * count)
        return peer, tasks

    def updates(self, task: Task[bytes]) -> list[bytes]:
        """Return the data that ``task`` got, which has ended."""
        updates = self.successResultOf(Deferred.fromCoroutine(collect(task)))
        return [update.data for update in updates if isinstance(update, Data)]

    def test_each_task_gets_each_packet_once(self) -> None:
        """Three tasks, three copies of each packet: every task sees a, b and the result."""
        peer, tasks = self.share(3)
        for data in (b"a", b"b"):
            for _ in tasks:
                peer.send(PacketType.WORK_DATA, b"H:1", data)
        for _ in tasks:
            peer.send(PacketType.WORK_COMPLETE, b"H:1", b"done")
        assert [self.successResultOf(task.result) for task in tasks] == [b"done"] * 3
        assert [self.updates(task) for task in tasks] == [[b"a", b"b"]] * 3

    def test_a_task_that_joins_later_gets_what_comes_later(self) -> None:
        """What was sent before JOB_CREATED was for the others."""
        client, peer = self.connected()
        first = self.submitted(client, peer, b"H:1", unique="u")
        peer.send(PacketType.WORK_DATA, b"H:1", b"a")
        second = self.submitted(client, peer, b"H:1", unique="u")
        for _ in range(2):
            peer.send(PacketType.WORK_DATA, b"H:1", b"b")
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"")
        assert self.updates(first) == [b"a", b"b"]
        assert self.updates(second) == [b"b"]

    def test_the_first_last_packet_ends_all(self) -> None:
        """With a server that sends only one copy, all tasks end; further copies are ignored."""
        for packet_type, arguments, error in (
            (PacketType.WORK_FAIL, (), JobFailed),
            (PacketType.WORK_EXCEPTION, (b"boom",), JobException),
        ):
            peer, tasks = self.share(2)
            for _ in range(2):
                peer.send(packet_type, b"H:1", *arguments)
            for task in tasks:
                self.failure_of(task.result, error)

    def test_a_cancelled_task_still_takes_its_copies(self) -> None:
        """The server does not know that a task was cancelled; the others see nothing twice."""
        peer, tasks = self.share(3)
        tasks[1].cancel()
        for data in (b"a", b"b"):
            for packet_type in (PacketType.WORK_DATA, PacketType.WORK_WARNING):
                for _ in tasks:
                    peer.send(packet_type, b"H:1", data)
            for _ in tasks:
                peer.send(PacketType.WORK_STATUS, b"H:1", b"1", b"2")
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"done")
        assert [self.updates(task) for task in (tasks[0], tasks[2])] == [[b"a", b"b"]] * 2

    def test_a_task_cancelled_before_it_was_accepted_takes_its_copies(self) -> None:
        """Its JOB_CREATED is still to come, and its place among the sharing tasks is kept."""
        client, peer = self.connected()
        first = client.submit("f", b"x", unique="u")
        second = client.submit("f", b"x", unique="u")
        peer.read()
        first.cancel()
        peer.create(b"H:1", b"H:1")
        for data in (b"a", b"a", b"b", b"b"):
            peer.send(PacketType.WORK_DATA, b"H:1", data)
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"done")
        assert self.updates(second) == [b"a", b"b"]

    def test_background_tasks_share_nothing(self) -> None:
        """A background task that joins gets no copies, so none is kept for it."""
        client, peer = self.connected()
        first = self.submitted(client, peer, b"H:1", unique="u")
        self.submitted(client, peer, b"H:1", unique="u", background=True)
        for data in (b"a", b"b"):
            peer.send(PacketType.WORK_DATA, b"H:1", data)
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"")
        assert self.updates(first) == [b"a", b"b"]

"""Back-pressure: the client limits the submissions that a server has not answered."""

from __future__ import annotations

from gearman_tx.client.connection import WINDOW_BYTES
from gearman_tx.wire import PacketType
from tests.client.client_case import ClientCase


class WindowTests(ClientCase):
    """The submissions that one server has not answered."""

    def test_submissions_wait_for_answers(self) -> None:
        """With room for two, the third is sent after any answer to the first."""
        client, peer = self.connected(unanswered=2)
        tasks = [client.submit("f", b"%d" % number) for number in range(5)]
        assert len(peer.read()) == 2
        peer.create(b"H:0")
        assert len(peer.read()) == 1
        peer.send(PacketType.ERROR, b"QUEUE_ERROR", b"")
        assert len(peer.read()) == 1
        tasks[2].cancel()
        assert len(peer.read()) == 0
        tasks[4].cancel()
        peer.create(b"H:2", b"H:3")
        assert len(peer.read()) == 0
        tasks[1].result.addErrback(lambda _: None)
        assert [task.handle for task in tasks] == [b"H:0", None, None, b"H:3", None]

    def test_large_workloads_count_by_their_bytes(self) -> None:
        """One may always be sent, however large; no more above the limit."""
        client, peer = self.connected()
        workload = bytes(WINDOW_BYTES // 2)
        for size in (2, 1, 1, 1):
            client.submit("f", workload * size)
        assert len(peer.read()) == 1
        peer.create(b"H:0")
        assert len(peer.read()) == 2
        peer.create(b"H:1")
        assert len(peer.read()) == 1

    def test_what_waits_for_room_moves_with_the_rest(self) -> None:
        """When the server is lost, the order of submission is kept."""
        client = self.make_client(servers=2, unanswered=2)
        for number in range(4):
            client.submit("f", b"%d" % number)
        peers = [fake.accept() for fake in self.fakes]
        assert len(peers[0].read()) == 2
        peers[0].lose()
        assert [arguments[-1] for _, arguments in peers[1].read()] == [b"0", b"1"]
        peers[1].create(b"H:0", b"H:1")
        assert [arguments[-1] for _, arguments in peers[1].read()] == [b"2", b"3"]

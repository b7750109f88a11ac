"""Rests of a client that waits for many jobs: later and larger reads."""

from __future__ import annotations

from typing import Any

from typing_extensions import override

from gearman_tx.client import Task
from gearman_tx.client.lazy_reading import LONGEST_REST, MANY_JOBS, SMALL_READ
from gearman_tx.wire import PacketType, response
from tests.client.client_case import ClientCase
from tests.client.fake_server import FakeTransport, Peer


class WatchedTransport(FakeTransport):
    """A transport that remembers whether it is read."""

    is_read = True

    @override
    def pauseProducing(self) -> None:
        """Twisted: read no more."""
        assert self.is_read, "it is paused already"
        self.is_read = False

    @override
    def resumeProducing(self) -> None:
        """Twisted: read again."""
        assert not self.is_read, "it is read already"
        self.is_read = True


class LazyReadingTests(ClientCase):
    """One connection with many jobs or few."""

    def under_way(self, count: int) -> tuple[Any, Peer, list[Task[bytes]]]:
        """Return a client, its server and ``count`` tasks that are accepted as H:0, H:1 ..."""
        client, peer = self.connected()
        tasks = [client.submit("f", b"x") for _ in range(count)]
        peer.read()
        peer.create(*(b"H:%d" % number for number in range(count)))
        self.clock.advance(LONGEST_REST)
        transport: Any = peer.transport
        transport.__class__ = WatchedTransport
        return client, peer, tasks

    def complete(self, peer: Peer, number: int, size: int = 0) -> None:
        """End one job with a result of ``size`` bytes."""
        peer.send_bytes(response(PacketType.WORK_COMPLETE, b"H:%d" % number, bytes(size)))

    def test_with_many_jobs_a_small_read_is_followed_by_a_rest(self) -> None:
        """The result is delivered at once, and the connection is read again a moment later."""
        _, peer, tasks = self.under_way(MANY_JOBS + 1)
        self.complete(peer, 0)
        assert tasks[0].is_done
        assert not peer.transport.is_read
        self.clock.advance(LONGEST_REST)
        assert peer.transport.is_read

    def test_the_rest_grows_with_the_jobs_under_way(self) -> None:
        """Four microseconds for each, and five milliseconds at most."""
        for count, rest in ((MANY_JOBS, 0.001), (2 * MANY_JOBS, 0.002), (2000, 0.005)):
            _, peer, _ = self.under_way(count + 1)
            self.complete(peer, 0)
            self.clock.advance(rest * 0.99)
            assert not peer.transport.is_read
            self.clock.advance(rest * 0.02)
            assert peer.transport.is_read

    def test_with_few_jobs_there_is_none(self) -> None:
        """With few jobs the client reads each result at once."""
        _, peer, tasks = self.under_way(MANY_JOBS)
        self.complete(peer, 0)
        assert tasks[0].is_done
        assert peer.transport.is_read

    def test_after_a_large_read_there_is_none(self) -> None:
        """The reads of a busy client are large anyway."""
        _, peer, _ = self.under_way(MANY_JOBS + 1)
        self.complete(peer, 0, SMALL_READ)
        assert peer.transport.is_read

    def test_what_comes_during_a_rest_is_handled(self) -> None:
        """A transport with a buffer, such as TLS, may still deliver bytes."""
        _, peer, tasks = self.under_way(MANY_JOBS + 2)
        self.complete(peer, 0)
        self.complete(peer, 1)
        assert tasks[1].is_done
        self.clock.advance(LONGEST_REST)
        assert peer.transport.is_read

    def test_a_rest_ends_with_the_connection(self) -> None:
        """No timer is left, whichever side closes."""
        for is_ours in (True, False):
            client, peer, tasks = self.under_way(MANY_JOBS + 1)
            self.complete(peer, 0)
            if is_ours:
                peer.transport.__class__ = FakeTransport
                closed = client.close(wait=0)
                self.advance(3)
                self.successResultOf(closed)
            else:
                peer.lose()
                self.successResultOf(client.close(wait=0))
            assert all(task.is_done for task in tasks)
            for task in tasks[1:]:
                self.failure_of(task.result, Exception)
            assert self.clock.getDelayedCalls() == []

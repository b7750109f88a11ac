"""Batches: the window limits the tasks under way; results keep their order; any source works."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, ensureDeferred

from gearman_tx.client import Batch, Task
from gearman_tx.errors import JobFailed, LocalProtocolError, TooLarge
from gearman_tx.wire import PacketType, response
from tests.client.client_case import ClientCase
from tests.client.fake_server import Peer


class Source:
    """An asynchronous source that gives a workload when the test makes it."""

    def __init__(self) -> None:
        self.waiting: Deferred[bytes] | None = None

    def __aiter__(self) -> AsyncIterator[bytes]:
        """Return itself: it can be iterated over once."""
        return self

    async def __anext__(self) -> bytes:
        """Wait for :meth:`give`."""
        self.waiting = Deferred()
        return await self.waiting

    def is_asked(self) -> bool:
        """Whether a reader waits for a workload."""
        return self.waiting is not None and not self.waiting.called

    def give(self, workload: bytes) -> None:
        """Give one workload to the waiting reader."""
        assert self.waiting is not None, "no reader waits"
        self.waiting.callback(workload)

    def end(self, error: Exception | None = None) -> None:
        """End the source, with ``error`` or normally."""
        assert self.waiting is not None, "no reader waits"
        self.waiting.errback(error or StopAsyncIteration())


async def take(batch: Batch[bytes], count: int) -> list[Task[bytes]]:
    """Take ``count`` tasks out of ``batch``."""
    return [await anext(batch) for _ in range(count)]


def numbers(count: int) -> list[bytes]:
    """Return ``count`` different workloads."""
    return [b"%d" % number for number in range(count)]


class BatchTests(ClientCase):
    """``client.submit_many`` with an ordinary iterable."""

    def workloads(self, peer: Peer) -> list[bytes]:
        """Return the workloads that were submitted since the last call."""
        return [arguments[-1] for _, arguments in peer.read()]

    def finish(self, peer: Peer, number: int) -> None:
        """Accept one task as ``H:number`` and complete it with its number."""
        peer.create(b"H:%d" % number)
        peer.send(PacketType.WORK_COMPLETE, b"H:%d" % number, b"%d" % number)

    def test_awaiting_a_batch_gives_all_results_in_order(self) -> None:
        """Results keep the order of the workloads, in whatever order the jobs end."""
        client, peer = self.connected()
        results = client.submit_many("f", numbers(3)).results()
        assert self.workloads(peer) == numbers(3)
        peer.create(b"H:0", b"H:1", b"H:2")
        for number in (2, 0, 1):
            peer.send(PacketType.WORK_COMPLETE, b"H:%d" % number, b"r%d" % number)
        assert self.successResultOf(results) == [b"r0", b"r1", b"r2"]

    def test_await_is_the_same_as_results(self) -> None:
        """The results of background tasks are the handles."""
        client, peer = self.connected()

        async def wait() -> list[bytes]:
            return await client.submit_many("f", numbers(2), background=True)

        handles = ensureDeferred(wait())
        assert peer.read_types() == ["SUBMIT_JOB_BG"] * 2
        peer.create(b"H:0", b"H:1")
        assert self.successResultOf(handles) == [b"H:0", b"H:1"]

    def test_an_empty_source(self) -> None:
        """There are no results, and the client does not connect."""
        client = self.make_client()
        assert self.successResultOf(client.submit_many("f", []).results()) == []
        assert not self.fakes[0].is_tried

    def test_no_more_than_the_window_is_submitted(self) -> None:
        """A workload is read from the source when the caller has taken a task."""
        client, peer = self.connected()
        read: list[bytes] = []

        def source() -> Iterator[bytes]:
            for workload in numbers(10):
                read.append(workload)
                yield workload

        batch = client.submit_many("f", source(), window=3)
        taken = ensureDeferred(take(batch, 2))
        assert self.workloads(peer) == numbers(3)
        self.finish(peer, 0)
        assert self.workloads(peer) == [b"3"]
        self.finish(peer, 1)
        assert [task.workload for task in self.successResultOf(taken)] == [b"0", b"1"]
        for number in (2, 3):
            self.finish(peer, number)
        assert self.workloads(peer) == []
        assert read == numbers(4)

    def test_a_wide_window_is_filled_when_an_eighth_of_it_is_free(self) -> None:
        """One write carries many tasks; a window below 16 is filled at once."""
        client, peer = self.connected()
        taken = ensureDeferred(take(client.submit_many("f", numbers(40), window=24), 7))
        assert self.workloads(peer) == numbers(24)
        for number in (0, 1):
            self.finish(peer, number)
            assert self.workloads(peer) == []
        self.finish(peer, 2)
        assert self.workloads(peer) == [b"24", b"25", b"26"]
        self.assert_waits(taken)

    def test_the_caller_is_woken_once_for_a_read(self) -> None:
        """The caller goes on after all packets of one read are handled."""
        client, peer = self.connected()
        taken = ensureDeferred(take(client.submit_many("f", numbers(1)), 1))
        last = client.submit("f", b"last")
        was_done = taken.addCallback(lambda _: last.is_done)
        peer.read()
        peer.create(b"H:0", b"H:1")
        first, second = (
            response(PacketType.WORK_COMPLETE, handle, b"") for handle in (b"H:0", b"H:1")
        )
        peer.send_bytes(first + second)
        assert self.successResultOf(was_done)

    def test_in_the_order_of_their_ends(self) -> None:
        """With ``in_order=False`` a slow task does not hold up the others."""
        client, peer = self.connected()
        batch = client.submit_many("f", numbers(3), in_order=False)
        taken = ensureDeferred(take(batch, 2))
        peer.create(b"H:0", b"H:1", b"H:2")
        for number in (2, 1):
            peer.send(PacketType.WORK_COMPLETE, b"H:%d" % number, b"")
        assert [task.workload for task in self.successResultOf(taken)] == [b"2", b"1"]

    def test_a_failed_task_is_a_task_of_the_batch(self) -> None:
        """The loop goes on; awaiting the task raises."""
        client, peer = self.connected()
        taken = ensureDeferred(take(client.submit_many("f", numbers(2)), 2))
        peer.create(b"H:0", b"H:1")
        peer.send(PacketType.WORK_FAIL, b"H:0")
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"done")
        first, second = self.successResultOf(taken)
        self.failure_of(first.result, JobFailed)
        assert self.successResultOf(second.result) == b"done"

    def test_results_stop_at_the_first_failure(self) -> None:
        """Tasks under way are cancelled, and the source is not read any more."""
        client, peer = self.connected()
        results = client.submit_many("f", numbers(9), window=3).results()
        peer.read()
        peer.create(b"H:0", b"H:1", b"H:2")
        peer.send(PacketType.WORK_FAIL, b"H:0")
        self.failure_of(results, JobFailed)
        peer.send(PacketType.WORK_COMPLETE, b"H:1", b"late")
        assert len(peer.read()) <= 1

    def test_cancelling_the_results_cancels_the_tasks(self) -> None:
        """Nothing more is submitted."""
        client = self.make_client()
        results = client.submit_many("f", numbers(9)).results()
        results.cancel()
        self.failure_of(results, CancelledError)
        assert self.fakes[0].accept().read() == []

    def test_cancelling_leaves_what_has_ended(self) -> None:
        """A task that ended before the batch was cancelled keeps its result."""
        client, peer = self.connected()
        batch = client.submit_many("f", numbers(2))
        first = ensureDeferred(take(batch, 1))
        peer.create(b"H:0", b"H:1")
        for number in (1, 0):
            peer.send(PacketType.WORK_COMPLETE, b"H:%d" % number, b"done")
        self.successResultOf(first)
        batch.cancel()
        (second,) = self.successResultOf(ensureDeferred(take(batch, 1)))
        assert self.successResultOf(second.result) == b"done"

    def test_a_source_that_fails(self) -> None:
        """Its error comes after all the tasks before it."""
        client, peer = self.connected()

        def source() -> Iterator[bytes]:
            yield b"0"
            raise ZeroDivisionError

        batch = client.submit_many("f", source())
        taken = ensureDeferred(take(batch, 2))
        self.finish(peer, 0)
        self.failure_of(taken, ZeroDivisionError)
        self.failure_of(ensureDeferred(take(batch, 1)), StopAsyncIteration)

    def test_a_workload_that_cannot_be_submitted(self) -> None:
        """It ends the batch like a failing source."""
        client, peer = self.connected()
        mixed: list[Any] = [b"0", "text", b"2"]
        taken = ensureDeferred(take(client.submit_many("f", mixed), 2))
        self.finish(peer, 0)
        self.failure_of(taken, TypeError)
        assert peer.read_types() == ["SUBMIT_JOB"]

    def test_a_unique_for_each_workload(self) -> None:
        """A function makes it; a fixed one is the same for all."""
        client, peer = self.connected()
        client.submit_many("f", numbers(2), unique=lambda workload: b"u" + workload).results()
        assert [arguments[1] for _, arguments in peer.read()] == [b"u0", b"u1"]
        client.submit_many("f", numbers(2), unique="same").results()
        assert [arguments[1] for _, arguments in peer.read()] == [b"same"] * 2

    def test_two_loops_at_once_are_refused(self) -> None:
        """The second waiting loop raises."""
        client, _peer = self.connected()
        batch = client.submit_many("f", numbers(2))
        first = ensureDeferred(take(batch, 1))
        self.failure_of(ensureDeferred(take(batch, 1)), RuntimeError)
        self.assert_waits(first)

    def test_a_window_of_nothing_is_refused(self) -> None:
        """It would never submit anything."""
        with self.assertRaisesRegex(ValueError, "a window of 0 tasks is below 1"):
            self.make_client().submit_many("f", [], window=0)

    def test_options_are_those_of_a_single_task(self) -> None:
        """A workload that cannot be submitted ends the batch, after the tasks before it."""
        client, _peer = self.connected()
        batch = client.submit_many("f", numbers(1), at=1)
        self.failure_of(batch.results(), LocalProtocolError)

    def test_a_workload_that_is_too_large_ends_the_batch(self) -> None:
        """After the tasks before it; nothing of it is sent, and nothing behind it is read."""
        client, peer = self.connected(max_packet=100)
        source = iter([b"1", b"2", bytes(101), b"3"])
        results = client.submit_many("f", source).results()
        assert self.workloads(peer) == [b"1", b"2"]
        peer.create(b"H:1", b"H:2")
        for number in (1, 2):
            peer.send(PacketType.WORK_COMPLETE, b"H:%d" % number, b"done")
        assert self.failure_of(results, TooLarge).size == 104
        assert next(source) == b"3"
        assert peer.read() == []

    def test_each_task_has_its_own_time(self) -> None:
        """``timeout`` counts from the submission of each task."""
        client, _peer = self.connected()
        results = client.submit_many("f", numbers(1), timeout=5).results()
        self.advance(4)
        self.assert_waits(results)
        self.advance(1)
        self.failure_of(results, Exception)


class AsynchronousSourceTests(ClientCase):
    """``client.submit_many`` with an asynchronous iterable."""

    def test_a_slow_source_holds_no_result_up(self) -> None:
        """Ended tasks are given while the source is slow."""
        client, peer = self.connected()
        source = Source()
        batch = client.submit_many("f", source)
        taken = ensureDeferred(take(batch, 1))
        source.give(b"0")
        peer.create(b"H:0")
        peer.send(PacketType.WORK_COMPLETE, b"H:0", b"done")
        (task,) = self.successResultOf(taken)
        assert self.successResultOf(task.result) == b"done"
        end = ensureDeferred(take(batch, 1))
        self.assert_waits(end)
        source.end()
        self.failure_of(end, StopAsyncIteration)

    def test_the_window_bounds_the_reading(self) -> None:
        """The source is asked only while the window has room."""
        client, peer = self.connected()
        source = Source()
        batch = client.submit_many("f", source, window=2, background=True)
        taken = ensureDeferred(take(batch, 1))
        for workload in numbers(2):
            source.give(workload)
        assert not source.is_asked()
        peer.create(b"H:0")
        self.successResultOf(taken)
        again = ensureDeferred(take(batch, 1))
        assert source.is_asked()
        peer.create(b"H:1")
        self.successResultOf(again)

    def test_a_source_that_fails(self) -> None:
        """Its error comes after all the tasks before it."""
        client, peer = self.connected()
        source = Source()
        results = client.submit_many("f", source).results()
        source.give(b"0")
        source.end(ZeroDivisionError())
        self.assert_waits(results)
        peer.create(b"H:0")
        peer.send(PacketType.WORK_COMPLETE, b"H:0", b"")
        self.failure_of(results, ZeroDivisionError)

    def test_what_comes_after_the_end_is_not_submitted(self) -> None:
        """A workload that the source gives to a cancelled batch is dropped."""
        client, peer = self.connected()
        source = Source()
        results = client.submit_many("f", source).results()
        results.cancel()
        self.failure_of(results, CancelledError)
        source.give(b"0")
        assert peer.read() == []

"""Ends of a worker: drained, at once, by a limit; all waiting Deferreds fire."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from twisted.internet.defer import CancelledError, Deferred

from gearman_tx.wire import PacketType
from gearman_tx.worker import LifeLimits, WorkerJob
from tests.worker.worker_case import WorkerCase

GRAB = (PacketType.GRAB_JOB_ALL, (b"",))
COMPLETE = (PacketType.WORK_COMPLETE, (b"H:1", b"done"))


class StopTests(WorkerCase):
    """``stop`` finishes running jobs and takes no more."""

    def test_an_idle_worker_ends(self) -> None:
        """It closes its sleeping connection, and waiting Deferreds fire with the reason."""
        worker, _, peer = self.held()
        peer.send(PacketType.NO_JOB)
        waiting = worker.when_ended()
        ended = worker.stop("enough")
        self.assert_waits(ended)
        self.clock.advance(0)
        assert peer.transport.is_lost
        assert [self.successResultOf(one) for one in (waiting, ended)] == ["enough", "enough"]
        assert self.successResultOf(worker.when_ended()) == "enough"
        self.successResultOf(worker.when_connected())

    def test_a_job_is_finished(self) -> None:
        """The connection is closed after its result; no further job is asked for."""
        worker, held, peer = self.held()
        self.assign(peer, b"H:1")
        peer.read()
        ended = worker.stop()
        assert peer.read() == []
        held.ends[0].callback(b"done")
        assert peer.read() == [COMPLETE]
        self.clock.advance(0)
        assert self.successResultOf(ended) == "it was asked to stop"

    def test_a_job_on_its_way_is_taken(self) -> None:
        """Closing its connection would cost the job one of its tries."""
        worker, held, peer = self.held()
        ended = worker.stop()
        self.clock.advance(0)
        assert not peer.transport.disconnecting
        self.assign(peer, b"H:1")
        held.ends[0].callback(b"done")
        assert peer.read() == [COMPLETE]
        self.clock.advance(0)
        self.successResultOf(ended)

    def test_no_job_on_its_way_ends_it(self) -> None:
        """NO_JOB is not answered by PRE_SLEEP any more."""
        worker, _, peer = self.held()
        ended = worker.stop()
        peer.send(PacketType.NO_JOB)
        assert peer.read() == []
        self.clock.advance(0)
        self.successResultOf(ended)

    def test_a_silent_server_does_not_keep_it(self) -> None:
        """The worker waits for the answer to its grab request no longer than at other times."""
        worker, _, _ = self.held()
        ended = worker.stop()
        for _ in range(12):
            self.clock.advance(1)
        self.successResultOf(ended)

    def test_functions_without_jobs_are_taken_back(self) -> None:
        """A server does not wake a stopping worker; running jobs go on."""
        worker, held, peer = self.held(concurrency=2)
        worker.register("g", len)
        self.assign(peer, b"H:1")
        peer.send(PacketType.NO_JOB)
        peer.read()
        worker.stop()
        assert peer.read() == [(PacketType.CANT_DO, (b"g",))]
        peer.send(PacketType.NOOP)
        assert peer.read() == []
        held.ends[0].callback(b"done")
        assert peer.read() == [COMPLETE]

    def test_a_server_without_jobs_is_left_for_good(self) -> None:
        """It is not connected again while another server's job runs."""
        worker = self.make_worker(servers=3, concurrency=2)
        end: Deferred[bytes] = Deferred()
        worker.register("f", lambda _: end, place="reactor")
        worker.start()
        busy, idle = [fake.take() for fake in self.fakes[:2]]
        self.assign(busy, b"H:1")
        idle.send(PacketType.NO_JOB)
        busy.send(PacketType.NO_JOB)
        ended = worker.stop()
        for _ in range(60):
            self.clock.advance(1)
        assert idle.transport.is_lost
        assert not busy.transport.disconnecting
        assert [fake.is_tried for fake in self.fakes] == [False] * 3
        end.callback(b"done")
        self.clock.advance(0)
        self.clock.advance(0)
        self.successResultOf(ended)

    def test_a_lost_job_is_finished_too(self) -> None:
        """A function is finished although its result is dropped."""
        worker, held, peer = self.held()
        self.assign(peer, b"H:1")
        ended = worker.stop()
        peer.lose()
        self.clock.advance(5)
        self.assert_waits(ended)
        assert not self.fakes[0].is_tried
        held.ends[0].callback(b"done")
        self.successResultOf(ended)

    def test_stopping_before_the_start(self) -> None:
        """All waiting Deferreds fire, and it cannot be started any more."""
        worker = self.make_worker()
        waiting = worker.when_connected()
        self.successResultOf(worker.stop())
        self.successResultOf(waiting)
        with pytest.raises(RuntimeError, match="only once"):
            worker.start()

    def test_stopping_without_a_server(self) -> None:
        """A worker that never reached a server ends, and waits for no attempt."""
        worker = self.make_worker()
        up = worker.start()
        self.successResultOf(worker.stop())
        self.successResultOf(up)

    def test_it_starts_once(self) -> None:
        """A second start would run everything twice."""
        worker = self.make_worker()
        worker.start()
        with pytest.raises(RuntimeError, match="only once"):
            worker.start()

    def test_stopping_twice_changes_nothing(self) -> None:
        """The first reason stays."""
        worker, _, peer = self.held()
        self.assign(peer, b"H:1")
        first, second = worker.stop("first"), worker.stop("second")
        worker.give_back("third")
        self.clock.advance(0)
        assert self.successResultOf(first) == self.successResultOf(second) == "first"


class GiveBackTests(WorkerCase):
    """``give_back`` gives the jobs to other workers."""

    def test_connections_are_cut(self) -> None:
        """The servers lose the connections and assign the jobs again."""
        worker, held, peer = self.held()
        self.assign(peer, b"H:1")
        peer.read()
        ended = worker.give_back()
        assert held.jobs[0].is_lost
        assert peer.read() == []
        self.clock.advance(0)
        assert peer.transport.is_lost
        assert self.successResultOf(ended) == "it was asked to stop at once"

    def test_functions_of_the_reactor_are_cancelled(self) -> None:
        """They may clean up; nothing is logged about it."""
        tidied: list[WorkerJob] = []
        never: Deferred[None] = Deferred()

        async def call(job: WorkerJob) -> None:
            try:
                await never
            finally:
                tidied.append(job)

        worker = self.make_worker()
        worker.register("f", call)
        worker.start()
        peer = self.fakes[0].take()
        self.assign(peer, b"H:1")
        worker.give_back()
        self.clock.advance(0)
        assert [job.handle for job in tidied] == [b"H:1"]
        assert worker.running == 0

    def test_a_function_that_does_not_end_is_left(self) -> None:
        """A function that ignores the cancellation is left running."""
        endless: list[Deferred[Any]] = []

        async def call(_job: WorkerJob) -> None:
            for _ in range(2):
                endless.append(Deferred())
                with contextlib.suppress(CancelledError):
                    await endless[-1]

        worker = self.make_worker()
        worker.register("f", call)
        worker.start()
        self.assign(self.fakes[0].take(), b"H:1")
        ended = worker.give_back()
        self.clock.advance(0)
        self.successResultOf(ended)
        assert len(endless) == 2

    def test_giving_back_in_the_middle_of_a_stop(self) -> None:
        """The second signal ends the jobs that the first one waits for."""
        worker, _, peer = self.held()
        self.assign(peer, b"H:1")
        ended = worker.stop("first")
        self.clock.advance(100)
        self.assert_waits(ended)
        worker.give_back()
        self.clock.advance(0)
        assert self.successResultOf(ended) == "first"

    def test_a_connection_that_hangs_is_cut(self) -> None:
        """Two seconds later, whatever the transport does."""
        worker, _, peer = self.held()
        peer.transport.is_stuck = True
        ended = worker.give_back()
        self.clock.advance(2)
        self.clock.advance(0)
        self.successResultOf(ended)


class LimitTests(WorkerCase):
    """A worker ends by itself."""

    def test_after_so_many_jobs(self) -> None:
        """It never takes more, and finishes those that it has."""
        worker, held, peer = self.held(concurrency=5, limits=LifeLimits(jobs=2))
        self.assign(peer, b"H:1")
        peer.read()
        self.assign(peer, b"H:2")
        assert peer.read() == []
        assert worker.reason == "2 jobs were taken, as many as it may"
        held.ends[0].callback(b"done")
        assert peer.read() == [COMPLETE]
        held.ends[1].callback(b"done")
        self.clock.advance(0)
        self.clock.advance(0)
        self.successResultOf(worker.when_ended())

    def test_after_so_much_time(self) -> None:
        """Within a second; jobs are finished."""
        worker, held, peer = self.held(limits=LifeLimits(seconds=3))
        self.assign(peer, b"H:1")
        self.clock.advance(2)
        assert not worker.is_stopping
        self.clock.advance(1)
        self.clock.advance(1)
        assert worker.reason == "3 seconds have passed, the limit is 3"
        held.ends[0].callback(b"done")
        assert COMPLETE in peer.read()


class ServiceTests(WorkerCase):
    """A worker in a Twisted application."""

    def test_it_starts_and_drains_with_the_application(self) -> None:
        """``stopService`` waits for the jobs, for as long as they take."""
        worker = self.make_worker()
        end: Deferred[bytes] = Deferred()
        worker.register("f", lambda _: end, place="reactor")
        service = worker.service()
        service.startService()
        peer = self.fakes[0].take()
        peer.read()
        self.assign(peer, b"H:1")
        peer.read()
        stopped = service.stopService()
        self.clock.advance(1000)
        self.assert_waits(stopped)
        end.callback(b"done")
        assert peer.read() == [COMPLETE]
        self.clock.advance(0)
        assert self.successResultOf(stopped) == "the service was stopped"

    def test_its_patience_ends(self) -> None:
        """Then the jobs are given back."""
        worker, held, peer = self.held()
        service = worker.service(patience=10)
        self.assign(peer, b"H:1")
        stopped = service.stopService()
        self.clock.advance(9)
        self.assert_waits(stopped)
        self.clock.advance(1)
        self.clock.advance(0)
        self.successResultOf(stopped)
        assert held.jobs[0].is_lost

    def test_patience_is_not_needed(self) -> None:
        """A worker that ends in time leaves no call behind."""
        worker, _, peer = self.held()
        peer.send(PacketType.NO_JOB)
        stopped = worker.service(patience=10).stopService()
        self.clock.advance(0)
        self.successResultOf(stopped)
        assert self.clock.getDelayedCalls() == []
        self.successResultOf(worker.service(patience=10).stopService())

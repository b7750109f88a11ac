"""A job that a job server assigns while the worker still runs it: it is not run twice at once."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from gearman_tx.wire import PacketType
from gearman_tx.worker import Worker, WorkerFunction, WorkerJob
from gearman_tx.worker.processes import ProcessOverdue
from tests.client.fake_server import Peer
from tests.link.logs import watched_log
from tests.worker.worker_case import HeldFunction, WorkerCase

GRAB = (PacketType.GRAB_JOB_ALL, (b"",))


class HeldRunner(HeldFunction):
    """Holds plain functions instead of running them in threads or processes."""

    def run(self, _function: WorkerFunction, job: WorkerJob) -> Deferred[Any]:
        """Begin a job."""
        return self(job)

    def close(self) -> None:
        """End; nothing runs."""

    def kill(self) -> None:
        """End; nothing runs."""


class AgainTests(WorkerCase):
    """Jobs that come again."""

    def held_threads(self, **options: Any) -> tuple[Worker, HeldRunner, Peer]:
        """Return a started worker whose plain function ``f`` is held, and its only server."""
        runner = HeldRunner()
        self.clock.make_runner = lambda _threads: runner  # type: ignore[attr-defined]  # ours
        worker = self.make_worker(**{"concurrency": 2} | options)
        worker.register("f", lambda job: job.workload, timeout=1)
        worker.start()
        peer = self.fakes[0].take()
        peer.read()
        return worker, runner, peer

    def lose(self, peer: Peer) -> Peer:
        """Lose the connection and return the next one."""
        peer.lose()
        self.clock.advance(1)
        peer = self.fakes[0].take()
        peer.read()
        return peer

    def test_a_job_whose_time_is_up_goes_on(self) -> None:
        """It is the same job, takes one slot, and its result answers the new assignment."""
        worker, held, peer = self.held_threads()
        self.assign(peer, b"H:1")
        for _ in range(5):
            self.assign(peer, b"H:1")
        assert (len(held.jobs), worker.running, held.jobs[0].is_lost) == (1, 1, False)
        peer.read()
        held.jobs[0].send_status(1, 2)
        held.ends[0].callback(b"done")
        assert peer.read()[:2] == [
            (PacketType.WORK_STATUS, (b"H:1", b"1", b"2")),
            (PacketType.WORK_COMPLETE, (b"H:1", b"done")),
        ]
        assert worker.running == 0

    def test_other_jobs_are_run_beside_one_that_hangs(self) -> None:
        """A job that is assigned for the third time has not taken the last slot."""
        worker, held, peer = self.held_threads()
        for handle in (b"H:1", b"H:1", b"H:2", b"H:1"):
            self.assign(peer, handle)
        assert [job.handle for job in held.jobs] == [b"H:1", b"H:2"]
        assert worker.running == 2

    def test_it_is_logged_once(self) -> None:
        """The line names the job and how long it has been running."""
        _, _, peer = self.held_threads()
        self.assign(peer, b"H:1")
        self.clock.advance(3)
        with watched_log() as log:
            self.assign(peer, b"H:1")
            self.assign(peer, b"H:1")
        (line,) = log.warnings
        assert line.startswith("job server s0 assigned job H:1 of f (running for 3 s) again")

    def test_a_job_that_was_ended_runs_again(self) -> None:
        """Its process was ended, so the new assignment has no outcome yet; the slot is kept."""
        worker, held, peer = self.held_threads()
        self.assign(peer, b"H:1")
        self.assign(peer, b"H:1")
        peer.read()
        held.ends[0].errback(ProcessOverdue(1))
        assert (len(held.jobs), worker.running) == (2, 1)
        assert peer.read() == []
        held.ends[1].callback(b"done")
        assert peer.read()[0] == (PacketType.WORK_COMPLETE, (b"H:1", b"done"))

    def test_nothing_is_sent_about_a_job_that_was_ended(self) -> None:
        """Its slot is free, and the worker sleeps, so that the C server drops its timer."""
        worker, held, peer = self.held_threads(concurrency=1)
        self.assign(peer, b"H:1")
        peer.read()
        with watched_log() as log:
            held.ends[0].errback(ProcessOverdue(1))
        assert worker.running == 0
        assert peer.read() == [GRAB]
        (line,) = log.warnings
        assert line.startswith("job H:1 of f exceeded its limit of 1 s: its process was ended")

    def test_a_lost_thread_is_waited_for(self) -> None:
        """Its outcome is of no use: the function may have given up. Then the job runs again."""
        worker, held, peer = self.held_threads()
        self.assign(peer, b"H:1")
        peer = self.lose(peer)
        self.assign(peer, b"H:1")
        assert (len(held.jobs), worker.running) == (1, 1)
        peer.read()
        held.ends[0].callback(None)
        assert (len(held.jobs), worker.running) == (2, 1)
        assert [job.is_lost for job in held.jobs] == [True, False]
        assert peer.read() == []
        self.assign(peer, b"H:1")  # its time is up now, and it goes on
        held.ends[1].callback(b"done")
        assert peer.read()[-2:][0] == (PacketType.WORK_COMPLETE, (b"H:1", b"done"))
        assert worker.running == 0

    def test_a_job_that_waits_may_be_lost_and_come_again(self) -> None:
        """Only the newest assignment is run."""
        worker, held, peer = self.held_threads()
        self.assign(peer, b"H:1")
        for _ in range(2):
            peer = self.lose(peer)
            self.assign(peer, b"H:1")
            self.assign(peer, b"H:1")
        held.ends[0].callback(None)
        held.ends[1].callback(b"done")
        assert (PacketType.WORK_COMPLETE, (b"H:1", b"done")) in peer.read()
        assert (len(held.jobs), worker.running) == (2, 0)

    def test_a_job_that_waits_and_is_lost_is_not_run(self) -> None:
        """Nobody wants its result any more."""
        worker, held, peer = self.held_threads()
        self.assign(peer, b"H:1")
        peer = self.lose(peer)
        self.assign(peer, b"H:1")
        peer.lose()
        held.ends[0].callback(None)
        assert (len(held.jobs), worker.running) == (1, 0)

    def test_a_lost_function_in_the_reactor_is_cancelled(self) -> None:
        """The job need not wait for it."""
        worker, held, peer = self.held(concurrency=2)
        self.assign(peer, b"H:1")
        peer = self.lose(peer)
        self.assign(peer, b"H:1")
        assert held.ends[0].called
        assert (len(held.jobs), worker.running) == (2, 1)
        held.ends[1].callback(b"done")
        assert (PacketType.WORK_COMPLETE, (b"H:1", b"done")) in peer.read()

    def test_another_job_may_have_the_handle_of_a_lost_one(self) -> None:
        """A C server that was restarted counts from the beginning; its new job is run at once."""
        worker, held, peer = self.held_threads()
        self.assign(peer, b"H:1", work=b"old")
        peer = self.lose(peer)
        self.assign(peer, b"H:1", work=b"new")
        assert (len(held.jobs), worker.running) == (2, 2)
        held.ends[0].callback(b"old result")
        held.ends[1].callback(b"new result")
        ended = [body for kind, body in peer.read() if kind is PacketType.WORK_COMPLETE]
        assert ended == [(b"H:1", b"new result")]
        assert worker.running == 0

    def test_a_worker_that_stops_finishes_a_job_that_came_again(self) -> None:
        """It stays connected until the new assignment is answered."""
        worker, held, peer = self.held_threads()
        self.assign(peer, b"H:1")
        peer = self.lose(peer)
        self.assign(peer, b"H:1")
        peer.send(PacketType.NO_JOB)
        ended = worker.stop()
        held.ends[0].callback(None)
        self.assert_waits(ended)
        held.ends[1].callback(b"done")
        assert (PacketType.WORK_COMPLETE, (b"H:1", b"done")) in peer.read()
        self.successResultOf(ended)

    def test_a_worker_that_gives_its_jobs_back_runs_none_again(self) -> None:
        """The assignment that waits goes back, too."""
        worker, held, peer = self.held_threads()
        self.assign(peer, b"H:1")
        self.assign(peer, b"H:1")
        worker.give_back()
        self.clock.advance(0)
        assert (len(held.jobs), worker.running) == (1, 0)


class WaitingTests(WorkerCase):
    """A worker that stops and waits for jobs."""

    def test_it_says_which_jobs_it_waits_for(self) -> None:
        """At once, and every thirty seconds."""
        worker, held, peer = self.held()
        self.assign(peer, b"H:1")
        self.clock.advance(5)
        with watched_log() as log:
            worker.stop()
            for _ in range(61):
                self.clock.advance(1)
        assert log.warnings == [
            f"the worker waits for job H:1 of f (running for {seconds} s)"
            for seconds in (5, 35, 65)
        ]
        held.ends[0].callback(b"")
        assert worker.running == 0

    def test_only_some_of_many_are_named(self) -> None:
        """The line stays readable."""
        worker, _, peer = self.held(concurrency=20)
        for number in range(15):
            self.assign(peer, b"H:%d" % number)
        with watched_log() as log:
            worker.stop()
        (line,) = log.warnings
        assert line.count("of f") == 10
        assert line.endswith(" and 5 more")
        worker.give_back()

    def test_it_says_nothing_when_none_is_left(self) -> None:
        """An idle worker, or one that has reached its number of jobs."""
        worker, _, _ = self.held()
        with watched_log() as log:
            worker.stop()
        assert log.warnings == []

"""Pausing and resuming a worker, and lending it slots."""

from __future__ import annotations

from typing import Any

import pytest

from gearman_tx.wire import PacketType
from tests.worker.worker_case import WorkerCase

GRAB = (PacketType.GRAB_JOB_ALL, (b"",))
PRE_SLEEP = (PacketType.PRE_SLEEP, (b"",))


class PauseTests(WorkerCase):
    """``pause`` and ``resume``."""

    def test_a_running_job_goes_on_and_no_other_is_asked_for(self) -> None:
        """The result is sent during the pause; the next grab request after it."""
        worker, held, peer = self.held()
        self.assign(peer, b"H:1")
        worker.pause()
        assert worker.is_paused
        held.ends[0].callback(b"done")
        assert peer.read() == [(PacketType.WORK_COMPLETE, (b"H:1", b"done"))]
        worker.resume()
        assert (worker.is_paused, peer.read()) == (False, [GRAB])

    def test_noop_is_answered_after_the_pause(self) -> None:
        """A server that sends NOOP during the pause is asked when the worker resumes."""
        worker, _, peer = self.held()
        peer.send(PacketType.NO_JOB)
        assert peer.read() == [PRE_SLEEP]
        worker.pause()
        peer.send(PacketType.NOOP)
        assert peer.read() == []
        worker.resume()
        assert peer.read() == [GRAB]

    def test_a_sleeping_server_is_not_asked_by_resuming(self) -> None:
        """Without a NOOP there is nothing to ask for."""
        worker, _, peer = self.held()
        peer.send(PacketType.NO_JOB)
        peer.read()
        worker.pause()
        worker.resume()
        assert peer.read() == []

    def test_a_job_that_was_asked_for_is_run(self) -> None:
        """The grab request was sent before the pause, so its job cannot be refused."""
        worker, held, peer = self.held(concurrency=2)
        worker.pause()
        self.assign(peer, b"H:1")
        assert [job.handle for job in held.jobs] == [b"H:1"]
        assert worker.running == 1
        assert peer.read() == []

    def test_a_worker_may_be_paused_before_it_starts(self) -> None:
        """It connects and registers its functions, and asks for jobs when it resumes."""
        worker = self.make_worker()
        worker.register("f", len)
        worker.pause()
        worker.start()
        peer = self.fakes[0].take()
        assert peer.read_types() == ["CAN_DO"]
        worker.resume()
        assert peer.read() == [GRAB]

    def test_a_server_that_comes_back_is_not_asked(self) -> None:
        """A pause outlasts connections."""
        worker, _, peer = self.held()
        peer.send(PacketType.NO_JOB)
        worker.pause()
        peer.lose()
        self.clock.advance(1)
        again = self.fakes[0].take()
        assert again.read_types() == ["CAN_DO"]
        worker.resume()
        assert again.read() == [GRAB]

    def test_a_paused_worker_can_stop(self) -> None:
        """It finishes its running job and ends; resuming does not bring it back."""
        worker, held, peer = self.held()
        self.assign(peer, b"H:1")
        worker.pause()
        ended = worker.stop("enough")
        assert not worker.is_paused
        worker.resume()
        held.ends[0].callback(b"done")
        assert peer.read_types() == ["WORK_COMPLETE"]
        self.clock.advance(0)
        assert self.successResultOf(ended) == "enough"


class LentSlotTests(WorkerCase):
    """``lend_slot`` and ``return_slot``."""

    def test_a_lent_slot_takes_another_job(self) -> None:
        """A worker of one slot asks for a second job while the first one is unfinished."""
        worker, held, peer = self.held()
        self.assign(peer, b"H:1")
        assert peer.read() == []
        worker.lend_slot()
        assert worker.concurrency == 2
        assert peer.read() == [GRAB]
        self.assign(peer, b"H:2")
        worker.return_slot()
        assert (worker.concurrency, worker.running) == (1, 2)
        held.ends[0].callback(b"late")
        assert peer.read() == [(PacketType.WORK_COMPLETE, (b"H:1", b"late"))]
        held.ends[1].callback(b"done")
        assert peer.read() == [(PacketType.WORK_COMPLETE, (b"H:2", b"done")), GRAB]

    def test_a_paused_worker_does_not_use_it(self) -> None:
        """The pause is over first."""
        worker, _, peer = self.held()
        self.assign(peer, b"H:1")
        worker.pause()
        worker.lend_slot()
        assert peer.read() == []
        worker.resume()
        assert peer.read() == [GRAB]


class FunctionsTests(WorkerCase):
    """The view of the registered functions."""

    def test_the_functions_cannot_be_changed(self) -> None:
        """Functions are registered, not assigned."""
        worker = self.make_worker(namespace="n.")
        worker.register("f", len)
        assert list(worker.functions) == [b"n.f"]
        functions: Any = worker.functions
        with pytest.raises(TypeError):
            functions[b"g"] = functions[b"n.f"]

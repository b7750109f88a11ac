"""Functions that come and go while the worker runs."""

from __future__ import annotations

from gearman_tx.wire import PacketType
from tests.worker.worker_case import HeldFunction, WorkerCase

GRAB = (PacketType.GRAB_JOB_ALL, (b"",))
CANT_DO = (PacketType.CANT_DO, (b"f",))


class ComingTests(WorkerCase):
    """Functions that are registered late."""

    def test_a_sleeping_worker_asks_at_once(self) -> None:
        """The server sends no NOOP for jobs that waited for the function."""
        worker, _, peer = self.held()
        peer.send(PacketType.NO_JOB)
        peer.read()
        worker.register("g", len)
        assert peer.read() == [(PacketType.CAN_DO, (b"g",)), GRAB]

    def test_another_function_under_the_same_name_is_not_announced_again(self) -> None:
        """The C server would count it twice; another time limit must be announced."""
        worker, _, peer = self.held()
        worker.register("f", lambda _: b"new", place="reactor")
        assert peer.read() == []
        worker.register("f", lambda _: b"newer", place="reactor", timeout=2)
        assert peer.read() == [(PacketType.CAN_DO_TIMEOUT, (b"f", b"2000"))]
        self.assign(peer, b"H:1")
        assert (PacketType.WORK_COMPLETE, (b"H:1", b"newer")) in peer.read()

    def test_a_closing_connection_is_told_nothing(self) -> None:
        """A function registered while a connection closes is announced on the next one."""
        worker, _, peer = self.held()
        peer.protocol.abort()
        worker.register("g", len)
        assert peer.read() == []


class GoingTests(WorkerCase):
    """Functions that are withdrawn."""

    def test_an_idle_function_goes_at_once(self) -> None:
        """CANT_DO is sent; a later job of the function ends the connection."""
        worker, _, peer = self.held()
        peer.send(PacketType.NO_JOB)
        peer.read()
        worker.unregister("f")
        assert peer.read() == [CANT_DO]
        assert worker.functions == {}

    def test_a_job_on_its_way_is_run(self) -> None:
        """CANT_DO waits for the answer to the grab request, and for the end of its job."""
        worker, held, peer = self.held()
        worker.unregister("f")
        assert peer.read() == []
        self.assign(peer, b"H:1")
        assert peer.read() == []
        held.ends[0].callback(b"done")
        assert peer.read() == [(PacketType.WORK_COMPLETE, (b"H:1", b"done")), CANT_DO, GRAB]

    def test_no_job_on_its_way(self) -> None:
        """NO_JOB is followed by CANT_DO."""
        worker, _, peer = self.held()
        worker.unregister("f")
        peer.send(PacketType.NO_JOB)
        assert peer.read() == [CANT_DO, (PacketType.PRE_SLEEP, (b"",))]

    def test_other_functions_go_on_meanwhile(self) -> None:
        """While the last job of a function runs, others are asked for and run."""
        worker, held, peer = self.held(concurrency=2)
        self.assign(peer, b"H:1")
        worker.register("g", lambda _: None, place="reactor")
        worker.unregister("f")
        peer.read()
        self.assign(peer, b"H:2", b"g")
        assert peer.read() == [(PacketType.WORK_COMPLETE, (b"H:2", b"")), GRAB]
        peer.send(PacketType.NO_JOB)
        peer.read()
        held.ends[0].callback(None)
        assert peer.read() == [(PacketType.WORK_COMPLETE, (b"H:1", b"")), CANT_DO]

    def test_a_function_in_demand_comes_to_its_end(self) -> None:
        """If it gets another job while it waits, no more jobs are asked for until all are over."""
        worker, held, peer = self.held(concurrency=3)
        self.assign(peer, b"H:1")
        worker.unregister("f")
        peer.read()
        self.assign(peer, b"H:2")
        peer.send(PacketType.NO_JOB)
        assert peer.read_types() == ["PRE_SLEEP"]
        peer.send(PacketType.NOOP)
        held.ends[0].callback(None)
        assert peer.read() == [(PacketType.WORK_COMPLETE, (b"H:1", b""))]
        held.ends[1].callback(None)
        assert peer.read() == [(PacketType.WORK_COMPLETE, (b"H:2", b"")), CANT_DO, GRAB]

    def test_a_function_that_comes_back_stays(self) -> None:
        """A function registered again before its CANT_DO was never withdrawn."""
        worker, _, peer = self.held(concurrency=2)
        self.assign(peer, b"H:1")
        worker.unregister("f")
        peer.read()
        self.assign(peer, b"H:2")
        again = HeldFunction()
        worker.register("f", again)
        assert peer.read() == []
        assert worker.running == 2

    def test_a_function_that_comes_back_is_asked_for(self) -> None:
        """The grab requests that were held back are sent at once."""
        worker, held, peer = self.held(concurrency=4)
        self.assign(peer, b"H:1")
        worker.unregister("f")
        peer.read()
        self.assign(peer, b"H:2")
        assert peer.read() == []
        worker.register("f", held)
        assert peer.read() == [GRAB]

    def test_a_function_is_not_announced_to_the_next_connection(self) -> None:
        """It is not announced to a server that comes back."""
        worker, _, peer = self.held()
        worker.unregister("f")
        peer.lose()
        self.clock.advance(1)
        assert self.fakes[0].take().read_types() == ["GRAB_JOB_UNIQ"]

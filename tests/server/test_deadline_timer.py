"""One timer serves every deadline: due jobs, timeouts, ignored wake-ups."""

from __future__ import annotations

import pytest

from gearman_tx.core import Policy
from gearman_tx.core.deadlines import LOOK_SECONDS
from gearman_tx.core.dispatch import WAKE_PATIENCE
from tests.link.logs import LogBook
from tests.server import packets as p
from tests.server.packets import NOOP_PACKET, created, handle, req, res
from tests.server.server_fixture import NOW, FakePeer, ServerFixture


def epoch(stage: ServerFixture, seconds: float, number: int) -> None:
    """Submit an epoch job that is due so many seconds after the beginning."""
    due = b"%d" % (NOW + seconds)
    job = req(p.SUBMIT_JOB_EPOCH, b"f", b"", due, b"")
    assert stage.connect().asks(job) == created(number)


def timers(stage: ServerFixture) -> list[float]:
    """Return when the clock has something to do, in seconds after the beginning."""
    return [call.getTime() - NOW for call in stage.clock.getDelayedCalls()]


def test_an_epoch_job_wakes_a_sleeping_worker_at_its_time(stage: ServerFixture) -> None:
    """The worker gets NOOP when the job is due, and not before."""
    worker = stage.sleeper(b"f")
    epoch(stage, 100, 1)
    stage.clock.advance(99.9)
    assert worker.hears() == b""
    stage.clock.advance(0.1)
    assert worker.hears() == NOOP_PACKET
    worker.grabs(1, b"f")


def test_there_is_one_timer_for_all_jobs(stage: ServerFixture) -> None:
    """A thousand delayed jobs cost one timer, set to the earliest."""
    for number in range(1, 1001):
        epoch(stage, 1003 - number, number)
    assert timers(stage) == [3]


def test_a_nearer_deadline_moves_the_timer(stage: ServerFixture) -> None:
    """A job that is due before all others is not late."""
    worker = stage.sleeper(b"f")
    epoch(stage, 1000, 1)
    assert timers(stage) == [LOOK_SECONDS]
    epoch(stage, 3, 2)
    assert timers(stage) == [3]
    stage.clock.advance(3)
    assert worker.hears() == NOOP_PACKET
    worker.grabs(2, b"f")
    assert timers(stage) == [pytest.approx(3 + WAKE_PATIENCE)]
    stage.clock.advance(1)
    assert timers(stage) == [4 + LOOK_SECONDS]


def test_a_timer_for_a_cancelled_deadline_does_nothing(stage: ServerFixture) -> None:
    """Cancelling the job does not move the timer; when it fires, nothing happens."""
    epoch(stage, 3, 1)
    assert stage.connect().asks(b"cancel job H:stage:1\n") == b"OK\r\n"
    assert timers(stage) == [3]
    stage.clock.advance(3)
    assert timers(stage) == []


def test_jobs_due_at_once_come_in_order(stage: ServerFixture) -> None:
    """Delayed jobs are queued by their times, then by their submission."""
    for number, seconds in ((1, 30), (2, 10), (3, 30), (4, 20)):
        epoch(stage, seconds, number)
    stage.clock.advance(60)
    worker = stage.worker(b"f")
    for number in (2, 4, 1, 3):
        worker.grabs(number, b"f")


def test_a_wake_up_that_is_ignored_is_repeated_for_another(stage: ServerFixture) -> None:
    """When the woken worker does not grab in time, the next sleeper is woken."""
    first, second = stage.sleeper(b"f"), stage.sleeper(b"f")
    stage.connect().queues(1, b"f")
    woken, asleep = (second, first) if second.hears() else (first, second)
    assert asleep.hears() == b""
    stage.clock.advance(WAKE_PATIENCE)
    assert asleep.hears() == NOOP_PACKET
    asleep.grabs(1, b"f")
    assert woken.hears() == b""
    stage.clock.advance(10)
    assert woken.hears() == b""


def test_a_wake_up_that_was_acted_on_is_not_repeated(stage: ServerFixture) -> None:
    """A worker that grabs in time lets the others sleep."""
    workers = [stage.sleeper(b"f"), stage.sleeper(b"f")]
    stage.connect().queues(1, b"f")
    woken = next(worker for worker in workers if worker.hears())
    woken.grabs(1, b"f")
    stage.clock.advance(10)
    assert [worker.hears() for worker in workers] == [b"", b""]


def test_a_woken_worker_that_leaves_is_replaced_at_once(stage: ServerFixture) -> None:
    """The other sleeper gets NOOP when the woken one is lost."""
    workers = [stage.sleeper(b"f"), stage.sleeper(b"f")]
    stage.connect().queues(1, b"f")
    heard = [worker.hears() for worker in workers]
    workers[heard.index(NOOP_PACKET)].leaves()
    assert workers[heard.index(b"")].hears() == NOOP_PACKET


def test_several_timeouts_of_one_worker(log: LogBook) -> None:
    """Each job of a worker has a time limit of its own, ended with the job."""
    stage = ServerFixture(Policy(handle_prefix=b"H:stage"))
    worker = stage.connect()
    worker.tells(req(p.CAN_DO_TIMEOUT, b"short", b"1000"), req(p.CAN_DO_TIMEOUT, b"long", b"5000"))
    client = stage.connect()
    client.submits(1, b"long")
    worker.grabs(1, b"long")
    client.submits(2, b"short")
    worker.grabs(2, b"short")
    client.submits(3, b"short")
    worker.grabs(3, b"short")
    worker.tells(req(p.WORK_COMPLETE, handle(3), b""))
    client.hears()
    stage.clock.advance(2)
    assert log.warnings == ["job H:stage:2 of short ran out of time"]
    worker.tells(req(p.WORK_COMPLETE, handle(1), b"in time"))
    assert client.hears() == res(p.WORK_COMPLETE, handle(1), b"in time")
    stage.clock.advance(10)
    assert len(log.warnings) == 1


def test_a_stopped_server_has_no_timer(stage: ServerFixture) -> None:
    """After the stop no timer is left, even if jobs were due and others end later."""
    worker: FakePeer = stage.sleeper(b"f")
    epoch(stage, 3, 1)
    stage.factory.stop()
    worker.leaves()
    stage.end_turn()
    remaining = [call for call in stage.clock.getDelayedCalls() if call.getTime() - NOW == 3]
    assert remaining == []

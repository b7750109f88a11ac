"""Workers wait, for a short time, for a client that reads more slowly than they send."""

from __future__ import annotations

import pytest

from gearman_tx.link import OutputLimits
from gearman_tx.server import ConnectionLimits
from gearman_tx.server.slow_reader import PATIENCE
from tests.server import packets as p
from tests.server.packets import handle, req, res
from tests.server.server_fixture import FakePeer, ServerFixture

LIMITS = OutputLimits(pause=100_000, most=1_600_000, timeout=60.0)
PART = 100_000
DATA = res(p.WORK_DATA, handle(1), bytes(PART))


@pytest.fixture
def stage() -> ServerFixture:
    """Return a job server in which workers wait above 800,000 bytes of unread output."""
    return ServerFixture(limits=ConnectionLimits(output=LIMITS))


def running_job(stage: ServerFixture, client: FakePeer, number: int = 1) -> FakePeer:
    """Return a new worker that runs a new foreground job of ``client``."""
    client.tells(req(p.SUBMIT_JOB, b"f", b"", b""))
    worker = stage.worker(b"f")
    worker.grabs(number, b"f")
    return worker


def flood(worker: FakePeer, number: int = 1) -> int:
    """Send data of a job until the server does not read any more; return how many packets."""
    sent = 0
    while worker.is_heard:
        worker.tells(req(p.WORK_DATA, handle(number), bytes(PART)))
        sent += 1
        assert sent < 100, "the worker never waits"
    return sent


def test_a_stream_larger_than_the_limit_reaches_a_slow_client(stage: ServerFixture) -> None:
    """The worker waits whenever half of the limit is unread, and every byte arrives."""
    client = stage.connect(reads=False)
    worker = running_job(stage, client)
    sent = 0
    while sent * PART < 3 * LIMITS.most:
        sent += flood(worker)
        assert client.connection.queued < LIMITS.most
        while not worker.is_heard:
            client.reads(40_000)
        stage.clock.advance(PATIENCE - 0.1)
    client.reads()
    worker.tells(req(p.WORK_COMPLETE, handle(1), b"end"))
    client.reads()
    client.reads()
    start = res(p.JOB_CREATED, handle(1))
    assert client.hears() == start + DATA * sent + res(p.WORK_COMPLETE, handle(1), b"end")


def test_what_the_worker_sends_meanwhile_is_kept_in_order(stage: ServerFixture) -> None:
    """Bytes that arrive while the worker waits are handled when it goes on."""
    client = stage.connect(reads=False)
    worker = running_job(stage, client)
    sent = flood(worker)
    worker.tells(req(p.WORK_DATA, handle(1), b"later"), req(p.ECHO_REQ, b"alive"))
    assert worker.hears() == b""
    client.reads()
    client.reads()
    assert worker.hears() == res(p.ECHO_RES, b"alive")
    later = res(p.WORK_DATA, handle(1), b"later")
    assert client.hears() == res(p.JOB_CREATED, handle(1)) + DATA * sent + later


def test_a_client_that_reads_nothing_holds_a_worker_for_a_moment(stage: ServerFixture) -> None:
    """After the time the worker goes on, and the client is dropped at the limit."""
    client = stage.connect(reads=False)
    worker = running_job(stage, client)
    flood(worker)
    stage.clock.advance(PATIENCE)
    while client.is_served:
        assert worker.is_heard
        worker.tells(req(p.WORK_DATA, handle(1), bytes(PART)))
    assert worker.is_heard
    assert worker.asks(req(p.ECHO_REQ, b"alive")) == res(p.ECHO_RES, b"alive")


def test_a_client_that_reads_again_is_waited_for_again(stage: ServerFixture) -> None:
    """A client that was too slow once is waited for as soon as it has caught up."""
    client = stage.connect(reads=False)
    worker = running_job(stage, client)
    flood(worker)
    stage.clock.advance(PATIENCE)
    worker.tells(req(p.WORK_DATA, handle(1), bytes(PART)))
    assert worker.is_heard
    client.reads()
    client.reads()
    flood(worker)
    assert client.is_served
    client.reads()
    assert worker.is_heard
    assert stage.clock.getDelayedCalls() == []


def test_all_workers_of_the_client_wait(stage: ServerFixture) -> None:
    """Also one that has sent nothing yet; a worker of other clients does not."""
    client, other = stage.connect(reads=False), stage.connect()
    first = running_job(stage, client)
    second = running_job(stage, client, 2)
    third = running_job(stage, other, 3)
    other.hears()
    flood(first)
    assert [worker.is_heard for worker in (second, third)] == [False, True]
    third.tells(req(p.WORK_DATA, handle(3), b"x"))
    assert other.hears() == res(p.WORK_DATA, handle(3), b"x")
    client.reads()
    assert second.is_heard


def test_a_worker_that_got_its_job_later_waits_too(stage: ServerFixture) -> None:
    """A job of a crowded client that is assigned later is found when its worker sends."""
    client = stage.connect(reads=False)
    first = running_job(stage, client)
    client.tells(req(p.SUBMIT_JOB, b"f", b"", b""))
    flood(first)
    second = stage.worker(b"f")
    second.grabs(2, b"f")
    assert second.is_heard
    second.tells(req(p.WORK_DATA, handle(2), b"x"))
    assert not second.is_heard


def test_a_joined_job_goes_on_for_its_other_client(stage: ServerFixture) -> None:
    """A fast client of the same job waits for the slow one as long as the worker does."""
    slow, fast = stage.connect(reads=False), stage.connect()
    for client in (slow, fast):
        client.tells(req(p.SUBMIT_JOB, b"f", b"u", b""))
    worker = stage.worker(b"f")
    worker.grabs(1, b"f")
    sent = flood(worker)
    assert fast.hears() == res(p.JOB_CREATED, handle(1)) + DATA * sent
    worker.tells(req(p.WORK_DATA, handle(1), b"x"))
    assert fast.hears() == b""
    stage.clock.advance(PATIENCE)
    stage.end_turn()
    assert fast.hears() == res(p.WORK_DATA, handle(1), b"x")


def test_a_worker_goes_on_when_the_client_leaves(stage: ServerFixture) -> None:
    """Nothing is left of the wait."""
    client = stage.connect(reads=False)
    worker = running_job(stage, client)
    flood(worker)
    client.leaves()
    stage.end_turn()
    assert worker.is_heard
    assert stage.clock.getDelayedCalls() == []


def test_a_worker_may_leave_while_it_waits(stage: ServerFixture) -> None:
    """Its job goes to another worker, which waits too when it sends."""
    client = stage.connect(reads=False)
    first = running_job(stage, client)
    flood(first)
    first.leaves()
    second = stage.worker(b"f")
    second.grabs(1, b"f")
    second.tells(req(p.WORK_DATA, handle(1), b"x"))
    assert not second.is_heard
    client.reads()
    assert second.is_heard


def test_a_worker_with_a_time_limit_does_not_wait(stage: ServerFixture) -> None:
    """Its job would run out of time for a reason that is not its own; the client is dropped."""
    client = stage.connect(reads=False)
    client.tells(req(p.SUBMIT_JOB, b"f", b"", b""))
    worker = stage.connect()
    worker.tells(req(p.CAN_DO_TIMEOUT, b"f", b"60000"))
    worker.grabs(1, b"f")
    while client.is_served:
        assert worker.is_heard
        worker.tells(req(p.WORK_DATA, handle(1), bytes(PART)))


def test_a_worker_that_waits_is_suspended_for_one_reason_at_a_time(stage: ServerFixture) -> None:
    """A worker that does not read its own answers either is heard when both reasons are gone."""
    client = stage.connect(reads=False)
    client.tells(req(p.SUBMIT_JOB, b"f", b"", b""))
    worker = stage.connect(reads=False)
    worker.tells(req(p.CAN_DO, b"f"), req(p.GRAB_JOB))
    flood(worker)
    worker.connection.send(bytes(300_000))
    stage.end_turn()
    client.reads()
    assert not worker.is_heard
    worker.reads()
    worker.reads()
    assert worker.is_heard


def test_a_client_that_is_its_own_worker_is_dropped_at_the_limit(stage: ServerFixture) -> None:
    """Its own requests wait already; nothing else can be slowed down."""
    both = stage.connect(reads=False)
    both.tells(req(p.CAN_DO, b"f"), req(p.SUBMIT_JOB, b"f", b"", b""), req(p.GRAB_JOB))
    both.tells(req(p.WORK_DATA, handle(1), bytes(1_000_000)))
    assert not both.is_heard
    both.reads()
    both.reads()
    assert both.is_heard

"""Submissions: one answer each, in order, and the job as it was submitted."""

from __future__ import annotations

import pytest

from gearman_tx.core import Policy
from tests.server import packets as p
from tests.server.packets import created, error, handle, req, res
from tests.server.server_fixture import NOW, ServerFixture

PLAIN = {
    p.SUBMIT_JOB: ("normal", False),
    p.SUBMIT_JOB_BG: ("normal", True),
    p.SUBMIT_JOB_HIGH: ("high", False),
    p.SUBMIT_JOB_HIGH_BG: ("high", True),
    p.SUBMIT_JOB_LOW: ("low", False),
    p.SUBMIT_JOB_LOW_BG: ("low", True),
}
TOO_LARGE = error(b"ARGUMENT_TOO_LARGE", b"Unique value too large")


@pytest.mark.parametrize("packet_type", PLAIN)
def test_priority_and_background(stage: ServerFixture, packet_type: int) -> None:
    """Each of the six plain types makes a job of its priority, in the fore- or background."""
    priority, background = PLAIN[packet_type]
    client = stage.connect()
    assert client.asks(req(packet_type, b"f", b"u", b"data")) == created(1)
    queues = {"high": b"1\t0\t0", "normal": b"0\t1\t0", "low": b"0\t0\t1"}
    assert client.asks(b"prioritystatus\n") == b"f\t%b\t0\n.\n" % queues[priority]
    assert client.asks(b"show jobs\n") == b"%b\t0\t0\t%d\n.\n" % (handle(1), background)
    client.leaves()
    assert stage.status() == (b"f\t1\t0\t0\n.\n" if background else b"f\t0\t0\t0\n.\n")


@pytest.mark.parametrize("data", [b"", b"data", b"\0", b"a\0b\0\0", bytes(100_000)])
def test_a_workload_reaches_the_worker_as_it_is(stage: ServerFixture, data: bytes) -> None:
    """A workload may be empty, hold NUL bytes and be large; it arrives unchanged."""
    client, worker = stage.connect(), stage.worker(b"f")
    client.submits(1, b"f", b"unique", data)
    worker.grabs(1, b"f", data)


def test_answers_come_in_the_order_of_the_submissions(stage: ServerFixture) -> None:
    """Granted or refused, each submission has one answer, in its place."""
    client = stage.connect()
    long_unique = b"u" * 65
    submissions = [
        req(p.SUBMIT_JOB, b"f", b"a", b""),
        req(p.SUBMIT_JOB_BG, b"f", long_unique, b""),
        req(p.SUBMIT_JOB_BG, b"f", b"a", b""),
        req(p.SUBMIT_JOB, b"f", b"b"),
        req(p.SUBMIT_JOB_LOW, b"f", b"b", b""),
    ]
    text = b"SUBMIT_JOB takes 3 arguments separated by NUL, not 2"
    answers = [created(1), TOO_LARGE, created(1), error(b"INVALID_ARGUMENT", text), created(2)]
    assert client.asks(*submissions) == b"".join(answers)


def test_the_same_unique_is_the_same_job(stage: ServerFixture) -> None:
    """A submission joins the live job of its function and unique: same handle, same result."""
    one, two, worker = stage.connect(), stage.connect(), stage.worker(b"f")
    one.submits(1, b"f", b"u", b"first")
    two.submits(1, b"f", b"u", b"second")
    worker.grabs(1, b"f", b"first")
    worker.tells(req(p.WORK_COMPLETE, handle(1), b"result"))
    assert one.hears() == two.hears() == res(p.WORK_COMPLETE, handle(1), b"result")


def test_submitting_twice_on_one_connection_brings_the_result_twice(stage: ServerFixture) -> None:
    """Each submission of a coalesced job has a result of its own, as in the C server."""
    client, worker = stage.connect(), stage.worker(b"f")
    client.submits(1, b"f", b"u", b"")
    client.submits(1, b"f", b"u", b"")
    worker.grabs(1, b"f")
    worker.tells(req(p.WORK_DATA, handle(1), b"half"), req(p.WORK_COMPLETE, handle(1), b"whole"))
    half, whole = res(p.WORK_DATA, handle(1), b"half"), res(p.WORK_COMPLETE, handle(1), b"whole")
    assert client.hears() == half * 2 + whole * 2


def test_a_full_queue_refuses(stage: ServerFixture) -> None:
    """Over the function's limit a submission gets QUEUE_ERROR and makes no job."""
    client = stage.connect()
    assert client.asks(b"maxqueue f 1\n") == b"OK\r\n"
    client.submits(1, b"f")
    full = error(b"QUEUE_ERROR", b"Job queue is full")
    assert client.asks(req(p.SUBMIT_JOB, b"f", b"", b"")) == full
    assert client.asks(req(p.SUBMIT_JOB_HIGH_BG, b"f", b"", b"")) == full
    assert stage.status() == b"f\t1\t0\t0\n.\n"


def test_a_draining_server_refuses(stage: ServerFixture) -> None:
    """While the server finishes its jobs it takes no new ones."""
    client = stage.connect()
    stage.jobs.control.drain()
    answer = error(b"QUEUE_ERROR", b"Server is shutting down")
    assert client.asks(req(p.SUBMIT_JOB, b"f", b"", b"")) == answer


def test_a_long_function_name_is_refused() -> None:
    """A function name over the limit is answered with ERROR, which names the limit."""
    stage = ServerFixture(Policy(handle_prefix=b"H:stage", max_function_name=10))
    client = stage.connect()
    assert client.asks(req(p.SUBMIT_JOB, b"x" * 10, b"", b"")) == created(1)
    text = b"Function name has 11 bytes, the limit is 10"
    answer = error(b"ARGUMENT_TOO_LARGE", text)
    assert client.asks(req(p.SUBMIT_JOB, b"x" * 11, b"", b"")) == answer
    assert client.asks(req(p.CAN_DO, b"x" * 11)) == answer


def test_an_epoch_job_waits_for_its_time(stage: ServerFixture) -> None:
    """A job that is due later is known and not running, and no worker gets it before its time."""
    client, worker = stage.connect(), stage.worker(b"f")
    due = b"%d" % (NOW + 60)
    assert client.asks(req(p.SUBMIT_JOB_EPOCH, b"f", b"u", due, b"data")) == created(1)
    assert worker.asks(req(p.GRAB_JOB)) == p.NO_JOB_PACKET
    status = client.asks(req(p.GET_STATUS, handle(1)))
    assert status == res(p.STATUS_RES, handle(1), b"1", b"0", b"0", b"0")
    assert client.asks(b"prioritystatus\n") == b"f\t0\t1\t0\t1\n.\n"
    client.leaves()
    stage.clock.advance(60)
    worker.grabs(1, b"f", b"data")


@pytest.mark.parametrize("due", [b"0", b"", b"abc", b"-5", b"1e3", b" 12", b"1699999999"])
def test_an_epoch_in_the_past_is_now(stage: ServerFixture, due: bytes) -> None:
    """A text that is no number, or a past time, runs the job at once, as in the C server."""
    worker = stage.worker(b"f")
    assert stage.connect().asks(req(p.SUBMIT_JOB_EPOCH, b"f", b"", due, b"x")) == created(1)
    worker.grabs(1, b"f", b"x")


def test_an_epoch_out_of_range_is_refused(stage: ServerFixture) -> None:
    """A time beyond 64 bits is answered with ERROR; the C server hangs or closes."""
    text = b"SUBMIT_JOB_EPOCH: the epoch 9223372036854775808 is over the limit of %d"
    answer = stage.connect().asks(req(p.SUBMIT_JOB_EPOCH, b"f", b"", b"9223372036854775808", b""))
    assert answer == error(b"INVALID_ARGUMENT", text % (2**63 - 1))
    last = req(p.SUBMIT_JOB_EPOCH, b"f", b"", b"9223372036854775807", b"")
    assert stage.connect().asks(last) == created(1)


@pytest.mark.parametrize("background", [False, True])
def test_a_reduce_job_brings_its_reducer(stage: ServerFixture, background: bool) -> None:
    """GRAB_JOB_ALL is answered with the reducer, the other grabs without it."""
    packet_type = p.SUBMIT_REDUCE_JOB_BACKGROUND if background else p.SUBMIT_REDUCE_JOB
    client, worker = stage.connect(), stage.worker(b"f")
    for number in (1, 2, 3):
        unique = b"u%d" % number
        job = req(packet_type, b"f", unique, b"reducer", b"unused", b"a\0b")
        assert client.asks(job) == created(number)
    full = (handle(1), b"f", b"u1", b"reducer", b"a\0b")
    assert worker.asks(req(p.GRAB_JOB_ALL)) == res(p.JOB_ASSIGN_ALL, *full)
    without = (handle(2), b"f", b"u2", b"a\0b")
    assert worker.asks(req(p.GRAB_JOB_UNIQ)) == res(p.JOB_ASSIGN_UNIQ, *without)
    worker.grabs(3, b"f", b"a\0b")
    client.leaves()
    assert stage.status() == b"f\t3\t3\t1\n.\n", "a running job stays with its worker"


def test_a_reduce_job_with_four_fields_is_refused(stage: ServerFixture) -> None:
    """The protocol text says four fields; the packet has five, and less is an error."""
    text = b"SUBMIT_REDUCE_JOB takes 5 arguments separated by NUL, not 4"
    answer = stage.connect().asks(req(p.SUBMIT_REDUCE_JOB, b"f", b"u", b"r", b"data"))
    assert answer == error(b"INVALID_ARGUMENT", text)


def test_a_noop_for_the_submitter_comes_before_its_answer(stage: ServerFixture) -> None:
    """A connection that is a sleeping worker of its own job gets NOOP, then JOB_CREATED."""
    both = stage.sleeper(b"f")
    assert both.asks(req(p.SUBMIT_JOB, b"f", b"", b"")) == p.NOOP_PACKET + created(1)

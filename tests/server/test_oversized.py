"""Packets over ``--max-packet``: their senders are told, and the connections go on."""

from __future__ import annotations

import pytest

from gearman_tx.core import Policy
from gearman_tx.server import ConnectionLimits
from tests.link.logs import LogBook
from tests.server import packets as p
from tests.server.packets import error, handle, req, res
from tests.server.server_fixture import FakePeer, ServerFixture

LIMIT = 2000
LARGE = b"x" * 5000


@pytest.fixture
def small() -> ServerFixture:
    """A job server with a small limit."""
    return ServerFixture(limits=ConnectionLimits(packet=LIMIT))


def text(size: int) -> bytes:
    """Return what the server says of a packet of ``size`` bytes."""
    return b"A packet of %d bytes is over the limit of 2000, which --max-packet sets" % size


def job_of(stage: ServerFixture, client: FakePeer, data: bytes = b"") -> FakePeer:
    """Return a worker that has the first job of ``client``."""
    client.submits(1, b"f", b"", data)
    worker = stage.worker(b"f")
    worker.grabs(1, b"f", data)
    return worker


@pytest.mark.parametrize(
    "packet",
    [
        req(p.SUBMIT_JOB, b"f", b"u", LARGE),
        req(p.SUBMIT_JOB_BG, b"f", b"u", LARGE),
        req(p.SUBMIT_JOB_HIGH, b"f", b"u", LARGE),
        req(p.SUBMIT_JOB_EPOCH, b"f", b"u", b"0", LARGE),
        req(p.SUBMIT_REDUCE_JOB, b"f", b"u", b"r", b"", LARGE),
        req(p.ECHO_REQ, LARGE),
        req(p.CAN_DO, LARGE),
    ],
)
def test_a_request_over_the_limit_is_refused(
    small: ServerFixture, log: LogBook, packet: bytes
) -> None:
    """With one ERROR, which names size and limit; the next request is answered as ever."""
    peer = small.connect()
    answer = error(b"ARGUMENT_TOO_LARGE", text(len(packet) - 12))
    assert peer.asks(packet) == answer
    assert peer.asks(req(p.ECHO_REQ, b"next")) == res(p.ECHO_RES, b"next")
    assert peer.is_served
    assert len(log.warnings) == 1
    assert "was refused: ARGUMENT_TOO_LARGE: A packet of" in log.warnings[0]
    assert "xxx" not in log.warnings[0]


def test_the_answers_keep_the_order_of_the_requests(small: ServerFixture) -> None:
    """Clients match answers by order."""
    peer = small.connect()
    large = req(p.SUBMIT_JOB, b"f", b"", LARGE)
    assert peer.asks(
        req(p.SUBMIT_JOB, b"f", b"", b"one"), large, req(p.SUBMIT_JOB, b"f", b"", b"two")
    ) == p.created(1) + error(b"ARGUMENT_TOO_LARGE", text(len(large) - 12)) + p.created(2)


def test_the_answer_comes_before_the_body(small: ServerFixture) -> None:
    """A client that looks while it sends can stop; and nothing of the body is held."""
    peer = small.connect()
    packet = req(p.SUBMIT_JOB, b"f", b"", LARGE)
    answer = error(b"ARGUMENT_TOO_LARGE", text(len(packet) - 12))
    assert peer.asks(packet[:12]) == answer
    for start in range(12, len(packet), 100):
        assert peer.asks(packet[start : start + 100]) == b""
        assert peer.connection.input.buffered == 0
    assert peer.asks(req(p.ECHO_REQ, b"next")) == res(p.ECHO_RES, b"next")


def test_the_other_jobs_of_the_connection_go_on(small: ServerFixture) -> None:
    """A client that submitted too much keeps what it waits for."""
    client = small.connect()
    worker = job_of(small, client)
    client.asks(req(p.SUBMIT_JOB, b"f", b"", LARGE))
    worker.tells(req(p.WORK_COMPLETE, handle(1), b"done"))
    assert client.hears() == res(p.WORK_COMPLETE, handle(1), b"done")


PARTS = [p.WORK_COMPLETE, p.WORK_DATA, p.WORK_WARNING, p.WORK_EXCEPTION]


@pytest.mark.parametrize("packet_type", PARTS)
def test_a_job_whose_worker_sends_too_much_fails(
    small: ServerFixture, log: LogBook, packet_type: int
) -> None:
    """Its client is told why; the worker keeps its connection and gets no ERROR."""
    client = small.connect()
    client.asks(req(p.OPTION_REQ, b"exceptions"))
    worker = job_of(small, client)
    packet = req(packet_type, handle(1), LARGE)
    assert worker.asks(packet, req(p.WORK_COMPLETE, handle(1), b"")) == b""
    why = text(len(packet) - 12)
    assert client.hears() == res(p.WORK_EXCEPTION, handle(1), why)
    assert small.status() == b"f\t0\t0\t1\n.\n"
    assert log.warnings[-1].endswith(f"ARGUMENT_TOO_LARGE: H:stage:1: {why.decode()}")
    assert worker.asks(req(p.GRAB_JOB)) == res(p.NO_JOB)


@pytest.mark.parametrize("packet_type", PARTS)
def test_a_client_that_asked_for_no_exceptions_gets_work_fail(
    small: ServerFixture, packet_type: int
) -> None:
    """As for every exception."""
    client = small.connect()
    worker = job_of(small, client)
    worker.tells(req(packet_type, handle(1), LARGE))
    assert client.hears() == res(p.WORK_FAIL, handle(1))


def test_too_much_about_the_job_of_another_is_refused(small: ServerFixture) -> None:
    """As any packet about it; the job goes on."""
    client = small.connect()
    worker = job_of(small, client)
    stranger = small.connect()
    answer = stranger.asks(req(p.WORK_COMPLETE, handle(1), LARGE))
    assert answer.startswith(b"\0RES\0\0\0\x13")
    assert b"JOB_NOT_FOUND" in answer
    worker.tells(req(p.WORK_COMPLETE, handle(1), b"done"))
    assert client.hears() == res(p.WORK_COMPLETE, handle(1), b"done")


def test_too_much_from_a_late_worker_is_ignored(small: ServerFixture) -> None:
    """The job is tried again."""
    client, worker = small.connect(), small.connect()
    worker.tells(req(p.CAN_DO_TIMEOUT, b"f", b"1000"))
    client.submits(1, b"f")
    worker.grabs(1, b"f")
    small.clock.advance(1)
    assert worker.asks(req(p.WORK_COMPLETE, handle(1), LARGE)) == b""
    assert client.hears() == b""
    assert small.status() == b"f\t1\t0\t1\n.\n"


def test_a_workload_that_is_too_large_for_work_all_the_same(small: ServerFixture) -> None:
    """The limit is for what is sent to the server: a job just below it is assigned whole."""
    data = b"d" * (LIMIT - len(b"f") - 2)
    client = small.connect()
    job_of(small, client, data)


def test_a_worker_that_leaves_in_the_middle_of_too_much_loses_the_job(
    small: ServerFixture,
) -> None:
    """Before the handle is known nothing happens to the job."""
    stage = small
    client = stage.connect()
    worker = job_of(stage, client)
    worker.tells(req(p.WORK_COMPLETE, handle(1), LARGE)[:100])
    assert stage.status() == b"f\t1\t1\t1\n.\n"
    worker.leaves()
    assert stage.status() == b"f\t1\t0\t0\n.\n"


def test_a_peer_that_sends_too_much_again_and_again_does_not_fill_the_log() -> None:
    """Each request is answered; the log counts."""
    stage = ServerFixture(Policy(handle_prefix=b"H:stage"), ConnectionLimits(packet=LIMIT))
    peer = stage.connect()
    packet = req(p.ECHO_REQ, LARGE)
    answer = error(b"ARGUMENT_TOO_LARGE", text(len(LARGE)))
    assert peer.asks(packet * 100) == answer * 100

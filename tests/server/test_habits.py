"""What other people's clients and workers do that the protocol text does not say."""

from __future__ import annotations

import pytest

from tests.link.logs import LogBook
from tests.server import packets as p
from tests.server.packets import NO_JOB_PACKET, NOOP_PACKET, NOT_FOUND_FOR_RESULT, handle, req, res
from tests.server.server_fixture import ServerFixture


def test_perl_leaves_out_the_nul_of_an_empty_result(stage: ServerFixture) -> None:
    """WORK_COMPLETE with the handle alone ends the job; the client gets ``HANDLE NUL``."""
    client, worker = stage.connect(), stage.worker(b"f")
    client.submits(1, b"f")
    worker.grabs(1, b"f")
    assert worker.asks(req(p.WORK_COMPLETE, handle(1))) == b""
    assert client.hears() == b"\0RES\0\0\0\x0d\0\0\0\x0aH:stage:1\0"
    assert stage.status() == b"f\t0\t0\t1\n.\n"


def test_work_fail_after_work_exception_is_ignored(stage: ServerFixture, log: LogBook) -> None:
    """Perl's worker dies of an ERROR there; the client hears of one end alone."""
    client, worker = stage.connect(), stage.worker(b"f")
    client.submits(1, b"f")
    worker.grabs(1, b"f")
    exception = req(p.WORK_EXCEPTION, handle(1), b"why")
    assert worker.asks(exception, req(p.WORK_FAIL, handle(1))) == b""
    assert client.hears() == res(p.WORK_FAIL, handle(1))
    assert worker.asks(req(p.WORK_FAIL, handle(1))) == NOT_FOUND_FOR_RESULT
    assert len(log.warnings) == 1


def test_work_fail_for_an_unknown_handle_is_an_error(stage: ServerFixture) -> None:
    """The worker of npm expects JOB_NOT_FOUND for a handle that never was."""
    assert stage.worker(b"f").asks(req(p.WORK_FAIL, b"H:stage:99")) == NOT_FOUND_FOR_RESULT


def test_a_grab_is_answered_in_the_same_turn(stage: ServerFixture) -> None:
    """Perl's worker gives up a connection that does not answer within half a second."""
    worker = stage.worker(b"f")
    before = stage.clock.seconds()
    assert worker.asks(req(p.GRAB_JOB)) == NO_JOB_PACKET
    assert stage.clock.seconds() == before


def test_workers_that_grab_only_after_a_noop_get_their_jobs(stage: ServerFixture) -> None:
    """Those of aiogear and npm send PRE_SLEEP first; with a job there, the NOOP comes at once."""
    stage.connect().submits(1, b"f")
    worker = stage.connect()
    assert worker.asks(req(p.CAN_DO, b"f"), req(p.PRE_SLEEP)) == NOOP_PACKET
    worker.grabs(1, b"f")
    assert worker.asks(req(p.PRE_SLEEP)) == b""


@pytest.mark.parametrize("timeout", [b"\0\0\0\0", b"\0\0\x03\xe8", b"\x7f\xff\xff\xff"])
def test_npms_binary_timeout_is_no_limit(stage: ServerFixture, timeout: bytes) -> None:
    """CAN_DO_TIMEOUT with four binary bytes registers the function without a time limit."""
    worker = stage.connect()
    assert worker.asks(req(p.CAN_DO_TIMEOUT, b"f", timeout)) == b""
    stage.connect().queues(1, b"f")
    worker.grabs(1, b"f")
    stage.clock.advance(10_000_000)
    assert worker.asks(req(p.WORK_COMPLETE, handle(1), b"")) == b""


def test_php_sets_exceptions_before_anything_else(stage: ServerFixture) -> None:
    """OPTION_REQ as the first packet is answered at once, and everything behind it goes on."""
    worker = stage.connect()
    option = req(p.OPTION_REQ, b"exceptions")
    answer = worker.asks(option, req(p.CAN_DO, b"f"), req(p.GRAB_JOB_ALL))
    assert answer == res(p.OPTION_RES, b"exceptions") + NO_JOB_PACKET


def test_gear_mixes_text_and_packets(stage: ServerFixture) -> None:
    """Text lines with either end and packets alternate on one connection, answered in order."""
    peer = stage.connect()
    answer = peer.asks(
        req(p.CAN_DO, b"f") + b"status\n" + req(p.ECHO_REQ, b"x") + b"version\r\n",
        req(p.GRAB_JOB),
    )
    assert answer == b"f\t0\t0\t1\n.\n" + res(p.ECHO_RES, b"x") + b"OK 1.2.3\n" + NO_JOB_PACKET


def test_libgearman_gets_job_assign_uniq_for_a_plain_job(stage: ServerFixture) -> None:
    """GRAB_JOB_ALL for a job without a reducer is answered as GRAB_JOB_UNIQ is."""
    stage.connect().queues(1, b"f", b"u", b"data")
    answer = stage.worker(b"f").asks(req(p.GRAB_JOB_ALL))
    assert answer == res(p.JOB_ASSIGN_UNIQ, handle(1), b"f", b"u", b"data")


def test_perls_prefix_makes_names_with_a_tab(stage: ServerFixture) -> None:
    """A function name with a TAB works, and is escaped where a TAB would break a report."""
    client, worker = stage.connect(), stage.worker(b"prefix\tf")
    client.submits(1, b"prefix\tf")
    assert stage.status() == b"prefix\\x09f\t1\t0\t1\n.\n"
    worker.grabs(1, b"prefix\tf")


def test_a_text_reply_is_one_write(stage: ServerFixture) -> None:
    """The readers of npm and gearadmin take the first chunk for the whole reply."""
    client = stage.connect()
    for number in range(1, 101):
        client.queues(number, b"function %d" % number)
    writes: list[bytes] = []
    transport = client.transport
    transport.write = writes.append  # type: ignore[assignment,method-assign]  # to count the calls
    client.tells(b"status\n")
    assert len(writes) == 1
    assert writes[0].endswith(b"\n.\n")


def test_a_worker_that_drops_its_connection_gets_its_job_retried(stage: ServerFixture) -> None:
    """Workers of libgearman leave to say that a job shall be tried again."""
    client, worker = stage.connect(), stage.worker(b"f")
    client.submits(1, b"f", b"", b"data")
    worker.grabs(1, b"f", b"data")
    worker.leaves()
    stage.worker(b"f").grabs(1, b"f", b"data")
    assert client.hears() == b""


def test_a_half_closed_client_gets_what_is_due_and_is_gone(stage: ServerFixture) -> None:
    """Behind a half-close no job is kept for the client, as in the C server."""
    client = stage.connect()
    client.gives(req(p.SUBMIT_JOB, b"f", b"", b"") + b"version\n")
    client.connection.readConnectionLost()
    stage.end_turn()
    assert client.hears() == p.created(1) + b"OK 1.2.3\n"
    assert not client.is_served
    assert stage.status() == b"f\t0\t0\t0\n.\n"

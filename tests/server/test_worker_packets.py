"""The packets of workers: abilities, sleeping, grabbing, and those about a job."""

from __future__ import annotations

import pytest

from gearman_tx.core import Policy
from tests.link.logs import LogBook
from tests.server import packets as p
from tests.server.packets import NO_JOB_PACKET, NOOP_PACKET, NOT_FOUND_FOR_RESULT, handle, req, res
from tests.server.server_fixture import ServerFixture

RELAYED = [p.WORK_DATA, p.WORK_WARNING, p.WORK_COMPLETE]


def test_grabbing_by_each_of_the_three_packets(stage: ServerFixture) -> None:
    """A plain job is assigned without its unique, with it, and with it again for GRAB_JOB_ALL."""
    client, worker = stage.connect(), stage.worker(b"f")
    for number in (1, 2, 3):
        client.submits(number, b"f", b"u%d" % number, b"a\0b")
    assert worker.asks(req(p.GRAB_JOB)) == res(p.JOB_ASSIGN, handle(1), b"f", b"a\0b")
    assign = res(p.JOB_ASSIGN_UNIQ, handle(2), b"f", b"u2", b"a\0b")
    assert worker.asks(req(p.GRAB_JOB_UNIQ)) == assign
    assign = res(p.JOB_ASSIGN_UNIQ, handle(3), b"f", b"u3", b"a\0b")
    assert worker.asks(req(p.GRAB_JOB_ALL)) == assign
    for grab in (p.GRAB_JOB, p.GRAB_JOB_UNIQ, p.GRAB_JOB_ALL):
        assert worker.asks(req(grab)) == NO_JOB_PACKET


def test_a_worker_without_abilities_gets_no_job(stage: ServerFixture) -> None:
    """GRAB_JOB before any CAN_DO is answered with NO_JOB."""
    stage.connect().submits(1, b"f")
    assert stage.connect().asks(req(p.GRAB_JOB)) == NO_JOB_PACKET


def test_a_unique_of_sixty_four_bytes_comes_whole(stage: ServerFixture) -> None:
    """The C server cuts it to 63 and the worker sees a NUL in front of its workload."""
    unique = b"u" * 64
    stage.connect().submits(1, b"f", unique, b"data")
    answer = stage.worker(b"f").asks(req(p.GRAB_JOB_UNIQ))
    assert answer == res(p.JOB_ASSIGN_UNIQ, handle(1), b"f", unique, b"data")


def test_priority_is_global_over_functions(stage: ServerFixture) -> None:
    """High jobs of every function come first, then normal, then low; functions take turns."""
    client, worker = stage.connect(), stage.worker(b"a", b"b")
    order = [p.SUBMIT_JOB_LOW, p.SUBMIT_JOB, p.SUBMIT_JOB_HIGH]
    for packet_type in order:
        for function in (b"a", b"b"):
            client.asks(req(packet_type, function, b"", b"%d" % packet_type))
    got = [worker.asks(req(p.GRAB_JOB)).split(b"\0")[-2:] for _ in range(6)]
    assert [workload for _, workload in got] == [b"21", b"21", b"7", b"7", b"33", b"33"]
    assert {function for function, _ in got} == {b"a", b"b"}


@pytest.mark.parametrize("packet_type", RELAYED)
@pytest.mark.parametrize("data", [b"", b"x", b"\0", b"a\0b\0", bytes(70_000)])
def test_data_is_passed_on_as_it_came(stage: ServerFixture, packet_type: int, data: bytes) -> None:
    """Every client of the job gets the worker's packet, with only the magic changed."""
    one, two, worker = stage.connect(), stage.connect(), stage.worker(b"f")
    one.submits(1, b"f", b"u")
    two.submits(1, b"f", b"u")
    worker.grabs(1, b"f")
    assert worker.asks(req(packet_type, handle(1), data)) == b""
    assert one.hears() == two.hears() == res(packet_type, handle(1), data)


@pytest.mark.parametrize(
    ("numerator", "denominator", "stored"),
    [
        (b"5", b"10", (b"5", b"10")),
        (b"", b"", (b"0", b"0")),
        (b"half", b"2\0more", (b"0", b"2")),
        (b"-1", b"4294967296", (b"4294967295", b"0")),
    ],
)
def test_progress_is_stored_and_passed_on_verbatim(
    stage: ServerFixture, numerator: bytes, denominator: bytes, stored: tuple[bytes, bytes]
) -> None:
    """Clients get the worker's text; status requests get 32-bit numbers."""
    client, worker = stage.connect(), stage.worker(b"f")
    client.submits(1, b"f")
    worker.grabs(1, b"f")
    assert worker.asks(req(p.WORK_STATUS, handle(1), numerator, denominator)) == b""
    assert client.hears() == res(p.WORK_STATUS, handle(1), numerator, denominator)
    answer = client.asks(req(p.GET_STATUS, handle(1)))
    assert answer == res(p.STATUS_RES, handle(1), b"1", b"1", *stored)


@pytest.mark.parametrize("tail", [b"", b"\0", b"\0junk"])
def test_a_failure_is_passed_on_with_a_bare_handle(stage: ServerFixture, tail: bytes) -> None:
    """Clients of libgearman never match a WORK_FAIL whose handle has a NUL behind it, and hang."""
    client, worker = stage.connect(), stage.worker(b"f")
    client.submits(1, b"f")
    worker.grabs(1, b"f")
    assert worker.asks(req(p.WORK_FAIL, handle(1) + tail)) == b""
    assert client.hears() == res(p.WORK_FAIL, handle(1))
    assert stage.status() == b"f\t0\t0\t1\n.\n"


def test_only_the_owner_may_speak_about_a_job(stage: ServerFixture) -> None:
    """Another connection that knows the handle gets JOB_NOT_FOUND, and clients get nothing."""
    client, owner, other = stage.connect(), stage.worker(b"f"), stage.worker(b"f")
    client.submits(1, b"f")
    owner.grabs(1, b"f")
    assert other.asks(req(p.WORK_COMPLETE, handle(1), b"false")) == NOT_FOUND_FOR_RESULT
    assert other.asks(req(p.WORK_DATA, handle(1), b"false")) == p.NOT_FOUND
    assert client.hears() == b""
    owner.tells(req(p.WORK_COMPLETE, handle(1), b"true"))
    assert client.hears() == res(p.WORK_COMPLETE, handle(1), b"true")
    assert owner.asks(req(p.WORK_COMPLETE, handle(1), b"twice")) == NOT_FOUND_FOR_RESULT


def test_the_results_of_background_jobs_go_nowhere(stage: ServerFixture) -> None:
    """A background job runs and ends; its submitter gets no packet about it."""
    client, worker = stage.connect(), stage.worker(b"f")
    client.queues(1, b"f")
    worker.grabs(1, b"f")
    worker.tells(req(p.WORK_DATA, handle(1), b"x"), req(p.WORK_COMPLETE, handle(1), b"y"))
    assert client.hears() == worker.hears() == b""
    assert stage.status() == b"f\t0\t0\t1\n.\n"


def test_a_sleeping_worker_is_woken_once(stage: ServerFixture) -> None:
    """A job sends one NOOP to one sleeper; no other packet comes unasked."""
    worker, client = stage.sleeper(b"f"), stage.connect()
    client.submits(1, b"f")
    client.submits(2, b"f")
    assert worker.hears() == NOOP_PACKET
    worker.grabs(1, b"f")
    assert worker.hears() == b""


def test_going_to_sleep_beside_a_job_wakes_at_once(stage: ServerFixture) -> None:
    """PRE_SLEEP while a job is queued is answered with NOOP every time."""
    stage.connect().submits(1, b"f")
    worker = stage.worker(b"f")
    assert worker.asks(req(p.PRE_SLEEP)) == NOOP_PACKET
    assert worker.asks(req(p.PRE_SLEEP)) == NOOP_PACKET


def test_the_operator_may_have_all_workers_woken() -> None:
    """``--worker-wakeup 0`` keeps the C server's meaning: every sleeper gets a NOOP."""
    stage = ServerFixture(Policy(handle_prefix=b"H:stage", worker_wakeup=0))
    workers = [stage.sleeper(b"f") for _ in range(3)]
    stage.connect().submits(1, b"f")
    assert [worker.hears() for worker in workers] == [NOOP_PACKET] * 3


def test_a_function_learned_while_asleep_wakes(stage: ServerFixture) -> None:
    """CAN_DO from a sleeping worker for a function with waiting jobs is followed by a NOOP."""
    worker = stage.sleeper(b"other")
    stage.connect().submits(1, b"f")
    assert worker.asks(req(p.CAN_DO, b"f")) == NOOP_PACKET


def test_taking_functions_back(stage: ServerFixture) -> None:
    """CANT_DO takes one ability back, RESET_ABILITIES all; running jobs stay."""
    client, worker = stage.connect(), stage.worker(b"a", b"b", b"c")
    client.submits(1, b"a")
    worker.grabs(1, b"a")
    worker.tells(req(p.CANT_DO, b"a"), req(p.CANT_DO, b"unknown"))
    assert client.asks(b"workers\n").split(b"\n")[1] == b"-1 192.168.1.1 - : c b"
    worker.tells(req(p.RESET_ABILITIES))
    assert client.asks(b"workers\n").split(b"\n")[1] == b"-1 192.168.1.1 - :"
    worker.tells(req(p.WORK_COMPLETE, handle(1), b"done"))
    assert client.hears() == res(p.WORK_COMPLETE, handle(1), b"done")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        (b"id", b"id"),
        (b"", b""),
        (b"a b", b"a b"),
        (b"a\tb\n", b"a\\x09b\\x0a"),
        (b"x" * 200, b"x" * 127),
    ],
)
def test_the_client_id_is_shown_safely(stage: ServerFixture, sent: bytes, shown: bytes) -> None:
    """An id is cut to 127 bytes, and its control characters cannot break a report."""
    peer = stage.connect()
    assert peer.asks(req(p.SET_CLIENT_ID, sent)) == b""
    assert peer.asks(b"workers\n") == b"-1 192.168.1.1 %b :\n.\n" % shown


def test_a_lost_worker_gives_its_job_to_another(stage: ServerFixture, log: LogBook) -> None:
    """The job goes to a sleeper under the same handle; the client gets only the result."""
    client, first, second = stage.connect(), stage.worker(b"f"), stage.sleeper(b"f")
    first.tells(req(p.SET_CLIENT_ID, b"unlucky\n"))
    client.submits(1, b"f", b"", b"data")
    first.grabs(1, b"f", b"data")
    second.hears()
    first.leaves()
    assert second.hears() == b""
    stage.clock.advance(1)
    second.grabs(1, b"f", b"data")
    second.tells(req(p.WORK_COMPLETE, handle(1), b"result"))
    assert client.hears() == res(p.WORK_COMPLETE, handle(1), b"result")
    who = "worker 192.168.1.1:54321 (fd -1, id unlucky\\n)"
    text = f"{who} left with 1 running job: H:stage:1 of f"
    assert log.warnings == [text]


def test_a_job_lost_too_often_is_given_up(log: LogBook) -> None:
    """At the retry limit the client gets WORK_FAIL and the log a line."""
    stage = ServerFixture(Policy(handle_prefix=b"H:stage", job_retries=2))
    client = stage.connect()
    client.submits(1, b"f")
    for _ in range(2):
        worker = stage.worker(b"f")
        worker.grabs(1, b"f")
        worker.leaves()
    assert client.hears() == res(p.WORK_FAIL, handle(1))
    assert log.warnings[-1] == "job H:stage:1 of f is given up; its worker was lost 2 times"


def test_a_timeout_gives_the_job_to_another(stage: ServerFixture, log: LogBook) -> None:
    """The job is queued again after its time, and what the late worker says is ignored."""
    client, slow, quick = stage.connect(), stage.connect(), stage.sleeper(b"f")
    slow.tells(req(p.CAN_DO_TIMEOUT, b"f", b"1500"))
    client.submits(1, b"f", b"", b"data")
    quick.hears()
    slow.grabs(1, b"f", b"data")
    quick.tells(req(p.PRE_SLEEP))
    stage.clock.advance(1.4)
    assert quick.hears() == b""
    stage.clock.advance(0.2)
    assert quick.hears() == NOOP_PACKET
    assert log.warnings == ["job H:stage:1 of f ran out of time"]
    quick.grabs(1, b"f", b"data")
    assert slow.asks(req(p.WORK_COMPLETE, handle(1), b"late")) == b""
    quick.tells(req(p.WORK_COMPLETE, handle(1), b"good"))
    assert client.hears() == res(p.WORK_COMPLETE, handle(1), b"good")
    stage.clock.advance(10)
    assert stage.status() == b"f\t0\t0\t2\n.\n"


def test_a_late_result_is_taken_while_no_other_worker_has_the_job(stage: ServerFixture) -> None:
    """The packets of the C project's own test: WORK_DATA and an empty WORK_COMPLETE, both late."""
    client, worker = stage.connect(), stage.connect()
    worker.tells(req(p.CAN_DO_TIMEOUT, b"f", b"6"))
    client.submits(1, b"f", b"", b"sleep")
    worker.grabs(1, b"f", b"sleep")
    stage.clock.advance(1)
    assert stage.status() == b"f\t1\t0\t1\n.\n"
    assert worker.asks(req(p.WORK_DATA, handle(1), b"slept")) == b""
    assert worker.asks(req(p.WORK_COMPLETE, handle(1), b"")) == b""
    data, end = res(p.WORK_DATA, handle(1), b"slept"), res(p.WORK_COMPLETE, handle(1), b"")
    assert client.hears() == data + end
    assert stage.status() == b"f\t0\t0\t1\n.\n"


@pytest.mark.parametrize("milliseconds", [b"1", b"5", b"30", b"300", b"999", b"1000"])
def test_a_time_limit_is_a_second_at_least(stage: ServerFixture, milliseconds: bytes) -> None:
    """As in the C server: PHP's and Perl's programs give seconds."""
    worker = stage.connect()
    worker.tells(req(p.CAN_DO_TIMEOUT, b"f", milliseconds))
    stage.connect().queues(1, b"f")
    worker.grabs(1, b"f")
    stage.clock.advance(0.99)
    assert stage.status() == b"f\t1\t1\t1\n.\n"
    stage.clock.advance(0.02)
    assert stage.status() == b"f\t1\t0\t1\n.\n"


@pytest.mark.parametrize("timeout", [b"0", b"-1000", b"", b"soon", b"9" * 30])
def test_an_invalid_timeout_is_no_limit(stage: ServerFixture, timeout: bytes) -> None:
    """Zero, negative, no number and absurdly much: the job may run forever."""
    worker = stage.connect()
    worker.tells(req(p.CAN_DO_TIMEOUT, b"f", timeout))
    stage.connect().queues(1, b"f")
    worker.grabs(1, b"f")
    stage.clock.advance(10_000_000)
    assert worker.asks(req(p.WORK_COMPLETE, handle(1), b"")) == b""

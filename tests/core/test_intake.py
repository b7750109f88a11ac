"""Submissions: handles, coalescing, limits, due times."""

from __future__ import annotations

import pytest

from gearman_tx.core import HIGH, LOW, NORMAL
from tests.core.conftest import BuildHouse
from tests.core.house import NOON, House
from tests.core.port import NOOP

FULL = (b"QUEUE_ERROR", b"Job queue is full")
TOO_LARGE = (b"ARGUMENT_TOO_LARGE", b"Unique value too large")
NEVER = NOON + 1e9


def test_handles_are_the_prefix_and_a_growing_number(house: House) -> None:
    """The shape is the C server's, and the first number is 1."""
    client = house.guest()
    assert [client.submit(), client.promise(), client.submit()] == [b"H:t:1", b"H:t:2", b"H:t:3"]


def test_every_submission_has_one_answer(house: House) -> None:
    """A queue in memory answers at once, foreground and background alike."""
    client = house.guest()
    handles = [client.submit(), client.promise(), client.submit(unique=b"u")]
    assert client.answers == handles
    assert client.heard() == []


def test_a_worker_gets_what_was_submitted(house: House) -> None:
    """Function, unique, workload, reducer, priority and time are kept as they came."""
    house.guest().submit(b"f\xff", b"a\0b", unique=b"u\xfe", priority=HIGH, reducer=b"sum")
    job = house.worker(b"f\xff").grab_job()
    assert job is not None
    assert (job.function.name, job.unique, job.workload) == (b"f\xff", b"u\xfe", b"a\0b")
    assert (job.reducer, job.priority, job.submitted) == (b"sum", HIGH, NOON)


def test_an_empty_function_name_is_a_name(house: House) -> None:
    """The C server takes it for CAN_DO and for submissions; so it is here."""
    handle = house.guest().submit(b"")
    assert house.worker(b"").grab() == handle


def test_names_with_blanks_tabs_and_newlines_are_names(house: House) -> None:
    """Perl's prefix makes function names with a TAB in them."""
    name = b"a b\tc\nd"
    handle = house.guest().submit(name)
    assert house.worker(name).grab() == handle


# Limits


def test_a_unique_of_64_bytes_is_kept_whole(house: House) -> None:
    """The C server cuts it to 63 and garbles the worker's packet."""
    unique = b"u" * 64
    house.guest().submit(unique=unique)
    job = house.worker(b"f").grab_job()
    assert job is not None
    assert job.unique == unique


@pytest.mark.parametrize("reducer", [None, b"sum"])
def test_a_unique_of_65_bytes_is_refused(house: House, reducer: bytes | None) -> None:
    """Also that of a reduce job, which the C server does not measure."""
    client = house.guest()
    client.submit(unique=b"u" * 65, reducer=reducer)
    assert client.answers == [TOO_LARGE]
    assert not house.server.tables.jobs


def test_a_reducer_of_64_bytes_is_taken_and_of_65_refused(house: House) -> None:
    """The limit and the text are the C server's."""
    client = house.guest()
    handle = client.submit(reducer=b"r" * 64)
    client.submit(reducer=b"r" * 65)
    assert client.answers == [handle, TOO_LARGE]


def test_an_empty_reducer_is_a_reducer(house: House) -> None:
    """The worker that asks for all is told that there is one."""
    house.guest().submit(reducer=b"")
    job = house.worker(b"f").grab_job()
    assert job is not None
    assert job.reducer == b""


def test_a_function_name_over_the_limit_is_refused(build: BuildHouse) -> None:
    """The limit itself is allowed."""
    client = build(max_function_name=4).guest()
    handle = client.submit(b"1234")
    client.submit(b"12345")
    refusal = (b"ARGUMENT_TOO_LARGE", b"Function name has 5 bytes, the limit is 4")
    assert client.answers == [handle, refusal]


@pytest.mark.parametrize("background", [True, False])
def test_a_full_queue_refuses(house: House, background: bool) -> None:
    """With the C server's code and text, in the foreground and in the background."""
    house.server.control.set_max_queue(b"f", (2, 2, 2))
    client = house.guest()
    handles = [client.submit(background=background), client.submit(background=background)]
    client.submit(background=background)
    assert client.answers == [*handles, FULL]


def test_a_limit_is_compared_with_all_jobs_of_the_function(house: House) -> None:
    """Queued of every priority, running and delayed ones count together."""
    client, worker = house.guest(), house.worker(b"f")
    house.server.control.set_max_queue(b"f", (0, 4, 0))
    client.submit(priority=HIGH)
    client.submit(priority=LOW)
    worker.grab()
    client.promise(due=NEVER)
    last = client.submit()
    client.submit()
    assert house.counts(b"f") == (2, 1, 1)
    assert client.answers[3:] == [last, FULL]


def test_the_limit_is_that_of_the_submitted_priority(house: House) -> None:
    """Each priority may have its own, and 0 is none."""
    client = house.guest()
    house.server.control.set_max_queue(b"f", (3, 2, 0))
    for _ in range(2):
        client.submit(priority=LOW)
    client.submit(priority=NORMAL)
    assert client.answers[-1] == FULL
    assert client.submit(priority=HIGH)
    client.submit(priority=HIGH)
    assert client.answers[-1] == FULL
    assert client.submit(priority=LOW)


def test_a_limit_below_zero_limits_nothing(house: House) -> None:
    """As 0 does."""
    house.server.control.set_max_queue(b"f", (-1, -1, -1))
    assert house.guest().submit()


def test_joins_are_not_limited(house: House) -> None:
    """They add no job."""
    house.server.control.set_max_queue(b"f", (1, 1, 1))
    client = house.guest()
    handle = client.submit(unique=b"u")
    assert client.submit(unique=b"u") == handle
    assert client.promise(unique=b"u") == handle


def test_there_is_room_again_when_a_job_ended(house: House) -> None:
    """The limit is on live jobs."""
    house.server.control.set_max_queue(b"f", (1, 1, 1))
    client, worker = house.guest(), house.worker(b"f")
    client.submit()
    worker.complete(worker.grab())
    assert client.submit()


def test_the_policys_limit_is_for_every_function(build: BuildHouse) -> None:
    """Until the operator sets another."""
    house = build(max_queue=(0, 1, 0))
    client = house.guest()
    for name in (b"f", b"g"):
        assert client.submit(name)
        assert not client.submit(name)
    house.server.control.set_max_queue(b"f", (0, 0, 0))
    assert client.submit(b"f")


def test_a_refused_submission_leaves_nothing(house: House) -> None:
    """No job, no waiting client, and no handle is used up."""
    house.server.control.set_max_queue(b"f", (1, 1, 1))
    client = house.guest()
    client.submit()
    client.submit(unique=b"u")
    assert len(house.server.tables.jobs) == 1
    assert len(client.peer.tasks) == 1
    house.server.control.set_max_queue(b"f", (0, 0, 0))
    assert client.submit() == b"H:t:2"


# Due times


@pytest.mark.parametrize("due", [0.0, -5.0, NOON - 1, NOON])
def test_the_past_and_now_are_at_once(house: House, due: float) -> None:
    """Such a job is queued as any other."""
    handle = house.guest().promise(due=due)
    assert house.worker(b"f").grab() == handle


def test_a_job_waits_for_its_time(house: House) -> None:
    """It is known, not running, and given to nobody."""
    handle = house.guest().promise(due=NOON + 10)
    worker = house.worker(b"f")
    assert worker.grab() == b""
    assert house.counts(b"f") == (0, 0, 1)
    status = house.server.snapshots.status(handle)
    assert (status.known, status.running) == (True, False)


def test_a_job_for_later_wakes_nobody_now(house: House) -> None:
    """The C server wakes workers for it, and they find nothing."""
    worker = house.sleeper(b"f")
    house.guest().promise(due=NOON + 10)
    assert worker.heard() == []
    house.wait(10)
    assert worker.heard() == [(NOOP,)]


# The end of the server


def test_a_draining_server_refuses_submissions(house: House) -> None:
    """All of them, with an ERROR; what it has, it finishes."""
    client, worker = house.guest(), house.worker(b"f")
    handle = client.submit(unique=b"u")
    house.server.control.drain()
    refusal = (b"QUEUE_ERROR", b"Server is shutting down")
    client.submit()
    client.promise()
    client.submit(unique=b"u")
    assert client.answers == [handle, refusal, refusal, refusal]
    assert worker.grab() == handle
    assert not house.server.control.is_drained
    worker.complete(handle)
    assert house.server.control.is_drained

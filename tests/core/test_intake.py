"""Submissions: handles, coalescing, limits, due times."""

from __future__ import annotations

import pytest

from gearman_tx.core import HIGH, LOW, NORMAL, FunctionSettings
from tests.core.conftest import BuildCore
from tests.core.core_fixture import NOON, CoreFixture
from tests.core.recording_link import NOOP

FULL = (b"QUEUE_ERROR", b"Job queue is full")
TOO_LARGE = (b"ARGUMENT_TOO_LARGE", b"Unique value too large")
NEVER = NOON + 1e9


def test_handles_are_the_prefix_and_a_growing_number(core: CoreFixture) -> None:
    """The shape is the C server's, and the first number is 1."""
    client = core.connection()
    assert [client.submit(), client.promise(), client.submit()] == [b"H:t:1", b"H:t:2", b"H:t:3"]


def test_every_submission_has_one_answer(core: CoreFixture) -> None:
    """A queue in memory answers at once, foreground and background alike."""
    client = core.connection()
    handles = [client.submit(), client.promise(), client.submit(unique=b"u")]
    assert client.answers == handles
    assert client.heard() == []


def test_a_worker_gets_what_was_submitted(core: CoreFixture) -> None:
    """Function, unique, workload, reducer, priority and time are kept as they came."""
    core.connection().submit(b"f\xff", b"a\0b", unique=b"u\xfe", priority=HIGH, reducer=b"sum")
    job = core.worker(b"f\xff").grab_job()
    assert job is not None
    assert (job.function.name, job.unique, job.workload) == (b"f\xff", b"u\xfe", b"a\0b")
    assert (job.reducer, job.priority, job.submitted) == (b"sum", HIGH, NOON)


def test_an_empty_function_name_is_a_name(core: CoreFixture) -> None:
    """The C server takes it for CAN_DO and for submissions; so it is here."""
    handle = core.connection().submit(b"")
    assert core.worker(b"").grab() == handle


def test_names_with_blanks_tabs_and_newlines_are_names(core: CoreFixture) -> None:
    """Perl's prefix makes function names with a TAB in them."""
    name = b"a b\tc\nd"
    handle = core.connection().submit(name)
    assert core.worker(name).grab() == handle


# Limits


def test_a_unique_of_64_bytes_is_kept_whole(core: CoreFixture) -> None:
    """The C server cuts it to 63 and garbles the worker's packet."""
    unique = b"u" * 64
    core.connection().submit(unique=unique)
    job = core.worker(b"f").grab_job()
    assert job is not None
    assert job.unique == unique


@pytest.mark.parametrize("reducer", [None, b"sum"])
def test_a_unique_of_65_bytes_is_refused(core: CoreFixture, reducer: bytes | None) -> None:
    """Also that of a reduce job, which the C server does not measure."""
    client = core.connection()
    client.submit(unique=b"u" * 65, reducer=reducer)
    assert client.answers == [TOO_LARGE]
    assert not core.server.tables.jobs


def test_a_reducer_of_64_bytes_is_taken_and_of_65_refused(core: CoreFixture) -> None:
    """The limit and the text are the C server's."""
    client = core.connection()
    handle = client.submit(reducer=b"r" * 64)
    client.submit(reducer=b"r" * 65)
    assert client.answers == [handle, TOO_LARGE]


def test_an_empty_reducer_is_a_reducer(core: CoreFixture) -> None:
    """GRAB_JOB_ALL shows the worker that there is one."""
    core.connection().submit(reducer=b"")
    job = core.worker(b"f").grab_job()
    assert job is not None
    assert job.reducer == b""


def test_a_function_name_over_the_limit_is_refused(build: BuildCore) -> None:
    """The limit itself is allowed."""
    client = build(max_function_name=4).connection()
    handle = client.submit(b"1234")
    client.submit(b"12345")
    refusal = (b"ARGUMENT_TOO_LARGE", b"Function name has 5 bytes, the limit is 4")
    assert client.answers == [handle, refusal]


@pytest.mark.parametrize("background", [True, False])
def test_a_full_queue_refuses(core: CoreFixture, background: bool) -> None:
    """With the C server's code and text, in the foreground and in the background."""
    core.server.control.configure(b"f", FunctionSettings((2, 2, 2)))
    client = core.connection()
    handles = [client.submit(background=background), client.submit(background=background)]
    client.submit(background=background)
    assert client.answers == [*handles, FULL]


def test_a_limit_is_compared_with_all_jobs_of_the_function(core: CoreFixture) -> None:
    """Queued of every priority, running and delayed ones count together."""
    client, worker = core.connection(), core.worker(b"f")
    core.server.control.configure(b"f", FunctionSettings((0, 4, 0)))
    client.submit(priority=HIGH)
    client.submit(priority=LOW)
    worker.grab()
    client.promise(due=NEVER)
    last = client.submit()
    client.submit()
    assert core.counts(b"f") == (2, 1, 1)
    assert client.answers[3:] == [last, FULL]


def test_the_limit_is_that_of_the_submitted_priority(core: CoreFixture) -> None:
    """Each priority may have its own, and 0 is none."""
    client = core.connection()
    core.server.control.configure(b"f", FunctionSettings((3, 2, 0)))
    for _ in range(2):
        client.submit(priority=LOW)
    client.submit(priority=NORMAL)
    assert client.answers[-1] == FULL
    assert client.submit(priority=HIGH)
    client.submit(priority=HIGH)
    assert client.answers[-1] == FULL
    assert client.submit(priority=LOW)


def test_a_limit_below_zero_limits_nothing(core: CoreFixture) -> None:
    """As 0 does."""
    core.server.control.configure(b"f", FunctionSettings((-1, -1, -1)))
    assert core.connection().submit()


def test_joins_are_not_limited(core: CoreFixture) -> None:
    """They add no job."""
    core.server.control.configure(b"f", FunctionSettings((1, 1, 1)))
    client = core.connection()
    handle = client.submit(unique=b"u")
    assert client.submit(unique=b"u") == handle
    assert client.promise(unique=b"u") == handle


def test_there_is_room_again_when_a_job_ended(core: CoreFixture) -> None:
    """The limit is on live jobs."""
    core.server.control.configure(b"f", FunctionSettings((1, 1, 1)))
    client, worker = core.connection(), core.worker(b"f")
    client.submit()
    worker.complete(worker.grab())
    assert client.submit()


def test_the_policys_limit_is_for_every_function(build: BuildCore) -> None:
    """Until the operator sets another."""
    core = build(settings=FunctionSettings((0, 1, 0)))
    client = core.connection()
    for name in (b"f", b"g"):
        assert client.submit(name)
        assert not client.submit(name)
    core.server.control.configure(b"f", FunctionSettings((0, 0, 0)))
    assert client.submit(b"f")


def test_a_refused_submission_leaves_nothing(core: CoreFixture) -> None:
    """No job, no waiting client, and no handle is used up."""
    core.server.control.configure(b"f", FunctionSettings((1, 1, 1)))
    client = core.connection()
    client.submit()
    client.submit(unique=b"u")
    assert len(core.server.tables.jobs) == 1
    assert len(client.peer.tasks) == 1
    core.server.control.configure(b"f", FunctionSettings((0, 0, 0)))
    assert client.submit() == b"H:t:2"


# Due times


@pytest.mark.parametrize("due", [0.0, -5.0, NOON - 1, NOON])
def test_the_past_and_now_are_at_once(core: CoreFixture, due: float) -> None:
    """Such a job is queued as any other."""
    handle = core.connection().promise(due=due)
    assert core.worker(b"f").grab() == handle


def test_a_job_waits_for_its_time(core: CoreFixture) -> None:
    """It is known, not running, and no worker gets it."""
    handle = core.connection().promise(due=NOON + 10)
    worker = core.worker(b"f")
    assert worker.grab() == b""
    assert core.counts(b"f") == (0, 0, 1)
    status = core.server.snapshots.status(handle)
    assert (status.known, status.running) == (True, False)


def test_a_job_for_later_wakes_no_worker_now(core: CoreFixture) -> None:
    """The C server wakes workers for it, and they find nothing."""
    worker = core.sleeper(b"f")
    core.connection().promise(due=NOON + 10)
    assert worker.heard() == []
    core.wait(10)
    assert worker.heard() == [(NOOP,)]


# The end of the server


def test_a_draining_server_refuses_submissions(core: CoreFixture) -> None:
    """All of them, with an ERROR; what it has, it finishes."""
    client, worker = core.connection(), core.worker(b"f")
    handle = client.submit(unique=b"u")
    core.server.control.drain()
    refusal = (b"QUEUE_ERROR", b"Server is shutting down")
    client.submit()
    client.promise()
    client.submit(unique=b"u")
    assert client.answers == [handle, refusal, refusal, refusal]
    assert worker.grab() == handle
    assert not core.server.control.is_drained
    worker.complete(handle)
    assert core.server.control.is_drained

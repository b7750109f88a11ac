"""What workers say about their jobs, and who hears it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gearman_tx.errors import Refused
from tests.core.core_fixture import CoreFixture, FakeConnection
from tests.core.recording_link import WORK_FAIL

GONE = b"Job does not exist on server"
GONE_FOR_RESULT = b"Job given in work result not found"
GONE_FOR_EXCEPTION = b"An exception was received for a job that does not exist"

Say = Callable[[FakeConnection, bytes], None]

SAYINGS: list[tuple[Say, bytes]] = [
    (FakeConnection.work, GONE),
    (lambda worker, handle: worker.progress(handle, 1, 2), GONE_FOR_RESULT),
    (FakeConnection.complete, GONE_FOR_RESULT),
    (FakeConnection.fail, GONE_FOR_RESULT),
    (FakeConnection.throw, GONE_FOR_EXCEPTION),
]
"""All that a worker may say about a job, and the text of the ERROR when it does not have it."""

every_saying = pytest.mark.parametrize(
    ("say", "text"), SAYINGS, ids=["data", "status", "complete", "fail", "exception"]
)


def refusal(say: Say, worker: FakeConnection, handle: bytes) -> tuple[bytes, bytes]:
    """Return the code and text with which ``say`` is refused."""
    with pytest.raises(Refused) as raised:
        say(worker, handle)
    return raised.value.code, raised.value.text


def test_data_and_progress_are_passed_on_as_they_came(core: CoreFixture) -> None:
    """To every waiting client, in order; the job goes on."""
    first, second, worker = core.connection(), core.connection(), core.worker(b"f")
    handle = first.submit(unique=b"u")
    second.submit(unique=b"u")
    worker.grab()
    worker.work(handle, b"\0one")
    worker.progress(handle, 1, 2)
    worker.work(handle, b"")
    expected = [
        (b"WORK_DATA", handle, b"\0one"),
        (b"WORK_STATUS", handle, b"1/2"),
        (b"WORK_DATA", handle, b""),
    ]
    assert first.heard() == second.heard() == expected
    assert core.counts(b"f") == (0, 1, 0)


def test_progress_is_kept_for_those_who_ask(core: CoreFixture) -> None:
    """Also of a background job, whose data go nowhere."""
    client, worker = core.connection(), core.worker(b"f")
    handle = client.promise()
    worker.grab()
    worker.work(handle)
    worker.progress(handle, 3, 4)
    status = core.server.snapshots.status(handle)
    assert (status.numerator, status.denominator) == (3, 4)
    assert client.heard() == []


def test_a_result_ends_the_job(core: CoreFixture) -> None:
    """Every waiting client gets it once, and the job is unknown at once."""
    first, second, worker = core.connection(), core.connection(), core.worker(b"f")
    handle = first.submit(unique=b"u")
    second.submit(unique=b"u")
    worker.grab()
    worker.complete(handle, b"result")
    assert first.heard() == second.heard() == [(b"WORK_COMPLETE", handle, b"result")]
    assert not core.server.tables.jobs
    assert not core.server.snapshots.status(handle).known


@pytest.mark.parametrize("count", [2, 20])
def test_a_worker_speaks_of_each_of_its_jobs(core: CoreFixture, count: int) -> None:
    """In any order, few or many; but not of the jobs of another worker."""
    client, worker, other = core.connection(), core.worker(b"f"), core.worker(b"f")
    handles = [client.submit() for _ in range(count)]
    for _ in handles:
        worker.grab()
    theirs = client.submit()
    assert other.grab() == theirs
    assert refusal(FakeConnection.complete, worker, theirs) == (b"JOB_NOT_FOUND", GONE_FOR_RESULT)
    for handle in reversed(handles):
        worker.complete(handle)
        assert refusal(FakeConnection.complete, worker, handle) == (
            b"JOB_NOT_FOUND",
            GONE_FOR_RESULT,
        )
    assert [job.handle for job in core.server.tables.jobs] == [theirs]


def test_a_failure_ends_the_job_and_is_never_retried(core: CoreFixture) -> None:
    """Under any policy of retries: those are for losses."""
    client, worker = core.connection(), core.worker(b"f")
    handle = client.submit()
    worker.grab()
    worker.fail(handle)
    assert client.heard() == [(WORK_FAIL, handle)]
    assert worker.grab() == b""


def test_an_exception_reaches_those_who_asked_for_it_and_the_others_get_work_fail(
    core: CoreFixture,
) -> None:
    """With the bare handle: libgearman hangs forever on a NUL behind it."""
    asked, other, worker = core.connection(), core.connection(), core.worker(b"f")
    asked.peer.exceptions = True
    handle = asked.submit(unique=b"u")
    other.submit(unique=b"u")
    worker.grab()
    worker.throw(handle, b"why")
    assert asked.heard() == [(b"WORK_EXCEPTION", handle, b"why")]
    assert other.heard() == [(WORK_FAIL, handle)]
    assert not core.server.tables.jobs


def test_work_fail_after_work_exception_is_silent(core: CoreFixture) -> None:
    """Perl's worker and others send both; the C server's ERROR makes Perl's worker die."""
    client, worker = core.connection(), core.worker(b"f")
    handle = client.submit()
    worker.grab()
    worker.throw(handle)
    worker.fail(handle)
    assert client.heard() == [(WORK_FAIL, handle)]
    assert worker.heard() == []


def test_only_one_ending_is_forgiven_after_an_exception(core: CoreFixture) -> None:
    """The second WORK_FAIL is about a job that the worker does not have."""
    worker = core.worker(b"f")
    handle = core.connection().submit()
    worker.grab()
    worker.throw(handle)
    worker.fail(handle)
    assert refusal(FakeConnection.fail, worker, handle) == (b"JOB_NOT_FOUND", GONE_FOR_RESULT)


def test_packets_after_an_exception_reach_no_client(core: CoreFixture) -> None:
    """It is forgiven, not passed on."""
    client, worker = core.connection(), core.worker(b"f")
    handle = client.submit()
    worker.grab()
    worker.throw(handle)
    client.heard()
    worker.work(handle)
    worker.progress(handle, 1, 2)
    worker.complete(handle)
    assert client.heard() == []


@every_saying
def test_a_worker_may_speak_only_about_its_own_jobs(
    core: CoreFixture, say: Say, text: bytes
) -> None:
    """About another's it gets an ERROR, and nothing happens to the job."""
    client, worker, stranger = core.connection(), core.worker(b"f"), core.worker(b"f")
    handle = client.submit()
    worker.grab()
    assert refusal(say, stranger, handle) == (b"JOB_NOT_FOUND", text)
    assert client.heard() == []
    assert core.counts(b"f") == (0, 1, 0)


@every_saying
def test_a_worker_may_not_speak_about_a_queued_job(
    core: CoreFixture, say: Say, text: bytes
) -> None:
    """No worker has it yet."""
    handle = core.connection().submit()
    assert refusal(say, core.worker(b"f"), handle) == (b"JOB_NOT_FOUND", text)
    assert core.counts(b"f") == (1, 0, 0)


@every_saying
def test_a_worker_may_not_speak_about_a_job_that_never_was(
    core: CoreFixture, say: Say, text: bytes
) -> None:
    """The worker of npm expects the ERROR."""
    assert refusal(say, core.worker(b"f"), b"H:t:99") == (b"JOB_NOT_FOUND", text)


@every_saying
def test_a_worker_may_not_speak_about_a_job_that_it_ended(
    core: CoreFixture, say: Say, text: bytes
) -> None:
    """After WORK_COMPLETE there is nothing more to say; the C server died of it once."""
    client, worker = core.connection(), core.worker(b"f")
    handle = client.submit()
    worker.grab()
    worker.complete(handle)
    client.heard()
    assert refusal(say, worker, handle) == (b"JOB_NOT_FOUND", text)
    assert client.heard() == []


def test_results_of_an_abandoned_running_job_go_nowhere(core: CoreFixture) -> None:
    """The worker is not told; its result ends the job as ever."""
    client, worker = core.connection(), core.worker(b"f")
    handle = client.submit()
    worker.grab()
    client.leave()
    worker.work(handle)
    worker.progress(handle, 1, 2)
    worker.complete(handle)
    assert client.heard() == worker.heard() == []
    assert not core.server.tables.jobs


def test_forgiven_handles_are_bounded(core: CoreFixture) -> None:
    """A worker that never sends WORK_FAIL after its exceptions costs no memory forever."""
    client, worker = core.connection(), core.worker(b"f")
    for _ in range(1030):
        client.submit()
        worker.throw(worker.grab())
    assert len(worker.peer.forgiven) == 1024
    assert refusal(FakeConnection.fail, worker, b"H:t:6") == (b"JOB_NOT_FOUND", GONE_FOR_RESULT)
    worker.fail(b"H:t:7")
    worker.fail(b"H:t:1030")

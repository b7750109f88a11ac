"""A worker whose time for a job was over, and what it still says about the job."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from gearman_tx.errors import Refused
from tests.core.conftest import BuildCore
from tests.core.core_fixture import CoreFixture, FakeConnection
from tests.core.recording_link import NOOP, WORK_FAIL

Say = Callable[[FakeConnection, bytes], None]

every_saying = pytest.mark.parametrize(
    "say",
    [
        FakeConnection.work,
        lambda worker, handle: worker.progress(handle, 1, 2),
        FakeConnection.complete,
        FakeConnection.fail,
        FakeConnection.throw,
    ],
    ids=["data", "status", "complete", "fail", "exception"],
)


def late(
    core: CoreFixture, *, background: bool = False
) -> tuple[FakeConnection, FakeConnection, bytes]:
    """Return a client, a worker that is late with the client's job, and the job's handle."""
    client, worker = core.connection(), core.worker(b"f", timeout=1)
    client.submit(background=background)
    if background:
        core.commit()
    handle = worker.grab()
    core.wait(1)
    assert core.counts(b"f") == (1, 0, 0)
    return client, worker, handle


def test_a_late_result_ends_the_job(core: CoreFixture) -> None:
    """All its clients get it; no worker gets the job any more, and nothing is left of it."""
    client, worker, handle = late(core)
    worker.complete(handle, b"result")
    assert client.heard() == [(b"WORK_COMPLETE", handle, b"result")]
    assert core.counts(b"f") == (0, 0, 0)
    assert not core.server.tables.jobs
    assert core.worker(b"f").grab() == b""


def test_a_result_that_comes_in_parts_is_whole_although_it_is_late(core: CoreFixture) -> None:
    """Parts before the end of the time, parts after it, and the last one, which ends the job."""
    client, worker = core.connection(), core.worker(b"f", timeout=1)
    handle = client.submit()
    worker.grab()
    worker.work(handle, b"one")
    core.wait(1)
    worker.work(handle, b"two")
    worker.complete(handle, b"three")
    assert client.heard() == [
        (b"WORK_DATA", handle, b"one"),
        (b"WORK_DATA", handle, b"two"),
        (b"WORK_COMPLETE", handle, b"three"),
    ]


def test_late_progress_reaches_clients_and_is_not_remembered(core: CoreFixture) -> None:
    """A queued job has none: the next worker begins again."""
    client, worker, handle = late(core)
    worker.progress(handle, 1, 2)
    assert client.heard() == [(b"WORK_STATUS", handle, b"1/2")]
    status = core.server.snapshots.status(handle)
    assert (status.running, status.numerator, status.denominator) == (False, 0, 0)


@pytest.mark.parametrize("say", [FakeConnection.fail, FakeConnection.throw])
def test_a_late_failure_is_ignored(core: CoreFixture, say: Say) -> None:
    """The job is to be tried again anyway; its client hears nothing of the failure."""
    client, worker, handle = late(core)
    say(worker, handle)
    assert client.heard() == []
    assert core.counts(b"f") == (1, 0, 0)
    other = core.worker(b"f")
    assert other.grab() == handle
    other.complete(handle)
    assert client.heard() == [(b"WORK_COMPLETE", handle, b"done")]


def test_after_a_late_exception_its_work_fail_is_ignored_too(core: CoreFixture) -> None:
    """Many libraries send both."""
    client, worker, handle = late(core)
    worker.throw(handle)
    worker.fail(handle)
    assert client.heard() == []
    assert core.counts(b"f") == (1, 0, 0)


def test_a_result_after_a_late_exception_ends_the_job(core: CoreFixture) -> None:
    """The exception was ignored, so the worker is as late as before."""
    client, worker, handle = late(core)
    worker.throw(handle)
    worker.complete(handle)
    assert client.heard() == [(b"WORK_COMPLETE", handle, b"done")]


@every_saying
def test_a_late_word_is_ignored_while_another_worker_has_the_job(
    core: CoreFixture, say: Say
) -> None:
    """Without an ERROR, of which many workers die; only the other worker's result counts."""
    client, worker, handle = late(core)
    other = core.worker(b"f")
    assert other.grab() == handle
    say(worker, handle)
    assert client.heard() == []
    assert core.counts(b"f") == (0, 1, 0)
    other.complete(handle, b"other")
    assert client.heard() == [(b"WORK_COMPLETE", handle, b"other")]


@every_saying
def test_a_late_word_is_ignored_when_another_worker_had_the_job_since(
    core: CoreFixture, say: Say
) -> None:
    """The job is queued for the third time: the second worker was the last to have it."""
    client, worker, handle = late(core)
    other = core.worker(b"f", timeout=1)
    assert other.grab() == handle
    core.wait(1)
    say(worker, handle)
    assert client.heard() == []
    other.complete(handle)
    assert client.heard() == [(b"WORK_COMPLETE", handle, b"done")]


@every_saying
def test_a_late_word_is_ignored_when_another_worker_was_lost_with_the_job(
    core: CoreFixture, say: Say
) -> None:
    """Parts of the other's result may have reached the client already."""
    client, worker, handle = late(core)
    other = core.worker(b"f")
    other.grab()
    other.leave()
    say(worker, handle)
    assert client.heard() == []
    assert core.counts(b"f") == (1, 0, 0)


@every_saying
def test_a_late_word_about_a_job_that_has_ended_is_ignored(core: CoreFixture, say: Say) -> None:
    """Another worker was faster."""
    client, worker, handle = late(core)
    other = core.worker(b"f")
    other.grab()
    other.complete(handle)
    client.heard()
    say(worker, handle)
    assert client.heard() == []


@every_saying
def test_a_late_word_about_a_cancelled_job_is_ignored(core: CoreFixture, say: Say) -> None:
    """As about one that was cancelled while it ran."""
    client, worker, handle = late(core)
    core.server.control.cancel(handle)
    assert client.heard() == [(WORK_FAIL, handle)]
    say(worker, handle)
    assert client.heard() == []


@every_saying
@pytest.mark.parametrize("policy", [{"job_retries": 1}, {"fail_timed_out": True}])
def test_a_late_word_about_a_job_that_was_given_up_is_ignored(
    build: BuildCore, say: Say, policy: dict[str, int]
) -> None:
    """Its client was told of the failure; the worker gets no ERROR."""
    core = build(**policy)
    client, worker = core.connection(), core.worker(b"f", timeout=1)
    handle = client.submit()
    worker.grab()
    core.wait(1)
    assert client.heard() == [(WORK_FAIL, handle)]
    say(worker, handle)
    assert client.heard() == []
    assert not core.server.tables.jobs


@every_saying
def test_another_worker_may_not_speak_about_the_job(core: CoreFixture, say: Say) -> None:
    """It never had it."""
    client, _, handle = late(core)
    with pytest.raises(Refused) as raised:
        say(core.worker(b"f"), handle)
    assert raised.value.code == b"JOB_NOT_FOUND"
    assert client.heard() == []
    assert core.counts(b"f") == (1, 0, 0)


@pytest.mark.parametrize("end", [FakeConnection.complete, FakeConnection.fail])
def test_a_worker_is_late_once(core: CoreFixture, end: Say) -> None:
    """After its result or its failure there is nothing more to say about the job."""
    _, worker, handle = late(core)
    end(worker, handle)
    with pytest.raises(Refused):
        worker.complete(handle)


@pytest.mark.parametrize("count", [1, 20])
def test_a_worker_is_late_although_it_has_other_jobs(core: CoreFixture, count: int) -> None:
    """Few or many; they go on."""
    client, worker, handle = late(core)
    worker.can_do(b"g")
    others = [client.submit(b"g") for _ in range(count)]
    for other in others:
        # The late worker may do its own job again; here it does others.
        worker.cant_do(b"f")
        assert worker.grab() == other
    worker.complete(handle)
    assert client.heard() == [(b"WORK_COMPLETE", handle, b"done")]
    assert core.counts(b"g") == (0, count, 0)


def test_a_worker_that_is_late_may_have_the_job_again(core: CoreFixture) -> None:
    """Its first result ends the job, and the result of its other try is ignored."""
    client, worker, handle = late(core)
    assert worker.grab() == handle
    worker.complete(handle, b"first")
    assert client.heard() == [(b"WORK_COMPLETE", handle, b"first")]
    worker.complete(handle, b"second")
    assert client.heard() == []


def test_a_worker_that_is_late_again_may_still_end_the_job(core: CoreFixture) -> None:
    """Of all tries, the last one counts."""
    client, worker, handle = late(core)
    assert worker.grab() == handle
    core.wait(1)
    worker.complete(handle)
    assert client.heard() == [(b"WORK_COMPLETE", handle, b"done")]


def test_a_late_worker_that_left_is_forgotten(core: CoreFixture) -> None:
    """Its new connection is a stranger's."""
    _, worker, handle = late(core)
    worker.leave()
    with pytest.raises(Refused):
        core.worker(b"f").complete(handle)
    assert core.counts(b"f") == (1, 0, 0)


def test_a_client_that_joined_meanwhile_gets_the_late_result(core: CoreFixture) -> None:
    """As everyone who waits for the job."""
    worker = core.worker(b"f", timeout=1)
    first, second = core.connection(), core.connection()
    handle = first.submit(unique=b"u")
    worker.grab()
    core.wait(1)
    assert second.submit(unique=b"u") == handle
    worker.complete(handle)
    assert first.heard() == second.heard() == [(b"WORK_COMPLETE", handle, b"done")]


def test_a_worker_that_was_woken_for_the_job_finds_none(core: CoreFixture) -> None:
    """It sleeps again, and is woken for the next job."""
    client, worker = core.connection(), core.worker(b"f", timeout=1)
    handle = client.submit()
    worker.grab()
    sleeper = core.sleeper(b"f")
    core.wait(1)
    assert sleeper.heard() == [(NOOP,)]
    worker.complete(handle)
    assert sleeper.grab() == b""
    sleeper.sleep()
    client.submit()
    assert sleeper.heard() == [(NOOP,)]


def test_the_end_of_a_stored_job_by_a_late_result_is_stored(durable: CoreFixture) -> None:
    """The lost try first, then the end: after a restart the job does not come back."""
    _, worker, handle = late(durable, background=True)
    durable.commit()
    [record] = durable.store.rows.values()
    assert (record.handle, record.losses) == (handle, 1)
    worker.complete(handle)
    batch = durable.commit()
    assert list(batch.finished) == [record.id]
    assert not durable.store.rows
    assert not durable.restart().server.tables.jobs


def test_the_lost_try_and_the_late_end_may_share_a_batch(durable: CoreFixture) -> None:
    """Then only the end is stored."""
    _, worker, handle = late(durable, background=True)
    worker.complete(handle)
    batch = durable.commit()
    assert (batch.changed, len(batch.finished)) == ([], 1)
    assert not durable.store.rows


def test_a_late_result_ends_a_job_that_is_kept_for_the_next_start(durable: CoreFixture) -> None:
    """The server is about to stop, so no worker would get the job any more."""
    worker = durable.worker(b"f", timeout=1)
    durable.connection().promise()
    durable.commit()
    handle = worker.grab()
    durable.server.control.drain()
    durable.server.control.keep()
    durable.wait(1)
    durable.commit()
    assert durable.counts(b"f") == (0, 0, 0)
    assert len(durable.store.rows) == 1
    worker.complete(handle)
    durable.commit()
    assert not durable.store.rows
    assert not durable.server.tables.jobs


def test_a_late_result_is_counted_as_completed(core: CoreFixture) -> None:
    """Beside the lost try."""
    _, worker, handle = late(core)
    worker.complete(handle)
    [function] = core.server.snapshots.functions()
    assert (function.totals.completed, function.totals.lost) == (1, 1)


def test_late_jobs_are_bounded(core: CoreFixture) -> None:
    """A worker that never ends a job costs no memory without end; the oldest are forgotten."""
    client, worker = core.connection(), core.worker(b"f", timeout=1)
    handles = [client.submit() for _ in range(1030)]
    for _ in handles:
        worker.grab()
    core.wait(1)
    assert len(worker.peer.forgiven) == 1024
    with pytest.raises(Refused):
        worker.complete(handles[5])
    worker.complete(handles[6])
    worker.complete(handles[1029])
    assert core.counts(b"f") == (1028, 0, 0)

"""Workers that are lost: their jobs go to others, or are given up."""

from __future__ import annotations

import pytest

from gearman_tx.core import HIGH, LOW
from tests.core.conftest import BuildCore
from tests.core.core_fixture import CoreFixture
from tests.core.recording_link import WORK_FAIL


def test_a_lost_workers_job_is_queued_again_under_its_handle(core: CoreFixture) -> None:
    """The client hears nothing of it, and gets the other worker's result."""
    client, lost, worker = core.connection(), core.worker(b"f"), core.worker(b"f")
    handle = client.submit()
    lost.grab()
    lost.work(handle, b"half")
    client.heard()
    lost.leave()
    assert core.counts(b"f") == (1, 0, 0)
    assert client.heard() == []
    assert worker.grab() == handle
    worker.complete(handle)
    assert client.heard() == [(b"WORK_COMPLETE", handle, b"done")]


def test_a_requeued_job_goes_to_the_back_of_its_own_list(core: CoreFixture) -> None:
    """Behind those of its priority, before those of lower ones."""
    client, lost, worker = core.connection(), core.worker(b"f"), core.worker(b"f")
    first = client.submit(priority=HIGH)
    second = client.submit(priority=HIGH)
    low = client.submit(priority=LOW)
    assert lost.grab() == first
    lost.leave()
    assert [worker.grab() for _ in range(3)] == [second, first, low]


def test_a_lost_workers_jobs_are_queued_newest_first(core: CoreFixture) -> None:
    """The order is the C server's."""
    client, lost, worker = core.connection(), core.worker(b"f"), core.worker(b"f")
    handles = [client.submit() for _ in range(3)]
    assert [lost.grab() for _ in range(3)] == handles
    lost.leave()
    assert [worker.grab() for _ in range(3)] == handles[::-1]


def test_a_requeued_job_begins_at_zero(core: CoreFixture) -> None:
    """Its progress is forgotten, the loss is counted."""
    lost = core.worker(b"f")
    handle = core.connection().submit()
    lost.grab()
    lost.progress(handle, 3, 4)
    lost.leave()
    status = core.server.snapshots.status(handle)
    assert (status.known, status.running) == (True, False)
    assert (status.numerator, status.denominator) == (0, 0)
    [job] = core.server.snapshots.jobs()
    assert job.losses == 1


@pytest.mark.parametrize("limit", [-1, 0])
def test_losses_are_not_limited_by_default(build: BuildCore, limit: int) -> None:
    """A job is tried again as often as it takes."""
    core = build(job_retries=limit)
    handle = core.connection().submit()
    for _ in range(300):
        worker = core.worker(b"f")
        assert worker.grab() == handle
        worker.leave()
    assert core.worker(b"f").grab() == handle
    assert core.events.given_up == []


@pytest.mark.parametrize("limit", [1, 2, 5])
@pytest.mark.parametrize("background", [True, False])
def test_a_job_is_given_up_at_the_nth_loss(build: BuildCore, limit: int, background: bool) -> None:
    """With N = 2 it is handed out at most twice; its clients get WORK_FAIL, once."""
    core = build(job_retries=limit)
    client = core.connection()
    handle = client.submit(background=background)
    for _ in range(limit):
        worker = core.worker(b"f")
        assert worker.grab() == handle
        assert core.events.given_up == []
        worker.leave()
    assert core.worker(b"f").grab() == b""
    assert client.heard() == ([] if background else [(WORK_FAIL, handle)])
    assert core.events.given_up == [handle]
    assert not core.server.tables.jobs


def test_timeouts_and_losses_are_counted_together(build: BuildCore) -> None:
    """Either means that a worker did not do it."""
    core = build(job_retries=2)
    client, worker = core.connection(), core.worker(b"f", timeout=1)
    handle = client.submit()
    worker.grab()
    core.wait(1)
    assert worker.grab() == handle
    worker.leave()
    assert client.heard() == [(WORK_FAIL, handle)]


def test_a_failure_does_not_count_as_a_loss(build: BuildCore) -> None:
    """It ends the job at once."""
    core = build(job_retries=3)
    client, worker = core.connection(), core.worker(b"f")
    handle = client.submit()
    worker.grab()
    worker.fail(handle)
    assert client.heard() == [(WORK_FAIL, handle)]
    assert core.events.given_up == []


def test_a_given_up_job_frees_its_unique(build: BuildCore) -> None:
    """A new submission starts from scratch."""
    core = build(job_retries=1)
    client, worker = core.connection(), core.worker(b"f")
    handle = client.submit(unique=b"u")
    worker.grab()
    worker.leave()
    assert client.submit(unique=b"u") != handle


def test_a_lost_worker_is_registered_nowhere(core: CoreFixture) -> None:
    """Its functions stay known, without it."""
    worker = core.sleeper(b"f", b"g")
    worker.leave()
    assert [f.workers for f in core.server.snapshots.functions()] == [0, 0]
    core.connection().submit(b"f")
    assert worker.heard() == []

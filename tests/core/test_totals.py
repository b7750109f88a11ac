"""Each function counts how its jobs ended."""

from __future__ import annotations

from gearman_tx.core import FunctionTotals
from tests.core.conftest import BuildCore
from tests.core.core_fixture import CoreFixture

NOTHING = FunctionTotals(0, 0, 0, 0, 0, 0)


def totals(core: CoreFixture) -> FunctionTotals:
    """Return the totals of the only function."""
    [function] = core.server.snapshots.functions()
    return function.totals


def test_every_end_is_counted_once(core: CoreFixture) -> None:
    """For each way to end."""
    client, worker = core.connection(), core.worker(b"f")
    assert totals(core) == NOTHING
    for _ in range(6):
        client.submit()
    worker.complete(worker.grab())
    worker.fail(worker.grab())
    worker.throw(worker.grab())
    core.server.control.cancel(worker.grab())
    core.server.control.cancel(client.submit())
    client.leave()
    expected = FunctionTotals(7, completed=1, failed=2, cancelled=2, abandoned=2, lost=0)
    assert totals(core) == expected


def test_losses_are_counted_apart_from_ends(build: BuildCore) -> None:
    """A job that is lost too often has failed."""
    core = build(job_retries=2)
    core.connection().submit()
    for _ in range(2):
        worker = core.worker(b"f")
        assert worker.grab()
        worker.leave()
    assert totals(core) == NOTHING._replace(submitted=1, failed=1, lost=2)


def test_a_job_counts_its_tries_and_its_losses(core: CoreFixture) -> None:
    """A try that goes on is no loss."""
    core.connection().submit()
    core.worker(b"f").grab()
    worker = core.worker(b"f")
    [job] = core.server.snapshots.jobs()
    assert (job.tries, job.losses) == (1, 0)
    owner = next(peer for peer in core.server.tables.peers if peer.running)
    core.server.leaving.leave(owner)
    worker.grab()
    [job] = core.server.snapshots.jobs()
    assert (job.tries, job.losses) == (2, 1)


def test_a_joined_submission_makes_no_job(core: CoreFixture) -> None:
    """So it is not counted."""
    client = core.connection()
    client.submit(unique=b"u")
    client.submit(unique=b"u")
    client.promise(unique=b"u")
    assert totals(core) == NOTHING._replace(submitted=1)


def test_a_durable_job_is_counted_when_it_is_stored(durable: CoreFixture) -> None:
    """One that was refused never was a job; one that goes on in the foreground is."""
    client, other = durable.connection(), durable.connection()
    client.promise()
    client.promise(unique=b"u")
    other.submit(unique=b"u")
    durable.take()
    assert totals(durable) == NOTHING
    durable.fail()
    assert totals(durable) == NOTHING._replace(submitted=1)
    client.promise()
    durable.commit()
    assert totals(durable) == NOTHING._replace(submitted=2)


def test_a_dropped_function_cancels_its_jobs(core: CoreFixture) -> None:
    """The function that comes after it under the same name counts from nothing."""
    client = core.connection()
    client.submit()
    core.server.control.drop_function(b"f")
    client.submit()
    assert totals(core) == NOTHING._replace(submitted=1)

"""The durable path: an answer means that the job is stored, and a stored job is not lost."""

from __future__ import annotations

from gearman_tx.core import HIGH, NORMAL, FunctionSettings, JobRecord
from tests.core.conftest import BuildCore
from tests.core.core_fixture import NOON, CoreFixture, losses_of
from tests.core.recording_link import NOOP

FULL = (b"QUEUE_ERROR", b"Job queue is full")
FAILED = (b"QUEUE_ERROR", b"disk full")


def handles(core: CoreFixture) -> set[bytes]:
    """Return the handles of the stored jobs."""
    return {record.handle for record in core.store.rows.values()}


def has_notes(core: CoreFixture) -> bool:
    """Return whether there is something to commit."""
    return not core.server.ledger.is_empty


def test_a_background_submission_is_answered_when_it_is_stored(durable: CoreFixture) -> None:
    """Neither when it arrives nor when the commit begins."""
    client = durable.connection()
    client.promise()
    assert client.answers == [None]
    durable.take()
    assert client.answers == [None]
    durable.settle()
    assert client.answers == [b"H:t:1"]
    assert handles(durable) == {b"H:t:1"}


def test_a_foreground_submission_is_answered_at_once(durable: CoreFixture) -> None:
    """It promises nothing, so nothing is stored."""
    client = durable.connection()
    handle = client.submit()
    assert client.answers == [handle]
    assert not has_notes(durable)


def test_a_queue_in_memory_notes_nothing(core: CoreFixture) -> None:
    """Through all that happens to its background jobs."""
    client, worker = core.connection(), core.worker(b"f")
    for end in (worker.complete, worker.fail):
        assert client.promise()
        end(worker.grab())
    client.promise()
    worker.grab()
    worker.leave()
    core.server.control.configure(b"f", FunctionSettings((1, 1, 1)))
    assert not has_notes(core)
    assert not core.server.ledger.has_submissions


def test_no_worker_gets_a_job_that_is_not_stored(durable: CoreFixture) -> None:
    """Nor is one woken for it, until it is."""
    worker = durable.sleeper(b"f")
    durable.connection().promise()
    assert worker.grab() == b""
    worker.sleep()
    durable.take()
    assert worker.grab() == b""
    worker.sleep()
    durable.settle()
    assert worker.heard() == [(NOOP,)]
    assert worker.grab() == b"H:t:1"


def test_reports_do_not_show_a_job_that_is_not_stored(durable: CoreFixture) -> None:
    """Its function counts it neither as queued nor in its total."""
    durable.connection().promise()
    assert list(durable.server.snapshots.jobs()) == []
    [function] = durable.server.snapshots.functions()
    assert (function.total, function.normal) == (0, 0)


def test_a_job_for_later_waits_from_when_it_is_stored(durable: CoreFixture) -> None:
    """And is stored with its time."""
    durable.connection().promise(due=NOON + 10)
    durable.commit()
    assert durable.counts(b"f") == (0, 0, 1)
    [record] = durable.store.rows.values()
    assert record.due == NOON + 10


def test_a_job_that_became_due_while_it_was_stored_runs_at_once(durable: CoreFixture) -> None:
    """The commit took longer than the wait."""
    durable.connection().promise(due=NOON + 1)
    durable.take()
    durable.wait(2)
    durable.settle()
    assert durable.counts(b"f") == (1, 0, 0)


def test_a_record_is_everything_about_a_job(durable: CoreFixture) -> None:
    """Handle, function, unique, priority, workload, reducer, time, retries, submission."""
    client = durable.connection()
    client.submit(b"f", b"\0w", unique=b"u", priority=HIGH, background=True, reducer=b"r")
    client.promise(b"g", b"", due=NOON + 5)
    batch = durable.take()
    assert list(batch.added) == [
        JobRecord(1, b"H:t:1", b"f", b"u", HIGH, b"\0w", b"r", 0.0, 0, NOON),
        JobRecord(2, b"H:t:2", b"g", b"", NORMAL, b"", None, NOON + 5, 0, NOON),
    ]
    durable.settle()


def test_what_is_noted_during_a_commit_is_the_next_batch(durable: CoreFixture) -> None:
    """No submission waits for a commit to begin."""
    client = durable.connection()
    client.promise()
    assert durable.server.ledger.has_submissions
    durable.take()
    assert not has_notes(durable)
    client.promise()
    assert has_notes(durable)
    durable.settle()
    assert client.answers == [b"H:t:1", None]
    assert [record.handle for record in durable.commit().added] == [b"H:t:2"]
    assert client.answers == [b"H:t:1", b"H:t:2"]
    assert not has_notes(durable)


def test_pipelined_submissions_count_towards_the_limit(durable: CoreFixture) -> None:
    """A burst that is not stored yet cannot pass the limit, and the refusals come in order."""
    durable.server.control.configure(b"f", FunctionSettings((0, 3, 1)))
    client = durable.connection()
    for _ in range(4):
        client.promise()
    client.submit(priority=2)
    assert client.answers == [None, None, None, FULL, FULL]
    durable.commit()
    assert client.answers == [b"H:t:1", b"H:t:2", b"H:t:3", FULL, FULL]


def test_jobs_stay_in_the_order_of_their_submission(durable: CoreFixture) -> None:
    """Over several commits."""
    client, worker = durable.connection(), durable.worker(b"f")
    for size in (3, 1, 2):
        for _ in range(size):
            client.promise()
        durable.commit()
    assert [worker.grab() for _ in range(6)] == client.answers


# Endings


def test_the_end_of_a_stored_job_is_stored(durable: CoreFixture) -> None:
    """Complete, failed, thrown or cancelled."""
    client, worker = durable.connection(), durable.worker(b"f")
    ends = (worker.complete, worker.fail, worker.throw, durable.server.control.cancel)
    for number, end in enumerate(ends, 1):
        client.promise()
        durable.commit()
        end(worker.grab())
        assert list(durable.commit().finished) == [number]
        assert durable.store.rows == {}


def test_a_job_that_is_given_up_is_removed_from_the_store(build: BuildCore) -> None:
    """The retry limit ends it as a result would."""
    core = build(durable=True, job_retries=1)
    core.connection().promise()
    core.commit()
    worker = core.worker(b"f")
    worker.grab()
    worker.leave()
    batch = core.commit()
    assert (list(batch.finished), losses_of(batch)) == ([1], {})
    assert core.store.rows == {}


def test_a_job_that_ends_while_it_is_stored_is_removed_by_the_next_batch(
    durable: CoreFixture,
) -> None:
    """It is never stored without its end."""
    client, worker = durable.connection(), durable.worker(b"f")
    client.submit(unique=b"u")
    worker.grab()
    client.promise(unique=b"u")
    durable.take()
    worker.complete(b"H:t:1")
    durable.settle()
    assert client.answers == [b"H:t:1", b"H:t:1"]
    assert list(durable.commit().finished) == [1]
    assert durable.store.rows == {}


def test_a_job_that_ends_before_it_is_stored_is_not_stored(durable: CoreFixture) -> None:
    """Its background submission is answered all the same: the job ran."""
    client, worker = durable.connection(), durable.worker(b"f")
    client.submit(unique=b"u")
    worker.grab()
    client.promise(unique=b"u")
    worker.complete(b"H:t:1")
    batch = durable.take()
    assert (list(batch.added), list(batch.finished)) == ([], [])
    durable.settle()
    assert client.answers == [b"H:t:1", b"H:t:1"]
    assert not has_notes(durable)


def test_retries_of_a_stored_job_are_stored(durable: CoreFixture) -> None:
    """A server that starts again goes on counting."""
    durable.connection().promise()
    durable.commit()
    for count in (1, 2):
        worker = durable.worker(b"f")
        worker.grab()
        worker.leave()
        assert losses_of(durable.commit()) == {1: count}
        assert durable.store.rows[1].losses == count


def test_retries_before_a_job_is_stored_are_stored_with_it(durable: CoreFixture) -> None:
    """There is no row to update yet."""
    client, worker = durable.connection(), durable.worker(b"f")
    client.submit(unique=b"u")
    client.promise(unique=b"u")
    worker.grab()
    worker.leave()
    batch = durable.commit()
    assert losses_of(batch) == {}
    assert [record.losses for record in batch.added] == [1]


def test_a_foreground_jobs_end_and_retries_are_not_noted(durable: CoreFixture) -> None:
    """The store does not know it."""
    client, worker = durable.connection(), durable.worker(b"f")
    client.submit()
    worker.grab()
    worker.leave()
    other = durable.worker(b"f")
    other.complete(other.grab())
    assert not has_notes(durable)


def test_an_ended_jobs_retries_are_not_noted(durable: CoreFixture) -> None:
    """An ended job is removed, regardless of earlier notes."""
    durable.connection().promise()
    durable.commit()
    lost, worker = durable.worker(b"f"), durable.worker(b"f")
    lost.grab()
    lost.leave()
    worker.complete(worker.grab())
    batch = durable.commit()
    assert (losses_of(batch), list(batch.finished)) == ({}, [1])

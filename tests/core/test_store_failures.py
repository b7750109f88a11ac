"""A store that cannot write, or lost its contents: what is refused, and what is kept."""

from __future__ import annotations

import pytest

from gearman_tx.core import FunctionSettings
from gearman_tx.wire import IS_COMPILED
from tests.core.core_fixture import NOON, CoreFixture, limits_of, losses_of

FAILED = (b"QUEUE_ERROR", b"disk full")


def has_notes(core: CoreFixture) -> bool:
    """Return whether there is something to commit."""
    return not core.server.ledger.is_empty


def test_a_job_that_could_not_be_stored_is_refused_and_forgotten(
    durable: CoreFixture,
) -> None:
    """With the reason; a new submission of the same unique starts from scratch."""
    client = durable.connection()
    client.promise(unique=b"u")
    durable.take()
    durable.fail(b"disk full")
    assert client.answers == [FAILED]
    assert not durable.server.tables.jobs
    client.promise(unique=b"u")
    durable.commit()
    assert client.answers == [FAILED, b"H:t:2"]


def test_every_joiner_of_a_job_that_could_not_be_stored_is_refused(durable: CoreFixture) -> None:
    """They have no promise yet."""
    first, second = durable.connection(), durable.connection()
    first.promise(unique=b"u")
    second.promise(unique=b"u")
    durable.take()
    first.promise(unique=b"u")
    durable.fail()
    assert first.answers + second.answers == [FAILED] * 3


def test_a_job_with_a_foreground_joiner_goes_on_without_the_store(durable: CoreFixture) -> None:
    """The background submitter is refused, the other client gets its result."""
    first, second = durable.connection(), durable.connection()
    first.promise(unique=b"u")
    second.submit(unique=b"u")
    durable.take()
    durable.fail()
    assert first.answers == [FAILED]
    worker = durable.worker(b"f")
    worker.complete(worker.grab())
    assert second.heard() == [(b"WORK_COMPLETE", b"H:t:1", b"done")]
    assert not has_notes(durable)


def test_a_delayed_foreground_job_is_made_durable_with_its_time(durable: CoreFixture) -> None:
    """The second background submission stores what the first one asked for."""
    first, second = durable.connection(), durable.connection()
    first.promise(unique=b"u", due=NOON + 60)
    second.submit(unique=b"u")
    durable.take()
    durable.fail()
    first.promise(unique=b"u")
    [record] = durable.commit().added
    assert record.due == NOON + 60
    assert first.answers == [FAILED, b"H:t:1"]


def test_a_delayed_job_with_a_foreground_joiner_goes_on_delayed(durable: CoreFixture) -> None:
    """And is dropped at once when that client leaves."""
    first, second = durable.connection(), durable.connection()
    first.promise(unique=b"u", due=NOON + 60)
    second.submit(unique=b"u")
    durable.take()
    durable.fail()
    assert durable.counts(b"f") == (0, 0, 1)
    second.leave()
    assert not durable.server.tables.jobs


def test_a_foreground_job_that_could_not_be_made_durable_stays_foreground(
    durable: CoreFixture,
) -> None:
    """It is dropped with its client; a later background joiner tries again."""
    first, second = durable.connection(), durable.connection()
    first.submit(unique=b"u")
    second.promise(unique=b"u")
    durable.take()
    durable.fail()
    assert second.answers == [FAILED]
    second.promise(unique=b"u")
    durable.take()
    durable.fail()
    assert second.answers == [FAILED, FAILED]
    first.leave()
    assert not durable.server.tables.jobs


def test_a_foreground_job_whose_client_left_meanwhile_is_dropped(durable: CoreFixture) -> None:
    """When its commit fails, so that no client was promised it."""
    first, second = durable.connection(), durable.connection()
    first.submit(unique=b"u")
    second.promise(unique=b"u")
    durable.take()
    first.leave()
    assert durable.counts(b"f") == (1, 0, 0)
    durable.fail()
    assert not durable.server.tables.jobs


def test_a_running_job_whose_promise_failed_runs_on(durable: CoreFixture) -> None:
    """But it is not queued again when its worker is lost."""
    first, second, worker = durable.connection(), durable.connection(), durable.worker(b"f")
    first.submit(unique=b"u")
    second.promise(unique=b"u")
    worker.grab()
    durable.take()
    first.leave()
    durable.fail()
    assert durable.counts(b"f") == (0, 1, 0)
    worker.leave()
    assert not durable.server.tables.jobs


def test_a_job_that_ended_before_its_commit_failed_is_refused(durable: CoreFixture) -> None:
    """The promise could not be kept; that the job ran is another matter."""
    client, worker = durable.connection(), durable.worker(b"f")
    client.submit(unique=b"u")
    worker.grab()
    client.promise(unique=b"u")
    durable.take()
    worker.complete(b"H:t:1")
    durable.fail()
    assert client.answers == [b"H:t:1", FAILED]
    durable.commit()
    assert durable.store.rows == {}


def test_ends_retries_and_limits_of_a_failed_batch_go_into_the_next(durable: CoreFixture) -> None:
    """In their order; later notes win."""
    client, worker = durable.connection(), durable.worker(b"f")
    for _ in range(3):
        client.promise()
    durable.commit()
    worker.complete(worker.grab())
    worker.grab()
    worker.grab()
    worker.leave()
    durable.server.control.configure(b"f", FunctionSettings((1, 1, 1)))
    durable.server.control.configure(b"g", FunctionSettings((2, 2, 2)))
    durable.take()
    again = durable.worker(b"f")
    again.complete(again.grab())
    again.grab()
    again.leave()
    durable.server.control.configure(b"f", FunctionSettings((3, 3, 3)))
    durable.fail()
    batch = durable.commit()
    assert list(batch.finished) == [1, 3]
    assert losses_of(batch)[2] == 2
    assert limits_of(batch.settings) == {b"f": (3, 3, 3), b"g": (2, 2, 2)}
    assert {number: record.losses for number, record in durable.store.rows.items()} == {2: 2}


@pytest.mark.parametrize("joined", [None, {1: b"H:other:77"}])
def test_retries_of_a_job_that_is_not_stored_are_forgotten(
    durable: CoreFixture, joined: dict[int, bytes] | None
) -> None:
    """They would overwrite the count with which it is stored later."""
    client, other = durable.connection(), durable.connection()
    client.submit(unique=b"u")
    other.promise(unique=b"u")
    durable.take()
    lost = durable.worker(b"f")
    lost.grab()
    lost.leave()
    if joined is None:
        durable.fail()
    else:
        durable.settle(joined)
    other.promise(unique=b"u")
    lost = durable.worker(b"f")
    lost.grab()
    lost.leave()
    batch = durable.commit()
    assert losses_of(batch) == {}
    assert durable.store.rows[1].losses == 2


def test_a_store_that_lost_everything_is_given_everything_again(durable: CoreFixture) -> None:
    """Every live background job with its time and retries, and every limit that was set."""
    client, worker = durable.connection(), durable.worker(b"f")
    client.promise(b"f")
    client.promise(b"g", unique=b"u")
    client.promise(b"g", due=NOON + 60)
    client.submit(b"g")
    durable.server.control.configure(b"g", FunctionSettings((9, 9, 9)))
    durable.server.control.create_function(b"h")
    durable.commit()
    worker.grab()
    worker.leave()
    durable.commit()
    before = dict(durable.store.rows)
    durable.store.rows.clear()
    durable.store.settings.clear()
    client.promise(b"g")
    durable.take()
    client.promise(b"h")
    durable.fail()
    durable.server.ledger.store_again()
    assert has_notes(durable)
    durable.take()
    durable.fail()
    durable.commit()
    assert {n: row for n, row in durable.store.rows.items() if n in before} == before
    assert limits_of(durable.store.settings) == {b"g": (9, 9, 9)}
    assert not has_notes(durable)


def test_noted_jobs_are_not_stored_twice(durable: CoreFixture) -> None:
    """A submission that waits, and one that was put back."""
    client = durable.connection()
    client.promise()
    durable.take()
    client.promise()
    durable.put_back()
    durable.server.ledger.store_again()
    assert [record.id for record in durable.commit().added] == [1, 2]


def test_a_job_that_ends_before_it_is_stored_again_is_not_stored(durable: CoreFixture) -> None:
    """Its end is noted as ever."""
    client, worker = durable.connection(), durable.worker(b"f")
    client.promise()
    durable.commit()
    durable.store.rows.clear()
    durable.server.ledger.store_again()
    worker.complete(worker.grab())
    durable.commit()
    assert durable.store.rows == {}


@pytest.mark.skipif(IS_COMPILED, reason="a compiled constant cannot be changed")
def test_a_store_that_lost_much_is_given_it_in_slices(
    durable: CoreFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So new submissions need not wait for all of it; what ends meanwhile is not stored."""
    monkeypatch.setattr("gearman_tx.core.ledger.AGAIN_A_BATCH", 2)
    client, worker = durable.connection(), durable.worker(b"f")
    for _ in range(5):
        client.promise()
    durable.commit()
    before = dict(durable.store.rows)
    durable.store.rows.clear()
    durable.server.ledger.store_again()
    client.promise()
    assert [record.id for record in durable.commit().added] == [1, 2, 6]
    assert client.answers[5] == b"H:t:6"
    durable.take()
    durable.fail()
    worker.complete(worker.grab())
    assert [record.id for record in durable.commit().added] == [3, 4]
    assert [record.id for record in durable.commit().added] == [5]
    assert not has_notes(durable)
    del before[1]
    assert {n: row for n, row in durable.store.rows.items() if n < 6} == before


def test_a_batch_may_be_put_back_whole(durable: CoreFixture) -> None:
    """No submission is refused; the next batch brings the answers, in their order."""
    client, worker = durable.connection(), durable.worker(b"f")
    client.promise()
    client.promise()
    durable.commit()
    worker.complete(worker.grab())
    worker.grab()
    worker.leave()
    durable.server.control.configure(b"f", FunctionSettings((9, 9, 9)))
    client.promise(unique=b"u")
    durable.take()
    client.promise(unique=b"v")
    client.promise(unique=b"u")
    durable.put_back()
    assert client.answers[2:] == [None, None, None]
    batch = durable.commit()
    assert client.answers[2:] == [b"H:t:3", b"H:t:4", b"H:t:3"]
    assert [record.handle for record in batch.added] == [b"H:t:3", b"H:t:4"]
    assert (list(batch.finished), losses_of(batch)) == ([1], {2: 1})
    assert limits_of(batch.settings) == {b"f": (9, 9, 9)}
    assert not has_notes(durable)


def test_a_job_that_ended_before_its_batch_was_put_back_is_not_stored(durable: CoreFixture) -> None:
    """Its submission is answered with the next batch all the same."""
    client, worker = durable.connection(), durable.worker(b"f")
    client.submit(unique=b"u")
    worker.grab()
    client.promise(unique=b"u")
    durable.take()
    worker.complete(b"H:t:1")
    durable.put_back()
    assert list(durable.commit().added) == []
    assert client.answers == [b"H:t:1", b"H:t:1"]
    assert durable.store.rows == {}


def test_retries_of_a_job_that_was_put_back_are_in_its_record(durable: CoreFixture) -> None:
    """An older count beside it would overwrite them."""
    client, other = durable.connection(), durable.connection()
    client.submit(unique=b"u")
    other.promise(unique=b"u")
    durable.take()
    for is_put_back in (True, False):
        lost = durable.worker(b"f")
        lost.grab()
        lost.leave()
        if is_put_back:
            durable.put_back()
    batch = durable.commit()
    assert losses_of(batch) == {}
    assert durable.store.rows[1].losses == 2


def test_submissions_may_be_refused_before_they_are_tried(durable: CoreFixture) -> None:
    """While the store cannot write; the batch in flight is not refused."""
    client, worker = durable.connection(), durable.worker(b"f")
    client.promise()
    durable.commit()
    worker.complete(worker.grab())
    client.promise(unique=b"u")
    durable.take()
    client.promise(unique=b"v")
    client.promise(unique=b"u")
    durable.refuse()
    assert client.answers[1:] == [None, FAILED, None]
    assert not durable.server.snapshots.status_by_unique(b"v").known
    durable.settle()
    assert client.answers[1:] == [b"H:t:2", FAILED, b"H:t:2"]
    assert not has_notes(durable)


def test_a_refused_job_may_have_ended_already(durable: CoreFixture) -> None:
    """A foreground job that a background submission joined."""
    client, worker = durable.connection(), durable.worker(b"f")
    client.submit(unique=b"u")
    worker.grab()
    client.promise(unique=b"u")
    worker.complete(b"H:t:1")
    durable.refuse()
    assert client.answers == [b"H:t:1", FAILED]


def test_the_ledger_counts_waiting_submissions_and_ended_jobs(durable: CoreFixture) -> None:
    """For reports and for the log."""
    ledger = durable.server.ledger
    client, worker = durable.connection(), durable.worker(b"f")
    assert (ledger.waiting, ledger.ended) == (0, 0)
    client.promise(unique=b"u")
    durable.take()
    client.promise(unique=b"u")
    client.promise()
    assert (ledger.waiting, ledger.ended) == (3, 0)
    durable.settle()
    worker.complete(worker.grab())
    assert (ledger.waiting, ledger.ended) == (1, 1)
    durable.commit()
    assert (ledger.waiting, ledger.ended) == (0, 0)

"""The durable path: an answer means that the job is stored, and a stored job is not lost."""

from __future__ import annotations

import pytest

from gearman_tx.core import HIGH, NORMAL, Batch, JobRecord
from tests.core.house import NOON, FakeStore, House
from tests.core.port import NOOP, WORK_FAIL

FULL = (b"QUEUE_ERROR", b"Job queue is full")
FAILED = (b"QUEUE_ERROR", b"disk full")


def handles(house: House) -> set[bytes]:
    """Return the handles of the stored jobs."""
    return {record.handle for record in house.store.rows.values()}


def has_notes(house: House) -> bool:
    """Return whether there is something to commit."""
    return not house.server.ledger.is_empty


# What waits for what


def test_a_background_submission_is_answered_when_it_is_stored(durable: House) -> None:
    """Neither when it arrives nor when the commit begins."""
    client = durable.guest()
    client.promise()
    assert client.answers == [None]
    durable.take()
    assert client.answers == [None]
    durable.settle()
    assert client.answers == [b"H:t:1"]
    assert handles(durable) == {b"H:t:1"}


def test_a_foreground_submission_is_answered_at_once(durable: House) -> None:
    """It promises nothing, so nothing is stored."""
    client = durable.guest()
    handle = client.submit()
    assert client.answers == [handle]
    assert not has_notes(durable)


def test_a_queue_in_memory_notes_nothing(house: House) -> None:
    """Whatever happens to its background jobs."""
    client, worker = house.guest(), house.worker(b"f")
    for end in (worker.complete, worker.fail):
        assert client.promise()
        end(worker.grab())
    client.promise()
    worker.grab()
    worker.leave()
    house.server.control.set_max_queue(b"f", (1, 1, 1))
    assert not has_notes(house)
    assert not house.server.ledger.has_submissions


def test_no_worker_gets_a_job_that_is_not_stored(durable: House) -> None:
    """Nor is one woken for it, until it is."""
    worker = durable.sleeper(b"f")
    durable.guest().promise()
    assert worker.grab() == b""
    worker.sleep()
    durable.take()
    assert worker.grab() == b""
    worker.sleep()
    durable.settle()
    assert worker.heard() == [(NOOP,)]
    assert worker.grab() == b"H:t:1"


def test_reports_do_not_show_a_job_that_is_not_stored(durable: House) -> None:
    """Its function counts it neither as queued nor in its total."""
    durable.guest().promise()
    assert list(durable.server.snapshots.jobs()) == []
    [function] = durable.server.snapshots.functions()
    assert (function.total, function.normal) == (0, 0)


def test_a_job_for_later_waits_from_when_it_is_stored(durable: House) -> None:
    """And is stored with its time."""
    durable.guest().promise(due=NOON + 10)
    durable.commit()
    assert durable.counts(b"f") == (0, 0, 1)
    [record] = durable.store.rows.values()
    assert record.due == NOON + 10


def test_a_job_that_became_due_while_it_was_stored_runs_at_once(durable: House) -> None:
    """The commit took longer than the wait."""
    durable.guest().promise(due=NOON + 1)
    durable.take()
    durable.wait(2)
    durable.settle()
    assert durable.counts(b"f") == (1, 0, 0)


def test_a_record_is_everything_about_a_job(durable: House) -> None:
    """Handle, function, unique, priority, workload, reducer, time, retries, submission."""
    client = durable.guest()
    client.submit(b"f", b"\0w", unique=b"u", priority=HIGH, background=True, reducer=b"r")
    client.promise(b"g", b"", due=NOON + 5)
    batch = durable.take()
    assert list(batch.added) == [
        JobRecord(1, b"H:t:1", b"f", b"u", HIGH, b"\0w", b"r", 0.0, 0, NOON),
        JobRecord(2, b"H:t:2", b"g", b"", NORMAL, b"", None, NOON + 5, 0, NOON),
    ]
    assert batch.next_id == 3
    durable.settle()


def test_what_is_noted_during_a_commit_is_the_next_batch(durable: House) -> None:
    """Nobody waits for a commit to begin."""
    client = durable.guest()
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


def test_pipelined_submissions_count_towards_the_limit(durable: House) -> None:
    """A burst that is not stored yet cannot pass the limit, and the refusals come in order."""
    durable.server.control.set_max_queue(b"f", (0, 3, 1))
    client = durable.guest()
    for _ in range(4):
        client.promise()
    client.submit(priority=2)
    assert client.answers == [None, None, None, FULL, FULL]
    durable.commit()
    assert client.answers == [b"H:t:1", b"H:t:2", b"H:t:3", FULL, FULL]


def test_jobs_stay_in_the_order_of_their_submission(durable: House) -> None:
    """Over several commits."""
    client, worker = durable.guest(), durable.worker(b"f")
    for size in (3, 1, 2):
        for _ in range(size):
            client.promise()
        durable.commit()
    assert [worker.grab() for _ in range(6)] == client.answers


# Several submissions of one job


def test_a_joiner_of_a_job_that_is_being_stored_waits_too(durable: House) -> None:
    """Whether the commit began or not."""
    first, second, third = durable.guest(), durable.guest(), durable.guest()
    first.promise(unique=b"u")
    second.promise(unique=b"u")
    durable.take()
    third.promise(unique=b"u")
    assert second.answers + third.answers == [None, None]
    durable.settle()
    assert first.answers + second.answers + third.answers == [b"H:t:1"] * 3


def test_a_joiner_of_a_stored_job_is_answered_at_once(durable: House) -> None:
    """There is nothing left to wait for."""
    client = durable.guest()
    client.promise(unique=b"u")
    durable.commit()
    assert client.promise(unique=b"u") == b"H:t:1"


def test_answers_come_in_the_order_of_the_submissions(durable: House) -> None:
    """Also when a later one joins an earlier job: clients match answers by order."""
    client = durable.guest()
    client.promise(unique=b"u")
    client.promise(unique=b"v")
    client.promise(unique=b"u")
    client.promise(unique=b"v")
    durable.commit()
    assert client.answers == [b"H:t:1", b"H:t:2", b"H:t:1", b"H:t:2"]


def test_answers_come_in_order_over_two_commits(durable: House) -> None:
    """A joiner of the first commit's job waits for what was submitted before it."""
    client, other = durable.guest(), durable.guest()
    client.promise(unique=b"u")
    durable.take()
    client.promise(unique=b"v")
    client.promise(unique=b"u")
    durable.settle()
    assert client.answers == [b"H:t:1", None, None]
    other.promise(unique=b"w")
    durable.take()
    assert other.answers == [None]
    durable.settle()
    assert client.answers == [b"H:t:1", b"H:t:2", b"H:t:1"]
    assert other.answers == [b"H:t:3"]


def test_refusals_come_in_order_over_two_commits(durable: House) -> None:
    """A joiner of a job that could not be stored is refused in its turn."""
    client = durable.guest()
    client.promise(unique=b"u")
    durable.take()
    client.promise(unique=b"v")
    client.promise(unique=b"u")
    durable.fail()
    assert client.answers == [FAILED, None, None]
    durable.commit()
    assert client.answers == [FAILED, b"H:t:2", FAILED]


def test_a_background_joiner_makes_a_foreground_job_durable(durable: House) -> None:
    """In the C server nothing is stored, and the job is lost with its first client."""
    first, second = durable.guest(), durable.guest()
    handle = first.submit(unique=b"u")
    second.promise(unique=b"u")
    assert second.answers == [None]
    durable.commit()
    assert second.answers == [handle]
    assert handles(durable) == {handle}
    first.leave()
    assert durable.worker(b"f").grab() == handle


def test_a_foreground_job_stays_in_its_place_while_it_is_made_durable(durable: House) -> None:
    """A worker may have it before, during and after."""
    first, second = durable.guest(), durable.guest()
    worker = durable.worker(b"f")
    handle = first.submit(unique=b"u")
    second.promise(unique=b"u")
    assert worker.grab() == handle
    durable.commit()
    assert durable.counts(b"f") == (0, 1, 0)


def test_a_foreground_joiner_is_answered_at_once(durable: House) -> None:
    """It promises nothing; the front keeps its answer behind those before it."""
    first, second = durable.guest(), durable.guest()
    first.promise(unique=b"u")
    assert second.submit(unique=b"u") == b"H:t:1"
    durable.commit()
    worker = durable.worker(b"f")
    worker.complete(worker.grab())
    assert second.heard() == [(b"WORK_COMPLETE", b"H:t:1", b"done")]


def test_a_client_that_left_is_no_reason_not_to_store(durable: House) -> None:
    """It may have sent its job and gone."""
    client = durable.guest()
    client.promise()
    client.leave()
    durable.commit()
    assert durable.worker(b"f").grab() == b"H:t:1"


def test_a_foreground_joiner_that_left_is_no_reason_either(durable: House) -> None:
    """The job is promised to somebody else."""
    first, second = durable.guest(), durable.guest()
    first.promise(unique=b"u")
    second.submit(unique=b"u")
    second.leave()
    durable.commit()
    assert durable.worker(b"f").grab() == b"H:t:1"


# Endings


def test_the_end_of_a_stored_job_is_stored(durable: House) -> None:
    """Complete, failed, thrown or cancelled."""
    client, worker = durable.guest(), durable.worker(b"f")
    ends = (worker.complete, worker.fail, worker.throw, durable.server.control.cancel)
    for number, end in enumerate(ends, 1):
        client.promise()
        durable.commit()
        end(worker.grab())
        assert list(durable.commit().finished) == [number]
        assert durable.store.rows == {}


def test_a_job_that_ends_while_it_is_stored_is_removed_by_the_next_batch(durable: House) -> None:
    """It is never stored without its end."""
    client, worker = durable.guest(), durable.worker(b"f")
    client.submit(unique=b"u")
    worker.grab()
    client.promise(unique=b"u")
    durable.take()
    worker.complete(b"H:t:1")
    durable.settle()
    assert client.answers == [b"H:t:1", b"H:t:1"]
    assert list(durable.commit().finished) == [1]
    assert durable.store.rows == {}


def test_a_job_that_ends_before_it_is_stored_is_not_stored(durable: House) -> None:
    """Its background submission is answered all the same: the job ran."""
    client, worker = durable.guest(), durable.worker(b"f")
    client.submit(unique=b"u")
    worker.grab()
    client.promise(unique=b"u")
    worker.complete(b"H:t:1")
    batch = durable.take()
    assert (list(batch.added), list(batch.finished)) == ([], [])
    durable.settle()
    assert client.answers == [b"H:t:1", b"H:t:1"]
    assert not has_notes(durable)


def test_retries_of_a_stored_job_are_stored(durable: House) -> None:
    """A server that starts anew goes on counting."""
    durable.guest().promise()
    durable.commit()
    for count in (1, 2):
        worker = durable.worker(b"f")
        worker.grab()
        worker.leave()
        assert durable.commit().retries == {1: count}
        assert durable.store.rows[1].retries == count


def test_retries_before_a_job_is_stored_are_stored_with_it(durable: House) -> None:
    """There is no row to update yet."""
    client, worker = durable.guest(), durable.worker(b"f")
    client.submit(unique=b"u")
    client.promise(unique=b"u")
    worker.grab()
    worker.leave()
    batch = durable.commit()
    assert batch.retries == {}
    assert [record.retries for record in batch.added] == [1]


def test_a_foreground_jobs_end_and_retries_are_not_noted(durable: House) -> None:
    """The store does not know it."""
    client, worker = durable.guest(), durable.worker(b"f")
    client.submit()
    worker.grab()
    worker.leave()
    other = durable.worker(b"f")
    other.complete(other.grab())
    assert not has_notes(durable)


def test_an_ended_jobs_retries_are_not_noted(durable: House) -> None:
    """What ends is removed, whatever was noted before."""
    durable.guest().promise()
    durable.commit()
    lost, worker = durable.worker(b"f"), durable.worker(b"f")
    lost.grab()
    lost.leave()
    worker.complete(worker.grab())
    batch = durable.commit()
    assert (batch.retries, list(batch.finished)) == ({}, [1])


# A store that fails


def test_what_could_not_be_stored_is_refused_and_forgotten(durable: House) -> None:
    """With the reason; a new submission of the same unique starts afresh."""
    client = durable.guest()
    client.promise(unique=b"u")
    durable.take()
    durable.fail(b"disk full")
    assert client.answers == [FAILED]
    assert durable.server.tables.jobs == {}
    client.promise(unique=b"u")
    durable.commit()
    assert client.answers == [FAILED, b"H:t:2"]


def test_every_joiner_of_what_could_not_be_stored_is_refused(durable: House) -> None:
    """They were promised nothing yet."""
    first, second = durable.guest(), durable.guest()
    first.promise(unique=b"u")
    second.promise(unique=b"u")
    durable.take()
    first.promise(unique=b"u")
    durable.fail()
    assert first.answers + second.answers == [FAILED] * 3


def test_a_job_with_a_foreground_joiner_goes_on_without_the_store(durable: House) -> None:
    """The background submitter is refused, the other client gets its result."""
    first, second = durable.guest(), durable.guest()
    first.promise(unique=b"u")
    second.submit(unique=b"u")
    durable.take()
    durable.fail()
    assert first.answers == [FAILED]
    worker = durable.worker(b"f")
    worker.complete(worker.grab())
    assert second.heard() == [(b"WORK_COMPLETE", b"H:t:1", b"done")]
    assert not has_notes(durable)


def test_a_delayed_foreground_job_is_made_durable_with_its_time(durable: House) -> None:
    """The second background submission stores what the first one asked for."""
    first, second = durable.guest(), durable.guest()
    first.promise(unique=b"u", due=NOON + 60)
    second.submit(unique=b"u")
    durable.take()
    durable.fail()
    first.promise(unique=b"u")
    [record] = durable.commit().added
    assert record.due == NOON + 60
    assert first.answers == [FAILED, b"H:t:1"]


def test_a_delayed_job_with_a_foreground_joiner_goes_on_delayed(durable: House) -> None:
    """And is dropped at once when that client leaves."""
    first, second = durable.guest(), durable.guest()
    first.promise(unique=b"u", due=NOON + 60)
    second.submit(unique=b"u")
    durable.take()
    durable.fail()
    assert durable.counts(b"f") == (0, 0, 1)
    second.leave()
    assert durable.server.tables.jobs == {}


def test_a_foreground_job_that_could_not_be_made_durable_stays_foreground(durable: House) -> None:
    """It is dropped with its client; a later background joiner tries again."""
    first, second = durable.guest(), durable.guest()
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
    assert durable.server.tables.jobs == {}


def test_a_foreground_job_whose_client_left_meanwhile_is_dropped(durable: House) -> None:
    """When it turns out that nobody was promised it."""
    first, second = durable.guest(), durable.guest()
    first.submit(unique=b"u")
    second.promise(unique=b"u")
    durable.take()
    first.leave()
    assert durable.counts(b"f") == (1, 0, 0)
    durable.fail()
    assert durable.server.tables.jobs == {}


def test_a_running_job_that_nobody_was_promised_runs_on(durable: House) -> None:
    """But it is not queued again when its worker is lost."""
    first, second, worker = durable.guest(), durable.guest(), durable.worker(b"f")
    first.submit(unique=b"u")
    second.promise(unique=b"u")
    worker.grab()
    durable.take()
    first.leave()
    durable.fail()
    assert durable.counts(b"f") == (0, 1, 0)
    worker.leave()
    assert durable.server.tables.jobs == {}


def test_a_job_that_ended_before_its_commit_failed_is_refused(durable: House) -> None:
    """The promise could not be kept; that the job ran is another matter."""
    client, worker = durable.guest(), durable.worker(b"f")
    client.submit(unique=b"u")
    worker.grab()
    client.promise(unique=b"u")
    durable.take()
    worker.complete(b"H:t:1")
    durable.fail()
    assert client.answers == [b"H:t:1", FAILED]
    durable.commit()
    assert durable.store.rows == {}


def test_ends_retries_and_limits_of_a_failed_batch_go_into_the_next(durable: House) -> None:
    """In their order, and what was noted later wins."""
    client, worker = durable.guest(), durable.worker(b"f")
    for _ in range(3):
        client.promise()
    durable.commit()
    worker.complete(worker.grab())
    worker.grab()
    worker.grab()
    worker.leave()
    durable.server.control.set_max_queue(b"f", (1, 1, 1))
    durable.server.control.set_max_queue(b"g", (2, 2, 2))
    durable.take()
    again = durable.worker(b"f")
    again.complete(again.grab())
    again.grab()
    again.leave()
    durable.server.control.set_max_queue(b"f", (3, 3, 3))
    durable.fail()
    batch = durable.commit()
    assert list(batch.finished) == [1, 3]
    assert batch.retries[2] == 2
    assert batch.max_queue == {b"f": (3, 3, 3), b"g": (2, 2, 2)}
    assert {number: record.retries for number, record in durable.store.rows.items()} == {2: 2}


@pytest.mark.parametrize("joined", [None, {1: b"H:other:77"}])
def test_retries_of_a_job_that_is_not_stored_are_forgotten(
    durable: House, joined: dict[int, bytes] | None
) -> None:
    """They would overwrite the count with which it is stored later."""
    client, other = durable.guest(), durable.guest()
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
    assert batch.retries == {}
    assert durable.store.rows[1].retries == 2


def test_a_store_that_lost_everything_is_given_everything_again(durable: House) -> None:
    """Every live background job with its time and retries, and every limit that was set."""
    client, worker = durable.guest(), durable.worker(b"f")
    client.promise(b"f")
    client.promise(b"g", unique=b"u")
    client.promise(b"g", due=NOON + 60)
    client.submit(b"g")
    durable.server.control.set_max_queue(b"g", (9, 9, 9))
    durable.server.control.create_function(b"h")
    durable.commit()
    worker.grab()
    worker.leave()
    durable.commit()
    before = dict(durable.store.rows)
    durable.store.rows.clear()
    durable.store.max_queue.clear()
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
    assert durable.store.max_queue == {b"g": (9, 9, 9)}
    assert not has_notes(durable)


def test_what_ends_before_it_is_stored_again_is_not(durable: House) -> None:
    """Its end is noted as ever."""
    client, worker = durable.guest(), durable.worker(b"f")
    client.promise()
    durable.commit()
    durable.store.rows.clear()
    durable.server.ledger.store_again()
    worker.complete(worker.grab())
    durable.commit()
    assert durable.store.rows == {}


def test_a_store_that_lost_much_is_given_it_in_slices(
    durable: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So new submissions need not wait for all of it; what ends meanwhile is not stored."""
    monkeypatch.setattr("gearman_tx.core.ledger.AGAIN_A_BATCH", 2)
    client, worker = durable.guest(), durable.worker(b"f")
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


def test_a_batch_may_be_put_back_whole(durable: House) -> None:
    """Nobody is refused; the next batch brings the answers, in their order."""
    client, worker = durable.guest(), durable.worker(b"f")
    client.promise()
    client.promise()
    durable.commit()
    worker.complete(worker.grab())
    worker.grab()
    worker.leave()
    durable.server.control.set_max_queue(b"f", (9, 9, 9))
    client.promise(unique=b"u")
    durable.take()
    client.promise(unique=b"v")
    client.promise(unique=b"u")
    durable.put_back()
    assert client.answers[2:] == [None, None, None]
    batch = durable.commit()
    assert client.answers[2:] == [b"H:t:3", b"H:t:4", b"H:t:3"]
    assert [record.handle for record in batch.added] == [b"H:t:3", b"H:t:4"]
    assert (list(batch.finished), batch.retries) == ([1], {2: 1})
    assert batch.max_queue == {b"f": (9, 9, 9)}
    assert not has_notes(durable)


def test_a_job_that_ended_before_its_batch_was_put_back_is_not_stored(durable: House) -> None:
    """Its submission is answered with the next batch all the same."""
    client, worker = durable.guest(), durable.worker(b"f")
    client.submit(unique=b"u")
    worker.grab()
    client.promise(unique=b"u")
    durable.take()
    worker.complete(b"H:t:1")
    durable.put_back()
    assert list(durable.commit().added) == []
    assert client.answers == [b"H:t:1", b"H:t:1"]
    assert durable.store.rows == {}


def test_retries_of_a_job_that_was_put_back_are_in_its_record(durable: House) -> None:
    """An older count beside it would overwrite them."""
    client, other = durable.guest(), durable.guest()
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
    assert batch.retries == {}
    assert durable.store.rows[1].retries == 2


def test_submissions_may_be_refused_before_they_are_tried(durable: House) -> None:
    """While the store cannot write; what is being committed is not refused."""
    client, worker = durable.guest(), durable.worker(b"f")
    client.promise()
    durable.commit()
    worker.complete(worker.grab())
    client.promise(unique=b"u")
    durable.take()
    client.promise(unique=b"v")
    client.promise(unique=b"u")
    durable.refuse()
    assert client.answers[1:] == [None, None, None]
    assert not durable.server.snapshots.status_by_unique(b"v").known
    durable.settle()
    assert client.answers[1:] == [b"H:t:2", FAILED, b"H:t:2"]
    assert not has_notes(durable)


def test_what_is_refused_may_have_ended_already(durable: House) -> None:
    """A foreground job that somebody wanted to be durable."""
    client, worker = durable.guest(), durable.worker(b"f")
    client.submit(unique=b"u")
    worker.grab()
    client.promise(unique=b"u")
    worker.complete(b"H:t:1")
    durable.refuse()
    assert client.answers == [b"H:t:1", FAILED]


def test_the_ledger_counts_who_waits_and_what_ended(durable: House) -> None:
    """For reports and for the log."""
    ledger = durable.server.ledger
    client, worker = durable.guest(), durable.worker(b"f")
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


# A store that several servers share


def test_a_job_that_another_server_holds_is_joined_there(durable: House) -> None:
    """Everybody who waits gets the other job's handle, and nothing runs here."""
    first, second = durable.guest(), durable.guest()
    first.promise(unique=b"u")
    second.promise(unique=b"u")
    durable.take()
    durable.settle({1: b"H:other:77"})
    assert first.answers + second.answers == [b"H:other:77"] * 2
    assert durable.server.tables.jobs == {}
    assert durable.store.rows == {}


def test_a_foreground_joiner_keeps_a_job_that_is_held_elsewhere(durable: House) -> None:
    """It waits for a result of this server's job, so that runs here, in the foreground."""
    first, second = durable.guest(), durable.guest()
    first.promise(unique=b"u")
    second.submit(unique=b"u")
    durable.take()
    durable.settle({1: b"H:other:77"})
    assert (first.answers, second.answers) == ([b"H:other:77"], [b"H:t:1"])
    durable.server.control.cancel(b"H:t:1")
    assert second.heard() == [(WORK_FAIL, b"H:t:1")]
    assert not has_notes(durable)


def test_a_job_that_ended_here_may_be_held_elsewhere(durable: House) -> None:
    """Then the other job stands for the promise."""
    client, worker = durable.guest(), durable.worker(b"f")
    client.submit(unique=b"u")
    worker.grab()
    client.promise(unique=b"u")
    durable.take()
    worker.complete(b"H:t:1")
    durable.settle({1: b"H:other:77"})
    assert client.answers == [b"H:t:1", b"H:other:77"]
    assert durable.server.tables.jobs == {}


# Starting anew


def test_stored_jobs_come_back_in_their_order(durable: House) -> None:
    """With all that belongs to them; nothing is stored anew."""
    client = durable.guest()
    client.submit(b"f", b"one", unique=b"u", background=True, reducer=b"r")
    client.promise(b"f", b"later", due=NOON + 60)
    client.promise(b"f", b"two")
    client.promise(b"f", b"urgent", priority=HIGH)
    durable.commit()
    lost = durable.worker(b"f")
    assert lost.grab() == b"H:t:4"
    lost.leave()
    durable.commit()
    house = durable.restart()
    assert not has_notes(house)
    worker = house.worker(b"f")
    jobs = [worker.grab_job() for _ in range(3)]
    assert [job and job.handle for job in jobs] == [b"H:t:4", b"H:t:1", b"H:t:3"]
    assert [job and (job.workload, job.retries, job.reducer) for job in jobs] == [
        (b"urgent", 1, None),
        (b"one", 0, b"r"),
        (b"two", 0, None),
    ]
    house.wait(60)
    assert worker.grab() == b"H:t:2"


def test_a_stored_job_that_is_due_by_now_runs_at_once(durable: House) -> None:
    """The server was down when its time came."""
    durable.guest().promise(due=NOON + 1)
    durable.commit()
    [record] = durable.store.rows.values()
    durable.store.rows[1] = record._replace(due=NOON - 1)
    assert durable.restart().worker(b"f").grab() == b"H:t:1"


def test_handles_do_not_repeat_over_a_restart(durable: House) -> None:
    """Not even those of foreground jobs and of jobs that ended."""
    client = durable.guest()
    client.promise()
    durable.commit()
    given = {client.submit() for _ in range(3)}
    house = durable.restart()
    assert house.guest().submit() not in given | {b"H:t:1"}


def test_an_id_beyond_the_stores_count_is_not_given_again() -> None:
    """A row is believed more than the count beside it."""
    record = JobRecord(41, b"H:old:41", b"f", b"", NORMAL, b"", None, 0.0, 0, NOON - 9)
    house = House(durable=True, store=FakeStore({41: record}))
    assert house.guest().submit() == b"H:t:42"


def test_restored_jobs_coalesce(durable: House) -> None:
    """By unique and by workload, as before the restart."""
    client = durable.guest()
    client.promise(unique=b"u")
    client.promise(workload=b"same", unique=b"-")
    durable.commit()
    client = durable.restart().guest()
    assert client.submit(unique=b"u") == b"H:t:1"
    assert client.submit(workload=b"same", unique=b"-") == b"H:t:2"


def test_two_stored_jobs_of_one_unique_do_no_harm(durable: House) -> None:
    """A store should not hold them; if one does, both run, and the unique is free afterwards."""
    for number in (1, 2):
        durable.store.rows[number] = JobRecord(
            number, b"H:t:%d" % number, b"f", b"u", NORMAL, b"", None, 0.0, 0, NOON
        )
    house = durable.restart()
    worker = house.worker(b"f")
    for handle in (b"H:t:1", b"H:t:2"):
        assert worker.grab() == handle
        worker.complete(handle)
    assert house.guest().submit(unique=b"u") not in {b"H:t:1", b"H:t:2"}


def test_what_was_accepted_once_is_not_refused_at_a_restart(durable: House) -> None:
    """Limits that were lowered since are for new functions."""
    durable.guest().promise(b"long name")
    durable.commit()
    house = House(
        type(durable.server.tables.policy)(max_function_name=4, max_functions=1),
        durable=True,
        store=durable.store,
    )
    house.server.control.restore_max_queue(b"another long name", (1, 1, 1))
    assert house.worker().answers == []
    assert {f.name for f in house.server.snapshots.functions()} == {
        b"long name",
        b"another long name",
    }


@pytest.mark.parametrize("ids", [[], [1]])
def test_an_empty_batch_is_an_empty_batch(durable: House, ids: list[int]) -> None:
    """There may be a commit of nothing: the store keeps the next id."""
    for _ in ids:
        durable.guest().submit()
    assert durable.commit() == Batch(len(ids) + 1, added=[], finished=[])

"""Starting anew on what a store holds."""

from __future__ import annotations

import pytest

from gearman_tx.core import HIGH, NORMAL, Batch, JobRecord
from tests.core.house import NOON, FakeStore, House

FAILED = (b"QUEUE_ERROR", b"disk full")


def has_notes(house: House) -> bool:
    """Return whether there is something to commit."""
    return not house.server.ledger.is_empty


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
        if handle == b"H:t:1":
            assert house.guest().promise(unique=b"u") == b"H:t:2"
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

"""What the ledger does with a batch that has to be stored once more."""

from __future__ import annotations

import pytest

from gearman_tx.core import LOW
from gearman_tx.core.ledger import AGAIN_A_BATCH
from tests.core.house import House


@pytest.fixture
def house() -> House:
    """Return a durable job server."""
    return House(durable=True)


def test_a_batch_that_is_put_back(house: House) -> None:
    """Everything of it is in the next batch, in front of what came since; nobody is answered."""
    client, worker = house.guest(), house.worker(b"f")
    client.promise(unique=b"ended")
    client.promise(unique=b"retried")
    house.commit()
    ended, retried = worker.grab(), worker.grab()
    worker.complete(ended)
    job = house.server.tables.jobs.get(retried)
    assert job is not None
    house.server.endings.requeue(job)
    house.server.control.set_max_queue(b"g", (1, 2, 3))
    client.promise(unique=b"old")
    first = house.take()
    client.promise(unique=b"new", priority=LOW)
    house.server.control.set_max_queue(b"g", (4, 5, 6))
    house.server.ledger.put_back(first)
    assert house.server.ledger.waiting == 2
    second = house.take()
    assert [record.unique for record in second.added] == [b"old", b"new"]
    assert list(second.finished) == list(first.finished) == [1]
    assert dict(second.retries) == {2: 1}
    assert dict(second.max_queue) == {b"g": (4, 5, 6)}
    house.settle()
    assert client.answers == [b"H:t:1", b"H:t:2", b"H:t:3", b"H:t:4"]
    assert house.server.ledger.waiting == 0


def test_jobs_of_a_batch_that_was_put_back_keep_their_order(house: House) -> None:
    """Workers get them as they were submitted."""
    client = house.guest()
    client.promise(workload=b"first")
    batch = house.take()
    client.promise(workload=b"second")
    house.server.ledger.put_back(batch)
    house.commit()
    worker = house.worker(b"f")
    assert [worker.grab(), worker.grab()] == [b"H:t:1", b"H:t:2"]


def test_an_end_while_its_batch_is_put_back(house: House) -> None:
    """A foreground job that was joined and ended is not stored when its batch comes again."""
    client, other, worker = house.guest(), house.guest(), house.worker(b"f")
    handle = client.submit(unique=b"u")
    assert worker.grab() == handle
    other.promise(unique=b"u")
    batch = house.take()
    worker.complete(handle)
    house.server.ledger.put_back(batch)
    batch = house.take()
    assert list(batch.added) == []
    house.settle()
    assert other.answers == [handle]
    assert house.store.rows == {}


def test_refusing_without_a_try(house: House) -> None:
    """Only what was submitted is refused; ends, retries and limits wait for the store."""
    client, worker = house.guest(), house.worker(b"f")
    client.promise()
    house.commit()
    worker.complete(worker.grab())
    client.promise(unique=b"u")
    client.promise(unique=b"u")
    joined = client.submit(unique=b"u")
    house.server.ledger.refuse(b"disk full", house.server.intake)
    refused = (b"QUEUE_ERROR", b"disk full")
    assert client.answers == [b"H:t:1", refused, refused, joined]
    assert house.server.ledger.ended == 1
    job = house.server.tables.jobs.get(joined)
    assert job is not None
    assert job.background is False, "it goes on in the foreground"
    assert list(house.take().finished) == [1]


def test_what_was_lost_is_stored_in_several_batches(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much there is to store again, a submission waits for one batch of it only."""
    assert AGAIN_A_BATCH >= 1000
    monkeypatch.setattr("gearman_tx.core.ledger.AGAIN_A_BATCH", 4)
    client = house.guest()
    for _ in range(10):
        client.promise()
    house.commit()
    house.store.rows.clear()
    house.server.ledger.store_again()
    client.promise()
    assert [record.id for record in house.commit().added] == [1, 2, 3, 4, 11]
    assert client.answers[-1] == b"H:t:11"
    house.take()
    house.fail()
    assert [record.id for record in house.commit().added] == [5, 6, 7, 8]
    assert [record.id for record in house.commit().added] == [9, 10]
    assert house.server.ledger.is_empty
    assert sorted(house.store.rows) == list(range(1, 12))

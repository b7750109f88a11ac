"""The ledger and a batch that must be stored once more."""

from __future__ import annotations

import pytest

from gearman_tx.core import LOW, FunctionSettings, JobChange
from gearman_tx.core.ledger import AGAIN_A_BATCH
from gearman_tx.core.retry import WORKER_LOST
from gearman_tx.wire import IS_COMPILED
from tests.core.core_fixture import CoreFixture


@pytest.fixture
def core() -> CoreFixture:
    """Return a durable job server."""
    return CoreFixture(durable=True)


def test_a_batch_that_is_put_back(core: CoreFixture) -> None:
    """All of it is in the next batch, before later notes; no submission is answered."""
    client, worker = core.connection(), core.worker(b"f")
    client.promise(unique=b"ended")
    client.promise(unique=b"retried")
    core.commit()
    ended, retried = worker.grab(), worker.grab()
    worker.complete(ended)
    job = core.server.tables.jobs.get(retried)
    assert job is not None
    core.server.retry.try_ended(job, WORKER_LOST)
    core.server.control.configure(b"g", FunctionSettings((1, 2, 3)))
    client.promise(unique=b"old")
    first = core.take()
    client.promise(unique=b"new", priority=LOW)
    core.server.control.configure(b"g", FunctionSettings((4, 5, 6)))
    core.server.ledger.put_back()
    assert core.server.ledger.waiting == 2
    second = core.take()
    assert [record.unique for record in second.added] == [b"old", b"new"]
    assert list(second.finished) == list(first.finished) == [1]
    assert list(second.changed) == [JobChange(2, 0.0, 1)]
    assert dict(second.settings) == {b"g": FunctionSettings((4, 5, 6))}
    core.settle()
    assert client.answers == [b"H:t:1", b"H:t:2", b"H:t:3", b"H:t:4"]
    assert core.server.ledger.waiting == 0


def test_jobs_of_a_batch_that_was_put_back_keep_their_order(core: CoreFixture) -> None:
    """Workers get them as they were submitted."""
    client = core.connection()
    client.promise(workload=b"first")
    core.take()
    client.promise(workload=b"second")
    core.server.ledger.put_back()
    core.commit()
    worker = core.worker(b"f")
    assert [worker.grab(), worker.grab()] == [b"H:t:1", b"H:t:2"]


def test_an_end_while_its_batch_is_put_back(core: CoreFixture) -> None:
    """A foreground job that was joined and ended is not stored when its batch comes again."""
    client, other, worker = core.connection(), core.connection(), core.worker(b"f")
    handle = client.submit(unique=b"u")
    assert worker.grab() == handle
    other.promise(unique=b"u")
    batch = core.take()
    worker.complete(handle)
    core.server.ledger.put_back()
    batch = core.take()
    assert list(batch.added) == []
    core.settle()
    assert other.answers == [handle]
    assert core.store.rows == {}


def test_refusing_without_a_try(core: CoreFixture) -> None:
    """Only submissions are refused; ends, retries and limits wait for the store."""
    client, worker = core.connection(), core.worker(b"f")
    client.promise()
    core.commit()
    worker.complete(worker.grab())
    client.promise(unique=b"u")
    client.promise(unique=b"u")
    joined = client.submit(unique=b"u")
    core.refuse()
    refused = (b"QUEUE_ERROR", b"disk full")
    assert client.answers == [b"H:t:1", refused, refused, joined]
    assert core.server.ledger.ended == 1
    job = core.server.tables.jobs.get(joined)
    assert job is not None
    assert job.background is False, "it goes on in the foreground"
    assert list(core.take().finished) == [1]


@pytest.mark.skipif(IS_COMPILED, reason="a compiled constant cannot be changed")
def test_lost_jobs_are_stored_in_several_batches(
    core: CoreFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much there is to store again, a submission waits for one batch of it only."""
    assert AGAIN_A_BATCH >= 1000
    monkeypatch.setattr("gearman_tx.core.ledger.AGAIN_A_BATCH", 4)
    client = core.connection()
    for _ in range(10):
        client.promise()
    core.commit()
    core.store.rows.clear()
    core.server.ledger.store_again()
    client.promise()
    assert [record.id for record in core.commit().added] == [1, 2, 3, 4, 11]
    assert client.answers[-1] == b"H:t:11"
    core.take()
    core.fail()
    assert [record.id for record in core.commit().added] == [5, 6, 7, 8]
    assert [record.id for record in core.commit().added] == [9, 10]
    assert core.server.ledger.is_empty
    assert sorted(core.store.rows) == list(range(1, 12))

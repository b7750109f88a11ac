"""Starting again with the contents of a store."""

from __future__ import annotations

import pytest

from gearman_tx.core import HIGH, NORMAL, Batch, FunctionSettings, JobRecord
from tests.core.core_fixture import NOON, CoreFixture

FAILED = (b"QUEUE_ERROR", b"disk full")


def has_notes(core: CoreFixture) -> bool:
    """Return whether there is something to commit."""
    return not core.server.ledger.is_empty


def test_stored_jobs_come_back_in_their_order(durable: CoreFixture) -> None:
    """With all their fields; nothing is stored again."""
    client = durable.connection()
    client.submit(b"f", b"one", unique=b"u", background=True, reducer=b"r")
    client.promise(b"f", b"later", due=NOON + 60)
    client.promise(b"f", b"two")
    client.promise(b"f", b"urgent", priority=HIGH)
    durable.commit()
    lost = durable.worker(b"f")
    assert lost.grab() == b"H:t:4"
    lost.leave()
    durable.commit()
    core = durable.restart()
    assert not has_notes(core)
    worker = core.worker(b"f")
    jobs = [worker.grab_job() for _ in range(3)]
    assert [job and job.handle for job in jobs] == [b"H:t:4", b"H:t:1", b"H:t:3"]
    assert [job and (job.workload, job.losses, job.reducer) for job in jobs] == [
        (b"urgent", 1, None),
        (b"one", 0, b"r"),
        (b"two", 0, None),
    ]
    core.wait(60)
    assert worker.grab() == b"H:t:2"


def test_a_stored_job_that_is_due_by_now_runs_at_once(durable: CoreFixture) -> None:
    """The server was down when its time came."""
    durable.connection().promise(due=NOON + 1)
    durable.commit()
    [record] = durable.store.rows.values()
    durable.store.rows[1] = record._replace(due=NOON - 1)
    assert durable.restart().worker(b"f").grab() == b"H:t:1"


def test_handles_do_not_repeat_over_a_restart(durable: CoreFixture) -> None:
    """Not even those of foreground jobs and of jobs that ended."""
    client = durable.connection()
    client.promise()
    durable.commit()
    given = {client.submit() for _ in range(3)}
    core = durable.restart()
    assert core.connection().submit() not in given | {b"H:t:1"}


def test_jobs_may_come_back_in_any_order_of_their_ids(durable: CoreFixture) -> None:
    """Every report shows all of them, in the order of their ids; the newest has the unique."""
    client = durable.connection()
    durable.server.tables.set_ids(range(2000, 3000))
    for number in (300, 301, 5, 299, 1000, 4):
        handle = b"H:other:%d" % number
        record = JobRecord(number, handle, b"f", b"u", NORMAL, b"", None, 0.0, 0, NOON)
        durable.server.intake.restore(record)
    shown = [job.handle for job in durable.server.snapshots.jobs()]
    assert shown == [b"H:other:%d" % number for number in (4, 5, 299, 300, 301, 1000)]
    assert [function.total for function in durable.server.snapshots.functions()] == [6]
    assert client.submit(unique=b"u") == b"H:other:1000"


def test_ids_go_on_in_the_next_block(durable: CoreFixture) -> None:
    """Ids come in blocks; without another block submissions are refused."""
    client, tables = durable.connection(), durable.server.tables
    tables.set_ids(range(7, 9))
    tables.reserve(range(9, 10))
    tables.reserve(range(50, 51))
    assert (tables.ids_left, tables.unused_ids) == (4, range(7, 10))
    handles = [client.submit() for _ in range(5)]
    assert handles == [b"H:t:7", b"H:t:8", b"H:t:9", b"H:t:50", b""]
    refusal = (b"QUEUE_ERROR", b"No job ids are left until the store reserves more")
    assert client.answers[-1] == refusal
    tables.reserve(range(51, 60))
    assert client.submit() == b"H:t:51"


def test_an_absurd_count_of_losses_is_cut(durable: CoreFixture) -> None:
    """A store holds larger counts than a job."""
    record = JobRecord(1, b"H:t:1", b"f", b"", NORMAL, b"", None, 0.0, 2**40, NOON)
    durable.server.tables.set_ids(range(2, 3))
    assert durable.server.intake.restore(record).losses == 2**31 - 1


def test_restored_jobs_coalesce(durable: CoreFixture) -> None:
    """By unique and by workload, as before the restart."""
    client = durable.connection()
    client.promise(unique=b"u")
    client.promise(workload=b"same", unique=b"-")
    durable.commit()
    client = durable.restart().connection()
    assert client.submit(unique=b"u") == b"H:t:1"
    assert client.submit(workload=b"same", unique=b"-") == b"H:t:2"


def test_two_stored_jobs_of_one_unique_do_no_harm(durable: CoreFixture) -> None:
    """A store should not hold them; if one does, both run, and the unique is free afterwards."""
    for number in (1, 2):
        durable.store.rows[number] = JobRecord(
            number, b"H:t:%d" % number, b"f", b"u", NORMAL, b"", None, 0.0, 0, NOON
        )
    core = durable.restart()
    worker = core.worker(b"f")
    for handle in (b"H:t:1", b"H:t:2"):
        assert worker.grab() == handle
        worker.complete(handle)
        if handle == b"H:t:1":
            assert core.connection().promise(unique=b"u") == b"H:t:2"
    assert core.connection().submit(unique=b"u") not in {b"H:t:1", b"H:t:2"}


def test_what_was_accepted_once_is_not_refused_at_a_restart(durable: CoreFixture) -> None:
    """Limits that were lowered since are for new functions."""
    durable.connection().promise(b"long name")
    durable.commit()
    core = CoreFixture(
        type(durable.server.tables.policy)(max_function_name=4, max_functions=1),
        durable=True,
        store=durable.store,
    )
    core.server.control.restore_settings(b"another long name", FunctionSettings((1, 1, 1)))
    assert core.worker().answers == []
    assert {f.name for f in core.server.snapshots.functions()} == {
        b"long name",
        b"another long name",
    }


@pytest.mark.parametrize("ids", [[], [1]])
def test_an_empty_batch_is_an_empty_batch(durable: CoreFixture, ids: list[int]) -> None:
    """There may be a commit of nothing: the store keeps the next id."""
    for _ in ids:
        durable.connection().submit()
    assert durable.commit() == Batch([], [], [])

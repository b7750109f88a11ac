"""A graceful stop with a store: which jobs it waits for, and which the next start gets."""

from __future__ import annotations

from gearman_tx.core import HIGH, NORMAL
from gearman_tx.core.states import KEPT
from tests.core.core_fixture import NOON, CoreFixture


def stopping(core: CoreFixture) -> CoreFixture:
    """Let a server stop gracefully."""
    core.server.control.drain()
    core.server.control.keep()
    return core


def is_drained(core: CoreFixture) -> bool:
    """Return whether the server may end."""
    return core.server.control.is_drained


def kept(core: CoreFixture) -> list[bytes]:
    """Return the handles of the jobs that are left to the next start."""
    return [job.handle for job in core.server.snapshots.jobs() if job.state == KEPT]


def test_queued_background_jobs_are_not_waited_for(durable: CoreFixture) -> None:
    """No worker gets them, reports still have them, and the next server hands them out in order."""
    client = durable.connection()
    for priority in (NORMAL, HIGH, NORMAL):
        client.promise(priority=priority)
    durable.commit()
    worker = durable.worker(b"f")
    running = worker.grab()
    assert running == client.answers[1]
    stopping(durable)
    assert not is_drained(durable)
    assert durable.server.control.left == 1
    assert worker.grab() == b""
    [function] = durable.server.snapshots.functions()
    assert (function.total, function.running) == (3, 1)
    assert kept(durable) == [client.answers[0], client.answers[2]]
    assert durable.server.snapshots.status(kept(durable)[0]).known
    worker.complete(running)
    assert is_drained(durable)
    durable.commit()
    after = durable.restart()
    newcomer = after.worker(b"f")
    assert [newcomer.grab() for _ in range(3)] == [client.answers[0], client.answers[2], b""]


def test_with_a_queue_in_memory_all_are_waited_for(core: CoreFixture) -> None:
    """They would be lost."""
    core.connection().promise()
    stopping(core)
    assert not is_drained(core)
    worker = core.worker(b"f")
    worker.complete(worker.grab())
    assert is_drained(core)


def test_foreground_jobs_are_waited_for(durable: CoreFixture) -> None:
    """Queued ones are handed out still, also one that is in the background as well."""
    client, other = durable.connection(), durable.connection()
    alone = client.submit()
    other.promise(unique=b"u")
    durable.commit()
    both = client.submit(unique=b"u")
    stopping(durable)
    assert durable.server.control.left == 2
    worker = durable.worker(b"f")
    assert [worker.grab(), worker.grab()] == [alone, both]
    worker.complete(alone)
    assert not is_drained(durable)
    worker.complete(both)
    assert is_drained(durable)


def test_a_client_that_leaves_is_not_waited_for(durable: CoreFixture) -> None:
    """What it shared with a background submission stays stored; the rest ends."""
    client = durable.connection()
    client.submit()
    durable.connection().promise(unique=b"u")
    durable.commit()
    client.submit(unique=b"u")
    stopping(durable)
    client.leave()
    assert is_drained(durable)
    assert len(durable.store.rows) == 1


def test_a_submission_that_is_being_stored_is_waited_for(durable: CoreFixture) -> None:
    """It is answered, and then left to the next start."""
    client, worker = durable.connection(), durable.sleeper(b"f")
    client.promise()
    durable.take()
    stopping(durable)
    assert not is_drained(durable)
    durable.settle()
    assert is_drained(durable)
    assert worker.heard() == []
    assert kept(durable) == client.answers


def test_a_joined_submission_is_waited_for_too(durable: CoreFixture) -> None:
    """Its job runs in the foreground; the answer of the background joiner comes first."""
    client = durable.connection()
    handle = client.submit(unique=b"u")
    client.promise(unique=b"u")
    worker = durable.worker(b"f")
    worker.grab()
    stopping(durable)
    worker.complete(handle)
    assert not is_drained(durable)
    durable.commit()
    assert client.answers == [handle, handle]
    assert is_drained(durable)


def test_a_job_that_cannot_be_stored_is_not_kept(durable: CoreFixture) -> None:
    """A joiner that is refused leaves nothing behind, though the job had lost its worker."""
    client, other = durable.connection(), durable.connection()
    client.submit(unique=b"u")
    other.promise(unique=b"u")
    worker = durable.worker(b"f")
    worker.grab()
    client.leave()
    stopping(durable)
    durable.take()
    worker.leave()
    assert len(kept(durable)) == 1
    durable.fail()
    assert other.answers == [(b"QUEUE_ERROR", b"disk full")]
    assert is_drained(durable)
    assert not durable.server.tables.jobs


def test_what_comes_back_to_the_queue_is_kept(durable: CoreFixture) -> None:
    """A job that loses its worker, or whose time comes, is left to the next start."""
    client = durable.connection()
    client.promise()
    client.promise(due=NOON + 5)
    durable.commit()
    worker, sleeper = durable.worker(b"f"), durable.connection()
    worker.grab()
    stopping(durable)
    sleeper.can_do(b"f")
    sleeper.sleep()
    assert kept(durable) == []
    worker.leave()
    assert kept(durable) == client.answers[:1]
    assert is_drained(durable), "a delayed job is not waited for"
    durable.wait(5)
    assert kept(durable) == client.answers
    assert sleeper.heard() == []
    durable.commit()
    assert [record.losses for record in durable.store.rows.values()] == [1, 0]


def test_kept_jobs_may_be_cancelled_and_dropped(durable: CoreFixture) -> None:
    """Operators can still take them away."""
    client = durable.connection()
    client.promise()
    client.promise(priority=HIGH)
    durable.commit()
    stopping(durable)
    assert durable.server.control.cancel(kept(durable)[0])
    assert len(kept(durable)) == 1
    durable.server.control.drop_function(b"f")
    durable.commit()
    assert durable.store.rows == {}


def test_a_server_that_stops_while_it_loads(durable: CoreFixture) -> None:
    """Jobs that are not loaded yet stay in the store, and no worker gets them."""
    durable.connection().promise()
    durable.commit()
    [record] = durable.store.rows.values()
    after = CoreFixture(durable.server.tables.policy, durable=True)
    worker = after.sleeper(b"f")
    stopping(after)
    after.server.intake.restore(record)
    assert worker.heard() == []
    assert is_drained(after)

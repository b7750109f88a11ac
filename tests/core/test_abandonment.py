"""Clients that leave: foreground jobs without other clients go at once, promised ones stay."""

from __future__ import annotations

from gearman_tx.core import HIGH, FunctionSettings
from tests.core.core_fixture import NOON, CoreFixture


def test_a_queued_job_without_clients_is_gone_at_once(core: CoreFixture) -> None:
    """From the lists, the counts and the unique index; the C server keeps a zombie."""
    client = core.connection()
    client.submit(unique=b"u")
    client.leave()
    assert core.counts(b"f") == (0, 0, 0)
    assert list(core.server.snapshots.jobs()) == []
    assert not core.server.snapshots.status_by_unique(b"u").known
    assert core.worker(b"f").grab() == b""


def test_an_abandoned_job_does_not_count_towards_the_limit(core: CoreFixture) -> None:
    """There is room again."""
    core.server.control.configure(b"f", FunctionSettings((1, 1, 1)))
    client = core.connection()
    client.submit()
    client.leave()
    assert core.connection().submit()


def test_one_of_two_clients_leaving_keeps_the_job(core: CoreFixture) -> None:
    """The other gets the result."""
    first, second, worker = core.connection(), core.connection(), core.worker(b"f")
    handle = first.submit(unique=b"u")
    second.submit(unique=b"u")
    first.leave()
    assert worker.grab() == handle
    worker.complete(handle)
    assert second.heard() == [(b"WORK_COMPLETE", handle, b"done")]
    assert first.heard() == []


def test_the_last_of_two_clients_leaving_drops_the_job(core: CoreFixture) -> None:
    """In either order."""
    first, second = core.connection(), core.connection()
    first.submit(unique=b"u")
    second.submit(unique=b"u")
    second.leave()
    first.leave()
    assert not core.server.tables.jobs


def test_a_client_that_submitted_twice_leaves_as_a_whole(core: CoreFixture) -> None:
    """Both of its submissions go."""
    client = core.connection()
    client.submit(unique=b"u")
    client.submit(unique=b"u")
    client.leave()
    assert not core.server.tables.jobs


def test_a_background_job_does_not_leave_with_its_client(core: CoreFixture) -> None:
    """It was promised."""
    client = core.connection()
    handle = client.promise()
    client.leave()
    assert core.worker(b"f").grab() == handle


def test_a_background_job_joined_by_a_foreground_client_that_leaves_still_runs(
    core: CoreFixture,
) -> None:
    """The C server marks it ignored and loses it."""
    joiner, worker = core.connection(), core.worker(b"f")
    handle = core.connection().promise(unique=b"u")
    assert joiner.submit(unique=b"u") == handle
    joiner.leave()
    assert worker.grab() == handle
    worker.complete(handle)
    assert not core.server.tables.jobs


def test_a_foreground_job_joined_in_the_background_runs_without_its_client(
    core: CoreFixture,
) -> None:
    """The joiner was promised it; the C server loses it with the first client."""
    client = core.connection()
    handle = client.submit(unique=b"u")
    core.connection().promise(unique=b"u")
    client.leave()
    assert core.worker(b"f").grab() == handle


def test_a_background_submission_after_an_abandoned_one_is_a_new_job(core: CoreFixture) -> None:
    """The C server answers with the zombie's handle and drops both when a worker comes."""
    client = core.connection()
    old = client.submit(unique=b"u")
    client.leave()
    new = core.connection().promise(unique=b"u")
    assert new != old
    assert core.worker(b"f").grab() == new


def test_a_foreground_submission_after_an_abandoned_one_gets_its_result(core: CoreFixture) -> None:
    """A client that retries with a stable unique hangs forever on the C server."""
    first, second, worker = core.connection(), core.connection(), core.worker(b"f")
    first.submit(unique=b"u")
    first.leave()
    handle = second.submit(unique=b"u")
    assert worker.grab() == handle
    worker.complete(handle)
    assert second.heard() == [(b"WORK_COMPLETE", handle, b"done")]


def test_falling_asleep_drops_no_healthy_job(core: CoreFixture) -> None:
    """The C server's sweep of zombies may free the next job of another function."""
    abandoner, client = core.connection(), core.connection()
    worker = core.worker(b"f", b"g")
    abandoner.submit(b"f")
    healthy = client.submit(b"g", priority=HIGH)
    abandoner.leave()
    worker.sleep()
    assert [worker.grab(), worker.grab()] == [healthy, b""]


def test_a_delayed_job_does_not_leave_with_its_client(core: CoreFixture) -> None:
    """Nor with a foreground client that joined it."""
    client, joiner = core.connection(), core.connection()
    handle = client.promise(unique=b"u", due=NOON + 5)
    joiner.submit(unique=b"u")
    client.leave()
    joiner.leave()
    core.wait(5)
    assert core.worker(b"f").grab() == handle


def test_a_running_job_without_clients_is_not_tried_again(core: CoreFixture) -> None:
    """When its worker is lost, it is dropped."""
    client, worker = core.connection(), core.worker(b"f")
    client.submit()
    worker.grab()
    client.leave()
    assert core.counts(b"f") == (0, 1, 0)
    worker.leave()
    assert core.counts(b"f") == (0, 0, 0)
    assert core.worker(b"f").grab() == b""


def test_an_abandoned_running_job_may_be_joined(core: CoreFixture) -> None:
    """The joiner gets its result; it is abandoned no more."""
    client, joiner, worker = core.connection(), core.connection(), core.worker(b"f")
    handle = client.submit(unique=b"u")
    worker.grab()
    client.leave()
    assert joiner.submit(unique=b"u") == handle
    worker.leave()
    other = core.worker(b"f")
    assert other.grab() == handle
    other.complete(handle)
    assert joiner.heard() == [(b"WORK_COMPLETE", handle, b"done")]


def test_a_client_that_left_gets_no_more_packets(core: CoreFixture) -> None:
    """Of a job that goes on for others."""
    client, worker = core.connection(), core.worker(b"f")
    handle = client.submit(unique=b"u")
    core.connection().promise(unique=b"u")
    client.leave()
    worker.grab()
    worker.work(handle)
    worker.complete(handle)
    assert client.heard() == []


# Both at once


def test_a_connection_that_ran_its_own_job_takes_it_along(core: CoreFixture) -> None:
    """No other client waits for it, so no worker is woken for it."""
    both, worker = core.worker(b"f"), core.worker(b"f")
    both.submit()
    both.grab()
    worker.sleep()
    both.leave()
    assert not core.server.tables.jobs
    assert worker.heard() == []


def test_a_connection_that_ran_its_own_job_leaves_it_to_the_others(core: CoreFixture) -> None:
    """If another client waits for it too."""
    both, client = core.worker(b"f"), core.connection()
    handle = both.submit(unique=b"u")
    client.submit(unique=b"u")
    both.grab()
    both.leave()
    worker = core.worker(b"f")
    assert worker.grab() == handle
    worker.complete(handle)
    assert client.heard() == [(b"WORK_COMPLETE", handle, b"done")]


def test_a_peer_that_left_holds_on_to_nothing(core: CoreFixture) -> None:
    """A late reference to it keeps no job and no function alive."""
    both = core.worker(b"f", b"g")
    both.submit(b"f")
    both.submit(b"f", unique=b"u")
    both.promise(b"g")
    both.grab()
    both.sleep()
    both.leave()
    peer = both.peer
    held = [peer.tasks, peer.running, peer.abilities, peer.unlisted, peer.woken_for]
    assert not any(held)


def test_only_promises_are_left_when_all_peers_are_gone(core: CoreFixture) -> None:
    """A thousand clients and workers come and go."""
    for number in range(1000):
        client, worker = core.connection(), core.worker(b"f")
        client.submit(unique=b"%d" % (number % 7))
        client.promise(b"g") if number % 100 == 0 else client.submit(b"g")
        worker.grab()
        client.leave()
        worker.leave()
    assert core.server.tables.peers == {}
    assert core.counts(b"f") == (0, 0, 0)
    assert core.counts(b"g") == (10, 0, 0)

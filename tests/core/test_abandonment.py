"""Clients that leave: what only they waited for is gone at once, what was promised stays."""

from __future__ import annotations

from gearman_tx.core import HIGH
from tests.core.house import NOON, House


def test_a_queued_job_that_nobody_waits_for_is_gone_at_once(house: House) -> None:
    """From the lists, the counts and the unique index; the C server keeps a zombie."""
    client = house.guest()
    client.submit(unique=b"u")
    client.leave()
    assert house.counts(b"f") == (0, 0, 0)
    assert list(house.server.snapshots.jobs()) == []
    assert not house.server.snapshots.status_by_unique(b"u").known
    assert house.worker(b"f").grab() == b""


def test_an_abandoned_job_does_not_count_towards_the_limit(house: House) -> None:
    """There is room again."""
    house.server.control.set_max_queue(b"f", (1, 1, 1))
    client = house.guest()
    client.submit()
    client.leave()
    assert house.guest().submit()


def test_one_of_two_clients_leaving_keeps_the_job(house: House) -> None:
    """The other gets the result."""
    first, second, worker = house.guest(), house.guest(), house.worker(b"f")
    handle = first.submit(unique=b"u")
    second.submit(unique=b"u")
    first.leave()
    assert worker.grab() == handle
    worker.complete(handle)
    assert second.heard() == [(b"WORK_COMPLETE", handle, b"done")]
    assert first.heard() == []


def test_the_last_of_two_clients_leaving_drops_the_job(house: House) -> None:
    """In whatever order they go."""
    first, second = house.guest(), house.guest()
    first.submit(unique=b"u")
    second.submit(unique=b"u")
    second.leave()
    first.leave()
    assert not house.server.tables.jobs


def test_a_client_that_submitted_twice_leaves_as_a_whole(house: House) -> None:
    """Both of its submissions go."""
    client = house.guest()
    client.submit(unique=b"u")
    client.submit(unique=b"u")
    client.leave()
    assert not house.server.tables.jobs


def test_a_background_job_does_not_leave_with_its_client(house: House) -> None:
    """It was promised."""
    client = house.guest()
    handle = client.promise()
    client.leave()
    assert house.worker(b"f").grab() == handle


def test_a_background_job_joined_by_a_foreground_client_that_leaves_still_runs(
    house: House,
) -> None:
    """The C server marks it ignored and loses it."""
    joiner, worker = house.guest(), house.worker(b"f")
    handle = house.guest().promise(unique=b"u")
    assert joiner.submit(unique=b"u") == handle
    joiner.leave()
    assert worker.grab() == handle
    worker.complete(handle)
    assert not house.server.tables.jobs


def test_a_foreground_job_joined_in_the_background_runs_without_its_client(house: House) -> None:
    """The joiner was promised it; the C server loses it with the first client."""
    client = house.guest()
    handle = client.submit(unique=b"u")
    house.guest().promise(unique=b"u")
    client.leave()
    assert house.worker(b"f").grab() == handle


def test_a_background_submission_after_an_abandoned_one_is_a_new_job(house: House) -> None:
    """The C server answers with the zombie's handle and drops both when a worker comes."""
    client = house.guest()
    old = client.submit(unique=b"u")
    client.leave()
    new = house.guest().promise(unique=b"u")
    assert new != old
    assert house.worker(b"f").grab() == new


def test_a_foreground_submission_after_an_abandoned_one_gets_its_result(house: House) -> None:
    """A client that retries with a stable unique hangs for ever on the C server."""
    first, second, worker = house.guest(), house.guest(), house.worker(b"f")
    first.submit(unique=b"u")
    first.leave()
    handle = second.submit(unique=b"u")
    assert worker.grab() == handle
    worker.complete(handle)
    assert second.heard() == [(b"WORK_COMPLETE", handle, b"done")]


def test_falling_asleep_drops_no_healthy_job(house: House) -> None:
    """The C server's sweep of zombies may free the next job of another function."""
    abandoner, client = house.guest(), house.guest()
    worker = house.worker(b"f", b"g")
    abandoner.submit(b"f")
    healthy = client.submit(b"g", priority=HIGH)
    abandoner.leave()
    worker.sleep()
    assert [worker.grab(), worker.grab()] == [healthy, b""]


def test_a_delayed_job_does_not_leave_with_its_client(house: House) -> None:
    """Nor with a foreground client that joined it."""
    client, joiner = house.guest(), house.guest()
    handle = client.promise(unique=b"u", due=NOON + 5)
    joiner.submit(unique=b"u")
    client.leave()
    joiner.leave()
    house.wait(5)
    assert house.worker(b"f").grab() == handle


def test_a_running_job_that_nobody_waits_for_is_not_tried_again(house: House) -> None:
    """When its worker is lost, it is dropped."""
    client, worker = house.guest(), house.worker(b"f")
    client.submit()
    worker.grab()
    client.leave()
    assert house.counts(b"f") == (0, 1, 0)
    worker.leave()
    assert house.counts(b"f") == (0, 0, 0)
    assert house.worker(b"f").grab() == b""


def test_an_abandoned_running_job_may_be_joined(house: House) -> None:
    """The joiner gets its result; it is abandoned no more."""
    client, joiner, worker = house.guest(), house.guest(), house.worker(b"f")
    handle = client.submit(unique=b"u")
    worker.grab()
    client.leave()
    assert joiner.submit(unique=b"u") == handle
    worker.leave()
    other = house.worker(b"f")
    assert other.grab() == handle
    other.complete(handle)
    assert joiner.heard() == [(b"WORK_COMPLETE", handle, b"done")]


def test_a_client_that_left_hears_nothing_more(house: House) -> None:
    """Of a job that goes on for others."""
    client, worker = house.guest(), house.worker(b"f")
    handle = client.submit(unique=b"u")
    house.guest().promise(unique=b"u")
    client.leave()
    worker.grab()
    worker.work(handle)
    worker.complete(handle)
    assert client.heard() == []


# Both at once


def test_a_connection_that_ran_its_own_job_takes_it_along(house: House) -> None:
    """Nobody else waits for it, so nobody is woken for it."""
    both, worker = house.worker(b"f"), house.worker(b"f")
    both.submit()
    both.grab()
    worker.sleep()
    both.leave()
    assert not house.server.tables.jobs
    assert worker.heard() == []


def test_a_connection_that_ran_its_own_job_leaves_it_to_the_others(house: House) -> None:
    """If somebody else waits for it too."""
    both, client = house.worker(b"f"), house.guest()
    handle = both.submit(unique=b"u")
    client.submit(unique=b"u")
    both.grab()
    both.leave()
    worker = house.worker(b"f")
    assert worker.grab() == handle
    worker.complete(handle)
    assert client.heard() == [(b"WORK_COMPLETE", handle, b"done")]


def test_a_peer_that_left_holds_on_to_nothing(house: House) -> None:
    """Whoever still has it for a moment keeps no job and no function alive with it."""
    both = house.worker(b"f", b"g")
    both.submit(b"f")
    both.submit(b"f", unique=b"u")
    both.promise(b"g")
    both.grab()
    both.sleep()
    both.leave()
    peer = both.peer
    held = [peer.tasks, peer.running, peer.abilities, peer.unlisted, peer.woken_for]
    assert not any(held)


def test_everybody_gone_leaves_only_promises(house: House) -> None:
    """A thousand clients and workers come and go."""
    for number in range(1000):
        client, worker = house.guest(), house.worker(b"f")
        client.submit(unique=b"%d" % (number % 7))
        client.promise(b"g") if number % 100 == 0 else client.submit(b"g")
        worker.grab()
        client.leave()
        worker.leave()
    assert house.server.tables.peers == {}
    assert house.counts(b"f") == (0, 0, 0)
    assert house.counts(b"g") == (10, 0, 0)

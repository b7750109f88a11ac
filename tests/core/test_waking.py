"""Who gets a NOOP and when: never nobody while a job waits, never more than is useful."""

from __future__ import annotations

import pytest

from gearman_tx.core import HIGH
from gearman_tx.core.dispatch import WAKE_PATIENCE
from tests.core.conftest import BuildHouse
from tests.core.house import NOON, Guest, House
from tests.core.port import NOOP

WOKEN = [(NOOP,)]


def woken(*guests: Guest) -> list[int]:
    """Return which of ``guests`` got NOOPs since they were last asked, by place, once a NOOP."""
    return [place for place, guest in enumerate(guests) for _ in guest.heard()]


def test_a_job_wakes_a_sleeping_worker(house: House) -> None:
    """With one NOOP."""
    worker = house.sleeper(b"f")
    house.guest().submit()
    assert worker.heard() == WOKEN


def test_a_job_does_not_wake_those_who_are_awake(house: House) -> None:
    """A worker that did not send PRE_SLEEP asks by itself."""
    worker = house.worker(b"f")
    house.guest().submit()
    assert worker.heard() == []


def test_a_job_does_not_wake_workers_of_other_functions(house: House) -> None:
    """They could not run it."""
    worker = house.sleeper(b"g")
    house.guest().submit(b"f")
    assert worker.heard() == []


def test_one_worker_is_woken_for_one_job(house: House) -> None:
    """The one that fell asleep last; the C server wakes all, at 44 ms for 1,000 of them."""
    workers = [house.sleeper(b"f") for _ in range(3)]
    client = house.guest()
    assert woken(*workers) == []
    for expected in ([2], [1], [0], []):
        client.submit()
        assert woken(*workers) == expected


def test_a_sleep_is_ended_by_one_noop(house: House) -> None:
    """More jobs send no more NOOPs to a worker that was woken already."""
    worker, client = house.sleeper(b"f"), house.guest()
    client.submit()
    client.submit()
    assert worker.heard() == WOKEN


def test_a_sleeping_worker_that_grabs_unasked_is_awake(house: House) -> None:
    """C workers poll every ten seconds; it is told nothing until it sleeps again."""
    worker = house.sleeper(b"f")
    assert worker.grab() == b""
    house.guest().submit()
    assert worker.heard() == []
    worker.sleep()
    assert worker.heard() == WOKEN


def test_a_worker_without_work_sleeps_in_silence(house: House) -> None:
    """PRE_SLEEP with nothing to do has no reply, however often it comes."""
    worker = house.sleeper(b"f")
    worker.sleep()
    assert worker.heard() == []


def test_a_worker_that_would_sleep_beside_a_job_is_told_at_once(house: House) -> None:
    """And every time: aiogear and npm's gearman grab only after a NOOP."""
    house.guest().submit()
    worker = house.sleeper(b"f")
    worker.sleep()
    assert worker.heard() == WOKEN * 2
    assert not worker.peer.asleep


def test_a_job_for_later_does_not_keep_workers_awake(house: House) -> None:
    """PRE_SLEEP looks for what GRAB_JOB would find; the C server loops for ever here."""
    client = house.guest()
    client.promise(due=NOON + 60, priority=HIGH)
    worker = house.sleeper(b"f")
    assert worker.heard() == []
    low = client.submit()
    assert worker.heard() == WOKEN
    assert [worker.grab(), worker.grab()] == [low, b""]
    worker.sleep()
    assert worker.heard() == []


def test_can_do_on_a_sleeping_worker_with_waiting_jobs_wakes_it(house: House) -> None:
    """The C server lets it sleep."""
    handle = house.guest().submit(b"g")
    worker = house.sleeper(b"f")
    worker.can_do(b"g")
    assert worker.heard() == WOKEN
    assert worker.grab() == handle


def test_can_do_on_a_sleeping_worker_without_jobs_lets_it_sleep(house: House) -> None:
    """A job that comes later wakes it, for the new function as for the old."""
    worker = house.sleeper(b"f")
    worker.can_do(b"g")
    assert worker.heard() == []
    house.guest().submit(b"g")
    assert worker.heard() == WOKEN


def test_noop_ignored_then_pre_sleep_is_woken_again(house: House) -> None:
    """A worker that answers NOOP with PRE_SLEEP is never woken again by the C server."""
    client, worker, other = house.guest(), house.sleeper(b"f"), house.worker(b"f")
    client.submit()
    other.complete(other.grab())
    worker.sleep()
    assert worker.heard() == WOKEN
    client.submit()
    assert worker.heard() == WOKEN


def test_a_worker_is_found_again_however_often_it_slept(house: House) -> None:
    """Under each of its functions."""
    client, worker = house.guest(), house.worker(b"f", b"g", b"h")
    for name in (b"f", b"g", b"h", b"g", b"f") * 2:
        worker.sleep()
        handle = client.submit(name)
        assert worker.heard() == WOKEN
        assert worker.grab() == handle
        worker.complete(handle)


def test_a_worker_sleeps_with_jobs_in_hand(house: House) -> None:
    """One that holds a job may sleep and be woken for another."""
    client, worker = house.guest(), house.worker(b"f")
    client.submit()
    worker.grab()
    worker.sleep()
    second = client.submit()
    assert worker.heard() == WOKEN
    assert worker.grab() == second


def test_a_sleeping_worker_that_took_its_function_back_is_not_woken(house: House) -> None:
    """Neither by CANT_DO nor by RESET_ABILITIES does it stop sleeping."""
    client, worker = house.guest(), house.sleeper(b"f", b"g")
    worker.cant_do(b"f")
    client.submit(b"f")
    assert worker.heard() == []
    house.server.dispatch.reset_abilities(worker.peer)
    client.submit(b"g")
    assert worker.heard() == []
    worker.can_do(b"f")
    assert worker.heard() == WOKEN


# The wake-up is repeated for another worker ...


def test_another_is_woken_when_the_woken_one_leaves(house: House) -> None:
    """The job does not wait for a worker that is gone."""
    first, second = house.sleeper(b"f"), house.sleeper(b"f")
    house.guest().submit()
    assert woken(first, second) == [1]
    second.leave()
    assert woken(first) == [0]


def test_another_is_woken_when_the_woken_one_takes_another_functions_job(house: House) -> None:
    """A job of higher priority came between."""
    client = house.guest()
    first, second = house.sleeper(b"f"), house.sleeper(b"f", b"g")
    handle = client.submit(b"f")
    assert woken(first, second) == [1]
    urgent = client.submit(b"g", priority=HIGH)
    assert second.grab() == urgent
    assert woken(first) == [0]
    assert first.grab() == handle


def test_another_is_woken_when_the_woken_one_takes_its_function_back(house: House) -> None:
    """By CANT_DO or RESET_ABILITIES."""
    client = house.guest()
    first, second, third = (house.sleeper(b"f") for _ in range(3))
    client.submit()
    third.cant_do(b"f")
    assert woken(first, second, third) == [1, 2]
    house.server.dispatch.reset_abilities(second.peer)
    assert woken(first, second, third) == [0]


def test_another_is_woken_when_the_woken_one_does_nothing(house: House) -> None:
    """For a tenth of a second; and then yet another, until one takes the job."""
    workers = [house.sleeper(b"f") for _ in range(3)]
    house.guest().submit()
    assert woken(*workers) == [2]
    house.wait(WAKE_PATIENCE / 2)
    assert woken(*workers) == []
    house.wait(WAKE_PATIENCE / 2)
    assert woken(*workers) == [1]
    house.wait(WAKE_PATIENCE)
    assert woken(*workers) == [0]
    house.wait(WAKE_PATIENCE)
    assert house.server.deadlines.next_time() is None


def test_nobody_else_is_woken_when_the_woken_one_grabs_in_time(house: House) -> None:
    """A quick worker leaves the others asleep."""
    first, second = house.sleeper(b"f"), house.sleeper(b"f")
    house.guest().submit()
    second.grab()
    house.wait(WAKE_PATIENCE)
    assert woken(first, second) == [1]


def test_nobody_else_is_woken_when_the_job_is_gone(house: House) -> None:
    """Somebody who was awake took it, or it was cancelled."""
    first, second = house.sleeper(b"f"), house.sleeper(b"f")
    handle = house.guest().submit()
    house.server.control.cancel(handle)
    house.wait(WAKE_PATIENCE)
    second.leave()
    assert woken(first, second) == [1]


def test_a_worker_that_slept_again_is_not_taken_for_a_slow_one(house: House) -> None:
    """The patience is with one wake-up, not with a worker."""
    client = house.guest()
    first, second = house.sleeper(b"f"), house.sleeper(b"f")
    client.submit()
    second.complete(second.grab())
    second.sleep()
    house.wait(WAKE_PATIENCE / 2)
    client.submit()
    house.wait(WAKE_PATIENCE / 2)
    assert woken(first, second) == [1, 1]
    house.wait(WAKE_PATIENCE / 2)
    assert woken(first, second) == [0]


def test_another_is_woken_when_the_woken_one_slept_again_and_left(house: House) -> None:
    """PRE_SLEEP in answer to NOOP gives it a second one, and the job still waits for it."""
    first, second = house.sleeper(b"f"), house.sleeper(b"f")
    handle = house.guest().submit()
    second.sleep()
    assert woken(first, second) == [1, 1]
    second.leave()
    assert woken(first) == [0]
    assert first.grab() == handle


def test_another_is_woken_when_the_woken_one_slept_again_and_does_nothing(house: House) -> None:
    """The patience goes on through PRE_SLEEP."""
    first, second = house.sleeper(b"f"), house.sleeper(b"f")
    house.guest().submit()
    second.sleep()
    house.wait(WAKE_PATIENCE)
    assert woken(first, second) == [0, 1, 1]


def test_another_is_woken_when_the_woken_one_slept_again_and_took_another_job(
    house: House,
) -> None:
    """Also when its second NOOP was for the other job."""
    client = house.guest()
    first, second = house.sleeper(b"f"), house.sleeper(b"f", b"g")
    client.submit(b"f")
    urgent = client.submit(b"g", priority=HIGH)
    second.sleep()
    assert woken(first, second) == [1, 1]
    assert second.grab() == urgent
    assert woken(first) == [0]


# Jobs that come back


def test_a_requeued_job_wakes_a_worker(house: House) -> None:
    """When the worker that had it is lost."""
    handle = house.guest().submit()
    lost = house.worker(b"f")
    lost.grab()
    worker = house.sleeper(b"f")
    lost.leave()
    assert worker.heard() == WOKEN
    assert worker.grab() == handle


def test_the_worker_that_ran_out_of_time_may_be_woken_for_the_job(house: House) -> None:
    """If it sleeps by now."""
    worker = house.worker(b"f", timeout=5)
    handle = house.guest().submit()
    worker.grab()
    worker.sleep()
    house.wait(5)
    assert worker.heard() == WOKEN
    assert worker.grab() == handle


def test_a_lost_workers_jobs_wake_as_many_as_there_are(house: House) -> None:
    """Three jobs come back, three workers are woken."""
    client, lost = house.guest(), house.worker(b"f")
    for _ in range(3):
        client.submit()
        lost.grab()
    workers = [house.sleeper(b"f") for _ in range(4)]
    lost.leave()
    assert woken(*workers) == [1, 2, 3]


# The operator's choice


def test_all_sleeping_workers_are_woken_if_the_operator_says_so(build: BuildHouse) -> None:
    """``--worker-wakeup 0`` is the C server's default."""
    house = build(worker_wakeup=0)
    workers = [house.sleeper(b"f") for _ in range(3)]
    client = house.guest()
    client.submit()
    client.submit()
    assert woken(*workers) == [0, 1, 2]


@pytest.mark.parametrize(("wakeup", "expected"), [(1, [2]), (2, [1, 2]), (9, [0, 1, 2])])
def test_as_many_are_woken_as_the_operator_says(
    build: BuildHouse, wakeup: int, expected: list[int]
) -> None:
    """Or as many as there are."""
    house = build(worker_wakeup=wakeup)
    workers = [house.sleeper(b"f") for _ in range(3)]
    house.guest().submit()
    assert woken(*workers) == expected


def test_waking_passes_over_those_who_are_awake_by_now(house: House) -> None:
    """A worker woken for one function is not woken for another, and somebody else is."""
    client = house.guest()
    first, second = house.sleeper(b"f", b"g"), house.sleeper(b"f", b"g")
    client.submit(b"f")
    client.submit(b"g")
    client.submit(b"g")
    assert woken(first, second) == [0, 1]

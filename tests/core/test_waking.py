"""Which workers get a NOOP and when: one at least while a job waits, no more than useful."""

from __future__ import annotations

import pytest

from gearman_tx.core import HIGH
from gearman_tx.core.dispatch import WAKE_PATIENCE
from tests.core.conftest import BuildCore
from tests.core.core_fixture import NOON, CoreFixture, FakeConnection
from tests.core.recording_link import NOOP

WOKEN = [(NOOP,)]


def woken(*connections: FakeConnection) -> list[int]:
    """Return which of ``connections`` got NOOPs since the last call, once per NOOP."""
    return [place for place, connection in enumerate(connections) for _ in connection.heard()]


def test_a_job_wakes_a_sleeping_worker(core: CoreFixture) -> None:
    """With one NOOP."""
    worker = core.sleeper(b"f")
    core.connection().submit()
    assert worker.heard() == WOKEN


def test_a_job_does_not_wake_those_who_are_awake(core: CoreFixture) -> None:
    """A worker that did not send PRE_SLEEP asks by itself."""
    worker = core.worker(b"f")
    core.connection().submit()
    assert worker.heard() == []


def test_a_job_does_not_wake_workers_of_other_functions(core: CoreFixture) -> None:
    """They could not run it."""
    worker = core.sleeper(b"g")
    core.connection().submit(b"f")
    assert worker.heard() == []


def test_one_worker_is_woken_for_one_job(core: CoreFixture) -> None:
    """The one that fell asleep last; the C server wakes all, at 44 ms for 1,000 of them."""
    workers = [core.sleeper(b"f") for _ in range(3)]
    client = core.connection()
    assert woken(*workers) == []
    for expected in ([2], [1], [0], []):
        client.submit()
        assert woken(*workers) == expected


def test_a_sleep_is_ended_by_one_noop(core: CoreFixture) -> None:
    """More jobs send no more NOOPs to a worker that was woken already."""
    worker, client = core.sleeper(b"f"), core.connection()
    client.submit()
    client.submit()
    assert worker.heard() == WOKEN


def test_a_sleeping_worker_that_grabs_unasked_is_awake(core: CoreFixture) -> None:
    """C workers poll every ten seconds; it gets no NOOP until it sleeps again."""
    worker = core.sleeper(b"f")
    assert worker.grab() == b""
    core.connection().submit()
    assert worker.heard() == []
    worker.sleep()
    assert worker.heard() == WOKEN


def test_a_worker_without_work_sleeps_in_silence(core: CoreFixture) -> None:
    """PRE_SLEEP with nothing to do has no reply, however often it comes."""
    worker = core.sleeper(b"f")
    worker.sleep()
    assert worker.heard() == []


def test_a_worker_that_would_sleep_beside_a_job_is_woken_at_once(core: CoreFixture) -> None:
    """And every time: aiogear and npm's gearman grab only after a NOOP."""
    core.connection().submit()
    worker = core.sleeper(b"f")
    worker.sleep()
    assert worker.heard() == WOKEN * 2
    assert not worker.peer.asleep


def test_a_job_for_later_does_not_keep_workers_awake(core: CoreFixture) -> None:
    """PRE_SLEEP looks for what GRAB_JOB would find; the C server loops forever here."""
    client = core.connection()
    client.promise(due=NOON + 60, priority=HIGH)
    worker = core.sleeper(b"f")
    assert worker.heard() == []
    low = client.submit()
    assert worker.heard() == WOKEN
    assert [worker.grab(), worker.grab()] == [low, b""]
    worker.sleep()
    assert worker.heard() == []


def test_can_do_on_a_sleeping_worker_with_waiting_jobs_wakes_it(core: CoreFixture) -> None:
    """The C server lets it sleep."""
    handle = core.connection().submit(b"g")
    worker = core.sleeper(b"f")
    worker.can_do(b"g")
    assert worker.heard() == WOKEN
    assert worker.grab() == handle


def test_can_do_on_a_sleeping_worker_without_jobs_lets_it_sleep(core: CoreFixture) -> None:
    """A job that comes later wakes it, for the new function as for the old."""
    worker = core.sleeper(b"f")
    worker.can_do(b"g")
    assert worker.heard() == []
    core.connection().submit(b"g")
    assert worker.heard() == WOKEN


def test_noop_ignored_then_pre_sleep_is_woken_again(core: CoreFixture) -> None:
    """A worker that answers NOOP with PRE_SLEEP is never woken again by the C server."""
    client, worker, other = core.connection(), core.sleeper(b"f"), core.worker(b"f")
    client.submit()
    other.complete(other.grab())
    worker.sleep()
    assert worker.heard() == WOKEN
    client.submit()
    assert worker.heard() == WOKEN


def test_a_worker_is_found_again_however_often_it_slept(core: CoreFixture) -> None:
    """Under each of its functions."""
    client, worker = core.connection(), core.worker(b"f", b"g", b"h")
    for name in (b"f", b"g", b"h", b"g", b"f") * 2:
        worker.sleep()
        handle = client.submit(name)
        assert worker.heard() == WOKEN
        assert worker.grab() == handle
        worker.complete(handle)


def test_a_worker_sleeps_with_jobs_in_hand(core: CoreFixture) -> None:
    """One that holds a job may sleep and be woken for another."""
    client, worker = core.connection(), core.worker(b"f")
    client.submit()
    worker.grab()
    worker.sleep()
    second = client.submit()
    assert worker.heard() == WOKEN
    assert worker.grab() == second


def test_a_sleeping_worker_that_took_its_function_back_is_not_woken(core: CoreFixture) -> None:
    """Neither by CANT_DO nor by RESET_ABILITIES does it stop sleeping."""
    client, worker = core.connection(), core.sleeper(b"f", b"g")
    worker.cant_do(b"f")
    client.submit(b"f")
    assert worker.heard() == []
    core.server.dispatch.reset_abilities(worker.peer)
    client.submit(b"g")
    assert worker.heard() == []
    worker.can_do(b"f")
    assert worker.heard() == WOKEN


# The wake-up is repeated for another worker ...


def test_another_is_woken_when_the_woken_one_leaves(core: CoreFixture) -> None:
    """The job does not wait for a worker that is gone."""
    first, second = core.sleeper(b"f"), core.sleeper(b"f")
    core.connection().submit()
    assert woken(first, second) == [1]
    second.leave()
    assert woken(first) == [0]


def test_another_is_woken_when_the_woken_one_takes_another_functions_job(core: CoreFixture) -> None:
    """A job of higher priority came between."""
    client = core.connection()
    first, second = core.sleeper(b"f"), core.sleeper(b"f", b"g")
    handle = client.submit(b"f")
    assert woken(first, second) == [1]
    urgent = client.submit(b"g", priority=HIGH)
    assert second.grab() == urgent
    assert woken(first) == [0]
    assert first.grab() == handle


def test_another_is_woken_when_the_woken_one_takes_its_function_back(core: CoreFixture) -> None:
    """By CANT_DO or RESET_ABILITIES."""
    client = core.connection()
    first, second, third = (core.sleeper(b"f") for _ in range(3))
    client.submit()
    third.cant_do(b"f")
    assert woken(first, second, third) == [1, 2]
    core.server.dispatch.reset_abilities(second.peer)
    assert woken(first, second, third) == [0]


def test_another_is_woken_when_the_woken_one_does_nothing(core: CoreFixture) -> None:
    """For a tenth of a second; and then yet another, until one takes the job."""
    workers = [core.sleeper(b"f") for _ in range(3)]
    core.connection().submit()
    assert woken(*workers) == [2]
    core.wait(WAKE_PATIENCE / 2)
    assert woken(*workers) == []
    core.wait(WAKE_PATIENCE / 2)
    assert woken(*workers) == [1]
    core.wait(WAKE_PATIENCE)
    assert woken(*workers) == [0]
    core.wait(WAKE_PATIENCE)
    assert core.server.deadlines.next_time() is None


def test_no_other_worker_is_woken_when_the_woken_one_grabs_in_time(core: CoreFixture) -> None:
    """A quick worker leaves the others asleep."""
    first, second = core.sleeper(b"f"), core.sleeper(b"f")
    core.connection().submit()
    second.grab()
    core.wait(WAKE_PATIENCE)
    assert woken(first, second) == [1]


def test_no_other_worker_is_woken_when_the_job_is_gone(core: CoreFixture) -> None:
    """A worker that was awake took it, or it was cancelled."""
    first, second = core.sleeper(b"f"), core.sleeper(b"f")
    handle = core.connection().submit()
    core.server.control.cancel(handle)
    core.wait(WAKE_PATIENCE)
    second.leave()
    assert woken(first, second) == [1]


def test_a_worker_that_slept_again_is_not_taken_for_a_slow_one(core: CoreFixture) -> None:
    """The patience is with one wake-up, not with a worker."""
    client = core.connection()
    first, second = core.sleeper(b"f"), core.sleeper(b"f")
    client.submit()
    second.complete(second.grab())
    second.sleep()
    core.wait(WAKE_PATIENCE / 2)
    client.submit()
    core.wait(WAKE_PATIENCE / 2)
    assert woken(first, second) == [1, 1]
    core.wait(WAKE_PATIENCE / 2)
    assert woken(first, second) == [0]


def test_another_is_woken_when_the_woken_one_slept_again_and_left(core: CoreFixture) -> None:
    """PRE_SLEEP in answer to NOOP gives it a second one, and the job still waits for it."""
    first, second = core.sleeper(b"f"), core.sleeper(b"f")
    handle = core.connection().submit()
    second.sleep()
    assert woken(first, second) == [1, 1]
    second.leave()
    assert woken(first) == [0]
    assert first.grab() == handle


def test_another_is_woken_when_the_woken_one_slept_again_and_does_nothing(
    core: CoreFixture,
) -> None:
    """The patience goes on through PRE_SLEEP."""
    first, second = core.sleeper(b"f"), core.sleeper(b"f")
    core.connection().submit()
    second.sleep()
    core.wait(WAKE_PATIENCE)
    assert woken(first, second) == [0, 1, 1]


def test_another_is_woken_when_the_woken_one_slept_again_and_took_another_job(
    core: CoreFixture,
) -> None:
    """Also when its second NOOP was for the other job."""
    client = core.connection()
    first, second = core.sleeper(b"f"), core.sleeper(b"f", b"g")
    client.submit(b"f")
    urgent = client.submit(b"g", priority=HIGH)
    second.sleep()
    assert woken(first, second) == [1, 1]
    assert second.grab() == urgent
    assert woken(first) == [0]


# Jobs that come back


def test_a_requeued_job_wakes_a_worker(core: CoreFixture) -> None:
    """When the worker that had it is lost."""
    handle = core.connection().submit()
    lost = core.worker(b"f")
    lost.grab()
    worker = core.sleeper(b"f")
    lost.leave()
    assert worker.heard() == WOKEN
    assert worker.grab() == handle


def test_the_worker_that_ran_out_of_time_may_be_woken_for_the_job(core: CoreFixture) -> None:
    """If it sleeps by now."""
    worker = core.worker(b"f", timeout=5)
    handle = core.connection().submit()
    worker.grab()
    worker.sleep()
    core.wait(5)
    assert worker.heard() == WOKEN
    assert worker.grab() == handle


def test_a_lost_workers_jobs_wake_as_many_as_there_are(core: CoreFixture) -> None:
    """Three jobs come back, three workers are woken."""
    client, lost = core.connection(), core.worker(b"f")
    for _ in range(3):
        client.submit()
        lost.grab()
    workers = [core.sleeper(b"f") for _ in range(4)]
    lost.leave()
    assert woken(*workers) == [1, 2, 3]


# The operator's choice


def test_all_sleeping_workers_are_woken_if_the_operator_says_so(build: BuildCore) -> None:
    """``--worker-wakeup 0`` is the C server's default."""
    core = build(worker_wakeup=0)
    workers = [core.sleeper(b"f") for _ in range(3)]
    client = core.connection()
    client.submit()
    client.submit()
    assert woken(*workers) == [0, 1, 2]


@pytest.mark.parametrize(("wakeup", "expected"), [(1, [2]), (2, [1, 2]), (9, [0, 1, 2])])
def test_as_many_are_woken_as_the_operator_says(
    build: BuildCore, wakeup: int, expected: list[int]
) -> None:
    """Or as many as there are."""
    core = build(worker_wakeup=wakeup)
    workers = [core.sleeper(b"f") for _ in range(3)]
    core.connection().submit()
    assert woken(*workers) == expected


def test_waking_passes_over_those_who_are_awake_by_now(core: CoreFixture) -> None:
    """A worker woken for one function is not woken for another; another worker is."""
    client = core.connection()
    first, second = core.sleeper(b"f", b"g"), core.sleeper(b"f", b"g")
    client.submit(b"f")
    client.submit(b"g")
    client.submit(b"g")
    assert woken(first, second) == [0, 1]

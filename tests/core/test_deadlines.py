"""Deadlines: due jobs, timeouts, and the time of the next one."""

from __future__ import annotations

import pytest

from gearman_tx.core import HIGH
from gearman_tx.core.deadlines import LOOK_SECONDS
from gearman_tx.core.dispatch import WAKE_PATIENCE
from tests.core.conftest import BuildCore
from tests.core.core_fixture import NOON, CoreFixture
from tests.core.recording_link import NOOP, WORK_FAIL


def test_there_is_no_deadline_when_nothing_waits_for_one(core: CoreFixture) -> None:
    """Plain jobs set no timer."""
    client, worker = core.connection(), core.worker(b"f")
    client.submit()
    worker.grab()
    assert core.server.deadlines.next_time() is None


def test_the_next_deadline_is_the_earliest_of_all_kinds(core: CoreFixture) -> None:
    """A job that is due, a job that runs too long, a worker that does not grab."""
    client, worker = core.connection(), core.worker(b"f", timeout=3)
    deadlines = core.server.deadlines
    client.promise(b"g", due=NOON + 4)
    assert deadlines.next_time() == NOON + 4
    client.submit()
    worker.grab()
    assert deadlines.next_time() == NOON + 3
    core.sleeper(b"h")
    client.submit(b"h")
    assert deadlines.next_time() == NOON + WAKE_PATIENCE
    core.wait(WAKE_PATIENCE)
    assert deadlines.next_time() == NOON + 3


def test_tick_sets_the_time(core: CoreFixture) -> None:
    """For all verbs."""
    core.wait(5)
    assert core.now == NOON + 5
    core.connection().submit()
    [job] = core.server.snapshots.jobs()
    assert job.submitted == NOON + 5


# Due times


def test_jobs_become_due_in_the_order_of_their_times(core: CoreFixture) -> None:
    """Not of their arrival; of the same time, the first to arrive is first."""
    client, worker = core.connection(), core.worker(b"f")
    times = (30, 10, 20, 10, 30)
    third, first, second, first_too, third_too = (client.promise(due=NOON + t) for t in times)
    core.wait(60)
    assert [worker.grab() for _ in times] == [first, first_too, second, third, third_too]


def test_a_job_that_becomes_due_goes_behind_those_that_wait(core: CoreFixture) -> None:
    """It queues when its time comes."""
    client, worker = core.connection(), core.worker(b"f")
    delayed = client.promise(due=NOON + 5)
    early = client.submit()
    core.wait(5)
    late = client.submit()
    assert [worker.grab() for _ in range(3)] == [early, delayed, late]


def test_a_job_is_due_neither_early_nor_late(core: CoreFixture) -> None:
    """To the float: there is no resolution of a second."""
    core.connection().promise(due=NOON + 0.5)
    core.wait(0.4999)
    assert core.counts(b"f") == (0, 0, 1)
    assert core.server.deadlines.next_time() == NOON + 0.5
    core.server.deadlines.tick(NOON + 0.5)
    assert core.counts(b"f") == (1, 0, 0)
    assert core.server.deadlines.next_time() is None


def test_the_system_clock_is_looked_at_while_jobs_wait_for_it(core: CoreFixture) -> None:
    """It may be set while nothing else happens."""
    handle = core.connection().promise(due=NOON + 1000)
    assert core.server.deadlines.next_time() == NOON + LOOK_SECONDS
    core.wait(LOOK_SECONDS)
    assert core.server.deadlines.next_time() == NOON + 2 * LOOK_SECONDS
    core.server.control.cancel(handle)
    assert core.server.deadlines.next_time() is None


def test_a_delayed_job_follows_the_system_clock_forward(core: CoreFixture) -> None:
    """It is due as soon as the clock is set behind its time; limits are where they were."""
    client, worker = core.connection(), core.worker(b"f", timeout=100)
    running = client.submit()
    worker.grab()
    client.promise(due=NOON + 1000)
    core.server.tables.set_time(NOON + 3, NOON + 999)
    assert core.server.deadlines.next_time() == NOON + 4
    core.server.tables.set_time(NOON + 3, NOON + 1000)
    assert core.server.deadlines.next_time() == NOON + 3
    core.wait(0)
    assert core.counts(b"f") == (1, 1, 0)
    core.wait(96)
    assert core.events.timed_out == []
    core.wait(1)
    assert core.events.timed_out == [running]


def test_a_delayed_job_follows_the_system_clock_back(core: CoreFixture) -> None:
    """It is not run early, neither one that waited before nor one that comes later."""
    client = core.connection()
    client.promise(due=NOON + 10)
    core.server.tables.set_time(NOON + 9, NOON - 3591)
    client.promise(due=NOON + 5)
    core.wait(3595)
    assert core.counts(b"f") == (0, 0, 2)
    core.wait(1)
    assert core.counts(b"f") == (1, 0, 1)
    core.wait(5)
    assert core.counts(b"f") == (2, 0, 0)


@pytest.mark.parametrize("step", [-3600, 3600])
def test_the_age_of_a_job_does_not_follow_the_system_clock(step: float) -> None:
    """The difference of the two times that a report subtracts stays, also after a restart."""
    core = CoreFixture(durable=True)
    client = core.connection()
    client.promise()
    core.commit()
    core.server.tables.set_time(NOON + 7, NOON + 7 + step)
    assert ages(core) == [7]
    [function] = core.server.snapshots.functions()
    assert function.ready_since == core.server.unix_time - 7
    client.promise()
    core.commit()
    assert ages(core) == [7, 0]
    assert [row.submitted - NOON for row in core.store.rows.values()] == [0, 7 + step]
    restarted = CoreFixture(durable=True, store=core.store, now=NOON + 8 + step)
    assert ages(restarted) == [max(0, 8 + step), 1]


def ages(core: CoreFixture) -> list[float]:
    """Return how old the jobs are in a report."""
    server = core.server
    return [server.unix_time - job.submitted for job in server.snapshots.jobs()]


def test_many_jobs_due_at_once_wake_as_many_workers(core: CoreFixture) -> None:
    """Each one is woken for one job."""
    client = core.connection()
    for _ in range(3):
        client.promise(due=NOON + 5)
    workers = [core.sleeper(b"f") for _ in range(4)]
    core.wait(5)
    assert [worker.heard() for worker in workers] == [[], *[[(NOOP,)]] * 3]


def test_a_delayed_job_does_not_hide_others(core: CoreFixture) -> None:
    """Of any priority; in the C server it hid all lower ones."""
    client, worker = core.connection(), core.worker(b"f")
    client.promise(priority=HIGH, due=NOON + 5)
    handle = client.submit()
    assert worker.grab() == handle


# Timeouts


def test_a_job_that_runs_too_long_is_queued_again(core: CoreFixture) -> None:
    """Client and worker get no packet; the event comes before the job is queued."""
    client, worker = core.connection(), core.worker(b"f", timeout=5)
    handle = client.submit()
    worker.grab()
    core.wait(4.999)
    assert core.counts(b"f") == (0, 1, 0)
    core.server.deadlines.tick(NOON + 5)
    assert core.counts(b"f") == (1, 0, 0)
    assert client.heard() == worker.heard() == []
    assert core.events.timed_out == [handle]
    [job] = core.server.snapshots.jobs()
    assert (job.losses, job.progress) == (1, (0, 0))


def test_a_job_that_runs_too_long_may_fail(build: BuildCore) -> None:
    """As the protocol's text has it: its client gets WORK_FAIL, and nothing is left of it."""
    core = build(fail_timed_out=True)
    client, worker = core.connection(), core.worker(b"f", timeout=5)
    handle = client.submit()
    worker.grab()
    core.wait(5)
    assert client.heard() == [(WORK_FAIL, handle)]
    assert core.counts(b"f") == (0, 0, 0)
    assert core.events.timed_out == [handle]


@pytest.mark.parametrize("timeout", [0.001, 0.005, 0.03, 0.3, 0.999, 1.0])
def test_no_limit_is_shorter_than_a_second(core: CoreFixture, timeout: float) -> None:
    """As in the C server: many programs give seconds where milliseconds are meant."""
    worker = core.worker(b"f", timeout=timeout)
    core.connection().submit()
    worker.grab()
    assert core.server.deadlines.next_time() == NOON + 1
    core.wait(0.999)
    assert core.counts(b"f") == (0, 1, 0)
    core.server.deadlines.tick(NOON + 1)
    assert core.counts(b"f") == (1, 0, 0)


def test_a_limit_of_more_than_a_second_is_exact(core: CoreFixture) -> None:
    """To the millisecond, in which it was given."""
    worker = core.worker(b"f", timeout=1.001)
    core.connection().submit()
    worker.grab()
    assert core.server.deadlines.next_time() == NOON + 1.001


def test_a_short_limit_is_raised_when_it_is_given_again(core: CoreFixture) -> None:
    """Registering again changes the limit, and the new one is raised too."""
    worker = core.worker(b"f", timeout=5)
    worker.can_do(b"f", 0.03)
    core.connection().submit()
    worker.grab()
    assert core.server.deadlines.next_time() == NOON + 1


@pytest.mark.parametrize("timeout", [0, -1])
def test_no_timeout_is_no_limit(core: CoreFixture, timeout: float) -> None:
    """Zero and below mean none."""
    worker = core.worker(b"f", timeout=timeout)
    core.connection().submit()
    worker.grab()
    assert core.server.deadlines.next_time() is None


def test_a_timed_out_job_goes_to_the_back(core: CoreFixture) -> None:
    """As after a loss."""
    client, worker = core.connection(), core.worker(b"f", timeout=5)
    first, second = client.submit(), client.submit()
    worker.grab()
    core.wait(5)
    assert [worker.grab(), worker.grab()] == [second, first]


def test_several_timeouts_of_one_worker_run_at_once(core: CoreFixture) -> None:
    """Each job has its own; the C server has one a connection."""
    client, worker = core.connection(), core.connection()
    for name, timeout in ((b"f", 5), (b"g", 3), (b"h", 0)):
        worker.can_do(name, timeout)
    handles = {name: client.submit(name) for name in (b"f", b"g", b"h")}
    for _ in range(3):
        worker.grab()
    core.wait(3)
    assert core.events.timed_out == [handles[b"g"]]
    core.wait(2)
    assert core.events.timed_out == [handles[b"g"], handles[b"f"]]
    core.wait(1000)
    assert core.counts(b"h") == (0, 1, 0)


def test_a_second_job_does_not_move_the_firsts_timeout(core: CoreFixture) -> None:
    """Of the same function, grabbed later."""
    client, worker = core.connection(), core.worker(b"f", timeout=5)
    first, second = client.submit(), client.submit()
    worker.grab()
    core.wait(2)
    worker.grab()
    core.wait(3)
    assert core.events.timed_out == [first]
    core.wait(2)
    assert core.events.timed_out == [first, second]


@pytest.mark.parametrize("end", ["complete", "fail", "throw"])
def test_a_timeout_is_cancelled_when_the_job_ends(core: CoreFixture, end: str) -> None:
    """In the C server it fires on a freed job, and ``status`` shows 4294967295."""
    worker = core.worker(b"f", timeout=5)
    handle = core.connection().submit()
    worker.grab()
    getattr(worker, end)(handle)
    assert core.server.deadlines.next_time() is None
    core.wait(10)
    assert core.events.timed_out == []
    assert core.counts(b"f") == (0, 0, 0)


def test_a_timeout_is_cancelled_when_the_job_is_cancelled(core: CoreFixture) -> None:
    """The job is gone."""
    worker = core.worker(b"f", timeout=5)
    handle = core.connection().submit()
    worker.grab()
    core.server.control.cancel(handle)
    assert core.server.deadlines.next_time() is None


def test_a_timeout_is_cancelled_when_the_worker_is_lost(core: CoreFixture) -> None:
    """The job is queued again, once."""
    worker = core.worker(b"f", timeout=5)
    core.connection().submit()
    worker.grab()
    worker.leave()
    core.wait(10)
    assert core.events.timed_out == []
    assert core.counts(b"f") == (1, 0, 0)


def test_sleeping_does_not_cancel_a_timeout(core: CoreFixture) -> None:
    """PRE_SLEEP drops it in the C server, even while the job runs."""
    worker = core.worker(b"f", timeout=5)
    core.connection().submit()
    worker.grab()
    worker.sleep()
    core.wait(5)
    assert core.counts(b"f") == (1, 0, 0)
    assert worker.heard() == [(NOOP,)]


def test_taking_the_function_back_does_not_cancel_a_timeout(core: CoreFixture) -> None:
    """The job is still the worker's."""
    worker = core.worker(b"f", timeout=5)
    core.connection().submit()
    worker.grab()
    worker.cant_do(b"f")
    core.wait(5)
    assert core.counts(b"f") == (1, 0, 0)


def test_a_new_limit_is_for_new_jobs(core: CoreFixture) -> None:
    """CAN_DO after CAN_DO_TIMEOUT does not lift the limit of a job that runs."""
    client, worker = core.connection(), core.worker(b"f", timeout=5)
    first = client.submit()
    client.submit()
    worker.grab()
    worker.can_do(b"f")
    worker.grab()
    core.wait(1000)
    assert core.events.timed_out == [first]
    assert core.counts(b"f") == (1, 1, 0)


def test_the_last_timeout_gives_the_job_up(build: BuildCore) -> None:
    """Only then clients get WORK_FAIL."""
    core = build(job_retries=2)
    client, worker = core.connection(), core.worker(b"f", timeout=1)
    handle = client.submit()
    for _ in range(2):
        assert worker.grab() == handle
        assert client.heard() == []
        core.wait(1)
    assert client.heard() == [(WORK_FAIL, handle)]
    assert core.events.timed_out == [handle, handle]
    assert core.events.given_up == [handle]
    assert worker.grab() == b""


def test_an_abandoned_job_that_times_out_is_dropped(core: CoreFixture) -> None:
    """No client waits for it."""
    client, worker = core.connection(), core.worker(b"f", timeout=1)
    client.submit()
    worker.grab()
    client.leave()
    core.wait(1)
    assert not core.server.tables.jobs


def test_a_tick_without_anything_due_does_nothing(core: CoreFixture) -> None:
    """Timers may fire early, or after their deadline was cancelled."""
    client, worker = core.connection(), core.worker(b"f", timeout=5)
    client.submit()
    worker.grab()
    client.promise(due=NOON + 5)
    core.wait(0)
    core.wait(1)
    assert core.counts(b"f") == (0, 1, 1)
    assert worker.heard() == client.heard() == []

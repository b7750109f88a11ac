"""Workers that look for work: abilities and the order of jobs."""

from __future__ import annotations

import pytest

from gearman_tx.core import HIGH, LOW, NORMAL
from gearman_tx.errors import Refused
from tests.core.conftest import BuildCore
from tests.core.core_fixture import CoreFixture


def names(core: CoreFixture, grabbed: list[bytes]) -> list[bytes]:
    """Return ``FUNCTION:priority`` of live jobs by their handles."""
    jobs = {job.handle: job for job in core.server.tables.jobs}
    words = (b"high", b"norm", b"low")
    return [jobs[handle].function.name + b":" + words[jobs[handle].priority] for handle in grabbed]


def test_a_worker_without_abilities_gets_nothing(core: CoreFixture) -> None:
    """Not even when there is work."""
    core.connection().submit()
    assert core.connection().grab() == b""


def test_a_worker_gets_only_what_it_registered(core: CoreFixture) -> None:
    """Others' functions are not for it."""
    client = core.connection()
    client.submit(b"g")
    handle = client.submit(b"f")
    worker = core.worker(b"f")
    assert [worker.grab(), worker.grab()] == [handle, b""]


def test_jobs_of_one_priority_are_first_in_first_out(core: CoreFixture) -> None:
    """Of all clients together."""
    handles = [core.connection().submit() for _ in range(5)]
    worker = core.worker(b"f")
    assert [worker.grab() for _ in handles] == handles


def test_foreground_and_background_stand_in_one_queue(core: CoreFixture) -> None:
    """Only the priority decides, then the time of arrival."""
    client, worker = core.connection(), core.worker(b"f")
    handles = [client.submit(), client.promise(), client.submit(reducer=b"r"), client.promise()]
    assert [worker.grab() for _ in handles] == handles


def test_high_goes_before_normal_before_low(core: CoreFixture) -> None:
    """Within one function."""
    client, worker = core.connection(), core.worker(b"f")
    low, normal, high = (client.submit(priority=p) for p in (LOW, NORMAL, HIGH))
    assert [worker.grab() for _ in range(3)] == [high, normal, low]


def test_priority_is_global_over_a_workers_functions(core: CoreFixture) -> None:
    """No normal job of any of its functions runs before a high one of another."""
    client, worker = core.connection(), core.worker(b"f", b"g")
    for name in (b"f", b"g"):
        for priority in (LOW, NORMAL, HIGH):
            client.submit(name, priority=priority)
            client.submit(name, priority=priority)
    got = names(core, [worker.grab() for _ in range(12)])
    assert got == [
        *[b"g:high", b"f:high", b"g:high", b"f:high"],
        *[b"g:norm", b"f:norm", b"g:norm", b"f:norm"],
        *[b"g:low", b"f:low", b"g:low", b"f:low"],
    ]


def test_functions_may_be_drained_one_after_the_other(build: BuildCore) -> None:
    """As by the C server 1.1: the last registered first, its low jobs before others' high ones."""
    core = build(function_by_function=True)
    client, worker = core.connection(), core.worker(b"f", b"g")
    for name in (b"f", b"g"):
        for priority in (LOW, NORMAL, HIGH):
            client.submit(name, priority=priority)
    got = names(core, [worker.grab() for _ in range(6)])
    assert got == [b"g:high", b"g:norm", b"g:low", b"f:high", b"f:norm", b"f:low"]
    assert worker.grab() == b""


def test_a_lost_job_may_go_to_the_front(build: BuildCore) -> None:
    """Then it is the next one of its priority."""
    core = build(requeue_first=True)
    client, worker = core.connection(), core.worker(b"f")
    first, second = client.submit(), client.submit()
    assert worker.grab() == first
    worker.leave()
    other = core.worker(b"f")
    assert [other.grab(), other.grab()] == [first, second]


def test_functions_of_one_priority_take_turns(core: CoreFixture) -> None:
    """The one served longest ago is next; the last registered begins."""
    client, worker = core.connection(), core.worker(b"a", b"b", b"c")
    for _ in range(3):
        for name in (b"a", b"b", b"c"):
            client.submit(name)
    got = names(core, [worker.grab() for _ in range(9)])
    assert got == [b"c:norm", b"b:norm", b"a:norm"] * 3


def test_a_turn_is_not_lost_by_having_no_job(core: CoreFixture) -> None:
    """A function that had nothing when its turn came is next as soon as it has something."""
    client, worker = core.connection(), core.worker(b"a", b"b")
    for _ in range(3):
        client.submit(b"a")
    assert names(core, [worker.grab(), worker.grab()]) == [b"a:norm", b"a:norm"]
    client.submit(b"b")
    assert names(core, [worker.grab(), worker.grab()]) == [b"b:norm", b"a:norm"]


def test_turns_are_each_workers_own(core: CoreFixture) -> None:
    """What one worker was given does not move another's turn."""
    client = core.connection()
    for _ in range(2):
        client.submit(b"a")
        client.submit(b"b")
    workers = [core.worker(b"a", b"b"), core.worker(b"a", b"b")]
    got = [names(core, [worker.grab(), worker.grab()]) for worker in workers]
    assert got == [[b"b:norm", b"a:norm"], [b"b:norm", b"a:norm"]]


def test_turns_go_on_after_a_function_was_taken_back(core: CoreFixture) -> None:
    """A later registration begins, regardless of earlier turns."""
    client, worker = core.connection(), core.worker(b"a", b"b")
    for name in (b"a", b"b", b"a", b"b"):
        client.submit(name)
    assert names(core, [worker.grab()]) == [b"b:norm"]
    worker.cant_do(b"a")
    assert names(core, [worker.grab()]) == [b"b:norm"]
    worker.can_do(b"a")
    assert names(core, [worker.grab(), worker.grab()]) == [b"a:norm", b"a:norm"]


@pytest.mark.parametrize("ready", [1, 5, 12, 40])
@pytest.mark.parametrize("known", [1, 5, 12, 400])
def test_turns_are_the_same_however_the_next_is_looked_for(
    core: CoreFixture, ready: int, known: int
) -> None:
    """Few or many functions with work, few or many abilities: the longest waiting is next."""
    worker = core.worker(*(b"f%d" % n for n in range(known)))
    client = core.connection()
    for _ in range(2):
        for number in range(ready):
            client.submit(b"f%d" % number)
    both = min(ready, known)
    got = names(core, [worker.grab() for _ in range(2 * both)])
    assert got == [b"f%d:norm" % n for n in reversed(range(both))] * 2
    assert worker.grab() == b""


def test_many_ready_functions_of_others_do_not_hide_a_low_job(core: CoreFixture) -> None:
    """Priorities for which the worker has nothing are passed over."""
    client = core.connection()
    for number in range(20):
        client.submit(b"other%d" % number, priority=HIGH)
        client.submit(b"other%d" % number)
    low = client.submit(b"f", priority=LOW)
    assert core.worker(b"f", b"g").grab() == low


def test_a_worker_may_hold_any_number_of_jobs(core: CoreFixture) -> None:
    """Of one function or of several, and it may end them in any order."""
    client, worker = core.connection(), core.worker(b"f", b"g")
    for name in (b"f", b"g", b"f"):
        client.submit(name)
    handles = [worker.grab() for _ in range(3)]
    assert list(worker.peer.running.values()) == [core.now] * 3
    for handle in (handles[1], handles[2], handles[0]):
        worker.complete(handle)
    assert len(client.heard()) == 3


def test_a_connection_may_run_its_own_job(core: CoreFixture) -> None:
    """One connection is client and worker of the same job."""
    both = core.worker(b"f")
    handle = both.submit()
    assert both.grab() == handle
    both.complete(handle)
    assert both.heard() == [(b"WORK_COMPLETE", handle, b"done")]


def test_registering_again_changes_the_time_limit_alone(core: CoreFixture) -> None:
    """One registration is one, however often it is sent; its turn does not change."""
    client, worker = core.connection(), core.worker(b"a", b"b")
    worker.can_do(b"a", timeout=5)
    [a, b] = (core.server.tables.functions[name] for name in (b"a", b"b"))
    assert list(a.workers) == [worker.peer]
    client.submit(b"a")
    client.submit(b"b")
    assert names(core, [worker.grab(), worker.grab()]) == [b"b:norm", b"a:norm"]
    assert (a.running, b.running) == (1, 1)
    core.wait(5)
    assert (a.running, b.running) == (0, 1)


def test_one_cant_do_takes_back_what_was_registered_twice(core: CoreFixture) -> None:
    """As in the C server."""
    core.connection().submit()
    worker = core.worker(b"f", b"f")
    worker.cant_do(b"f")
    assert worker.grab() == b""


def test_taking_back_what_was_never_registered_is_nothing(core: CoreFixture) -> None:
    """Neither for an unknown function nor for one of others."""
    core.worker(b"f")
    worker = core.worker(b"g")
    worker.cant_do(b"f")
    worker.cant_do(b"unknown")
    assert b"unknown" not in core.server.tables.functions
    assert worker.heard() == []


def test_reset_abilities_takes_everything_back(core: CoreFixture) -> None:
    """The worker may register again afterwards."""
    client, worker = core.connection(), core.worker(b"f", b"g")
    client.submit(b"f")
    client.submit(b"g")
    core.server.dispatch.reset_abilities(worker.peer)
    assert worker.grab() == b""
    worker.can_do(b"f")
    assert names(core, [worker.grab(), b"H:t:1"]) == [b"f:norm", b"f:norm"]


def test_cant_do_keeps_running_jobs(core: CoreFixture) -> None:
    """A worker that stops taking work finishes what it has; the C server takes it away."""
    client, worker = core.connection(), core.worker(b"f")
    handle = client.submit()
    worker.grab()
    worker.cant_do(b"f")
    assert core.counts(b"f") == (0, 1, 0)
    worker.complete(handle)
    assert client.heard() == [(b"WORK_COMPLETE", handle, b"done")]


def test_reset_abilities_keeps_running_jobs(core: CoreFixture) -> None:
    """As CANT_DO does."""
    client, worker = core.connection(), core.worker(b"f", b"g")
    handles = [client.submit(b"f"), client.submit(b"g")]
    worker.grab()
    worker.grab()
    core.server.dispatch.reset_abilities(worker.peer)
    for handle in handles:
        worker.complete(handle)
    assert len(client.heard()) == 2


def test_a_name_over_the_limit_cannot_be_registered(build: BuildCore) -> None:
    """The refusal says the size and the limit."""
    worker = build(max_function_name=4).connection()
    worker.can_do(b"1234")
    with pytest.raises(Refused, match="Function name has 5 bytes, the limit is 4"):
        worker.can_do(b"12345")


def test_a_peer_starts_with_the_policys_exceptions_option(build: BuildCore) -> None:
    """``--exceptions`` sets the option for all, as if each had asked for it."""
    assert not build().connection().peer.exceptions
    assert build(exceptions=True).connection().peer.exceptions

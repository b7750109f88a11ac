"""Recount everything that the job server keeps, the slow way, and compare.

Counters, queues, indexes and timers are redundant on purpose: each answers one question at once.
This is what ties them together.
"""

from __future__ import annotations

from collections import Counter

from gearman_tx.core import UNLIMITED, Job, JobServer, Peer
from gearman_tx.core.function import Function
from gearman_tx.core.states import COMMITTING, DELAYED, ENDED, KEPT, QUEUED, RUNNING
from gearman_tx.core.tables import BY_WORKLOAD, Tables
from gearman_tx.core.timer_heap import TimerHeap
from gearman_tx.core.unique_index import UniqueIndex

MOST_FORGIVEN = 1024
SWEEP_FLOOR = 64


def audit(server: JobServer) -> None:
    """Check that all tables of ``server`` agree.

    Raises:
        AssertionError: two of them differ.
    """
    tables = server.tables
    _audit_jobs(tables)
    for name, function in tables.functions.items():
        assert function.name == name
        _audit_function(server, function)
    _audit_uniques(tables)
    for peer in tables.peers:
        _audit_peer(tables, peer)
    _audit_timers(tables.delayed, [j for j in tables.jobs if j.state == DELAYED])
    limited = [j for j in tables.jobs if j.state == RUNNING and j.timer is not None]
    _audit_timers(tables.timeouts, limited)
    for function in tables.functions.values():
        _audit_wakes(server, function)


def _audit_jobs(tables: Tables) -> None:
    """Each job is known by its own handle, in a place that fits its state."""
    assert len({job.id for job in tables.jobs}) == len(tables.jobs)
    for job in tables.jobs:
        assert tables.jobs.get(job.handle) is job
        assert job.id not in tables.unused_ids
        assert job.tries >= (job.state == RUNNING)
        assert job.state != DELAYED or (job.timer is not None and job.timer.when == job.due)
        assert job.state != ENDED
        assert tables.functions[job.function.name] is job.function
        assert (job.worker is not None) == (job.state == RUNNING)
        assert (job.timer is not None) or job.state != DELAYED
        assert (job.timer is None) or job.state in {DELAYED, RUNNING}
        assert job.background or job.clients or job.state == RUNNING, "an abandoned job is gone"
        assert all(client in tables.peers for client in job.clients)
        if job.worker is not None:
            assert job.worker in tables.peers
            assert job in job.worker.running
        assert job.state != KEPT or (tables.keeping and job.background and not job.clients)
        if job.state != QUEUED:
            assert job.before is None
            assert job.after is None


def _audit_function(server: JobServer, function: Function) -> None:
    """A function's counts are those of its jobs, its queues hold its queued jobs."""
    ready = server.dispatch.ready
    jobs = [job for job in server.tables.jobs if job.function is function]
    states = Counter(job.state for job in jobs)
    assert function.committing == states[COMMITTING]
    assert function.delayed == states[DELAYED]
    assert function.queued == states[QUEUED]
    assert function.running == states[RUNNING]
    assert function.kept == states[KEPT]
    assert function.total == len(jobs) - states[COMMITTING]
    for priority, queue in enumerate(function.queues):
        forwards = list(queue)
        backwards = []
        job = queue.last
        while job is not None:
            backwards.append(job)
            job = job.before
        assert forwards == backwards[::-1]
        assert len(queue) == len(forwards)
        assert set(forwards) == {j for j in jobs if j.state == QUEUED and j.priority == priority}
        assert (function in ready[priority]) == bool(forwards)
    known = server.tables.functions.values()
    assert all(each in known for functions in ready for each in functions)


def _audit_uniques(tables: Tables) -> None:
    """What coalesces and what answers GET_STATUS_UNIQUE are the live jobs with a unique."""
    jobs = list(tables.jobs)
    named = {(j.function, j.unique): j for j in jobs if j.unique and j.unique != BY_WORKLOAD}
    same = {(j.function, bytes(j.workload)): j for j in jobs if j.unique == BY_WORKLOAD}
    same = {key: job for key, job in same.items() if job.workload}
    # No verb returns all uniques, so the test reads the indexes.
    assert contents(tables._by_unique) == named  # noqa: SLF001
    assert contents(tables._by_workload) == same  # noqa: SLF001
    for _, unique in named:
        having = [job for job in jobs if job.unique == unique]
        assert tables.newest(unique) is max(having, key=lambda job: job.id)


def contents(index: UniqueIndex) -> dict[tuple[Function, bytes], Job]:
    """Return the jobs that ``index`` finds, by function and key."""
    found: dict[tuple[Function, bytes], Job] = {}
    for shard in index._shards:  # noqa: SLF001  # no verb returns all keys
        for key, known in shard.items():
            jobs = list(known.values()) if isinstance(known, dict) else [known]
            found |= {(job.function, key): job for job in jobs}
    return found


def _audit_peer(tables: Tables, peer: Peer) -> None:
    """A peer agrees with its jobs and its functions."""
    assert set(peer.running) == {j for j in tables.jobs if j.worker is peer}
    assert peer.tasks == {j for j in tables.jobs if peer in j.clients}
    served = [ability.served for ability in peer.abilities.values()]
    assert served == sorted(served), "the function served longest ago comes first"
    assert len(peer.forgiven) <= MOST_FORGIVEN
    for function in tables.functions.values():
        able = function in peer.abilities
        assert (peer in function.workers) == able
        assert (peer in function.idle) + (function in peer.unlisted) == able
        assert not (peer.asleep and able) or peer in function.idle
    assert all(tables.functions[f.name] is f for f in peer.abilities)
    assert peer.woken_for is None or peer.woken_for in peer.abilities
    assert not peer.asleep or peer.woken_for is None


def _audit_timers(heap: TimerHeap, jobs: list[Job]) -> None:
    """A heap has one live timer for each of ``jobs`` and not many dead ones."""
    assert len(heap) == len(jobs)
    times = [job.timer.when for job in jobs if job.timer is not None]
    assert heap.next_time() == min(times, default=None)
    assert heap.held - len(heap) <= max(SWEEP_FLOOR, len(heap))


def _audit_wakes(server: JobServer, function: Function) -> None:
    """While a worker sleeps, every queued job has a worker that was woken for it just now.

    With more than one worker woken for a job there may be more; with all of them woken, none
    sleeps.
    """
    tables = server.tables
    times = [when for when, _, _ in server.dispatch.woken]
    assert times == sorted(times)
    assert set(function.workers) == {p for p in tables.peers if function in p.abilities}
    sleepers = [peer for peer in function.workers if peer.asleep]
    if not sleepers:
        return
    waking = {
        peer
        for _, peer, wakes in server.dispatch.woken
        if peer.woken_for is function and peer.wakes == wakes
    }
    if tables.policy.worker_wakeup == UNLIMITED:
        assert not function.queued
    assert len(waking) >= function.queued

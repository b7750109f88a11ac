"""What lookers-on see: status, functions, jobs, peers."""

from __future__ import annotations

from gearman_tx.core import (
    HIGH,
    LOW,
    NORMAL,
    PRIORITY_NAMES,
    STATE_NAMES,
    FunctionSettings,
    FunctionSnapshot,
    FunctionTotals,
    JobSnapshot,
    JobStatus,
    PeerAddress,
)
from gearman_tx.core.snapshots import UNKNOWN
from gearman_tx.core.states import DELAYED, QUEUED, RUNNING
from tests.core.core_fixture import NOON, CoreFixture


def test_an_unknown_handle_has_a_status(core: CoreFixture) -> None:
    """All of it is zero."""
    assert core.server.snapshots.status(b"H:t:99") == UNKNOWN
    assert JobStatus(known=False, running=False, numerator=0, denominator=0, clients=0) == UNKNOWN


def test_a_status_follows_the_job(core: CoreFixture) -> None:
    """Queued, running, progressing, queued again, gone."""
    snapshots, client, worker = core.server.snapshots, core.connection(), core.worker(b"f")

    def status() -> tuple[bool, bool, int, int, int]:
        found = snapshots.status(handle)
        return found.known, found.running, found.numerator, found.denominator, found.clients

    handle = client.submit(unique=b"u")
    assert status() == (True, False, 0, 0, 1)
    client.submit(unique=b"u")
    core.connection().promise(unique=b"u")
    assert status() == (True, False, 0, 0, 2)
    worker.grab()
    worker.progress(handle, 1, 3)
    assert status() == (True, True, 1, 3, 2)
    worker.leave()
    assert status() == (True, False, 0, 0, 2)
    other = core.worker(b"f")
    other.grab()
    other.complete(handle)
    assert status() == (False, False, 0, 0, 0)


def test_a_delayed_job_is_known_and_not_running(core: CoreFixture) -> None:
    """Also to those who ask by its unique."""
    handle = core.connection().promise(unique=b"u", due=NOON + 5)
    assert core.server.snapshots.status(handle).known
    assert not core.server.snapshots.status_by_unique(b"u").running


def test_a_job_that_is_being_stored_is_known_by_its_unique(durable: CoreFixture) -> None:
    """A foreground joiner has its handle and may ask."""
    client = durable.connection()
    client.promise(unique=b"u")
    client.submit(unique=b"u")
    assert durable.server.snapshots.status_by_unique(b"u").known
    assert durable.server.snapshots.status(b"H:t:1").known


def test_a_unique_is_looked_for_in_all_functions_newest_first(core: CoreFixture) -> None:
    """The function is not part of the question."""
    client, snapshots = core.connection(), core.server.snapshots
    workers = {name: core.worker(name) for name in (b"f", b"g", b"h")}
    handles = [client.submit(name, unique=b"u") for name in (b"f", b"g", b"h")]
    for step, name in enumerate((b"h", b"g", b"f"), 1):
        assert not snapshots.status_by_unique(b"u").running
        assert workers[name].grab() == handles[-step]
        assert snapshots.status_by_unique(b"u").running
        workers[name].complete(handles[-step])
    assert snapshots.status_by_unique(b"u") == UNKNOWN


def test_older_jobs_of_a_unique_may_end_first(core: CoreFixture) -> None:
    """The newest is still the newest."""
    client, snapshots, worker = core.connection(), core.server.snapshots, core.worker(b"f")
    client.submit(b"f", unique=b"u")
    newest = client.submit(b"g", unique=b"u")
    worker.complete(worker.grab())
    core.worker(b"g").grab()
    assert snapshots.status_by_unique(b"u") == snapshots.status(newest)
    core.worker(b"h").grab()
    client.submit(b"h", unique=b"u")
    assert not snapshots.status_by_unique(b"u").running


def test_a_unique_that_never_was_is_unknown(core: CoreFixture) -> None:
    """Nor is the empty one ever found."""
    core.connection().submit(unique=b"")
    assert core.server.snapshots.status_by_unique(b"u") == UNKNOWN
    assert core.server.snapshots.status_by_unique(b"") == UNKNOWN


def test_a_dash_names_no_job(core: CoreFixture) -> None:
    """It coalesces by workload, so it names no job, as in the C server."""
    client = core.connection()
    for workload in (b"one", b"two", b""):
        client.submit(workload=workload, unique=b"-")
    assert not core.server.snapshots.status_by_unique(b"-").known


def test_a_function_shows_its_counts(core: CoreFixture) -> None:
    """Queued by priority, delayed, running, in total; workers busy or not; limits."""
    client, worker = core.connection(), core.worker(b"f")
    core.sleeper(b"f")
    core.server.control.configure(b"f", FunctionSettings((30, 20, 10)))
    for priority, count in ((HIGH, 1), (NORMAL, 2), (LOW, 3)):
        for _ in range(count):
            client.submit(priority=priority)
    client.promise(due=NOON + 5)
    worker.grab()
    [function] = core.server.snapshots.functions()
    assert function == FunctionSnapshot(
        b"f",
        high=0,
        normal=2,
        low=3,
        delayed=1,
        running=1,
        total=7,
        workers=2,
        settings=FunctionSettings((30, 20, 10)),
        totals=FunctionTotals(7, 0, 0, 0, 0, 0),
        ready_since=NOON,
    )


def test_a_function_shows_since_when_a_job_is_ready(core: CoreFixture) -> None:
    """The first jobs of its priorities are compared; a delayed one counts from its time on."""
    client, worker = core.connection(), core.worker(b"f")

    def ready_since() -> float | None:
        [function] = core.server.snapshots.functions()
        return function.ready_since

    assert ready_since() is None
    client.promise(due=NOON + 5)
    assert ready_since() is None
    core.wait(7)
    assert ready_since() == NOON + 5
    client.submit(priority=HIGH)
    assert ready_since() == NOON + 5
    core.wait(2)
    client.submit(priority=LOW)
    worker.grab()
    assert ready_since() == NOON + 5
    worker.grab()
    assert ready_since() == NOON + 9


def test_functions_are_listed_oldest_first(core: CoreFixture) -> None:
    """Whether a job, a worker or an operator made them known."""
    core.connection().submit(b"c")
    core.worker(b"a")
    core.server.control.create_function(b"b")
    assert [f.name for f in core.server.snapshots.functions()] == [b"c", b"a", b"b"]


def test_a_job_shows_what_is_known_of_it(core: CoreFixture) -> None:
    """With the size of its workload, but not the workload."""
    client, worker = core.connection(), core.worker(b"f")
    worker.peer.client_id = b"worker-1"
    handle = client.submit(b"f", b"12345", unique=b"u", priority=HIGH)
    worker.grab()
    worker.progress(handle, 1, 2)
    [job] = core.server.snapshots.jobs()
    assert job == JobSnapshot(
        handle,
        b"f",
        b"u",
        RUNNING,
        HIGH,
        background=False,
        tries=1,
        losses=0,
        submitted=NOON,
        clients=1,
        size=5,
        progress=(1, 2),
        worker=PeerAddress(7, "192.0.2.7"),
        due=None,
        worker_id=b"worker-1",
    )
    assert not job.abandoned
    assert core.server.snapshots.job(handle) == job
    assert core.server.snapshots.job(b"H:t:99") is None


def test_a_job_that_is_being_stored_is_not_shown(durable: CoreFixture) -> None:
    """Neither in the list nor by its handle."""
    durable.connection().promise()
    assert list(durable.server.snapshots.jobs()) == []
    assert durable.server.snapshots.job(b"H:t:1") is None


def test_a_delayed_job_shows_its_time(core: CoreFixture) -> None:
    """And a running one with a time limit does not: that is no due time."""
    client, worker = core.connection(), core.worker(b"g", timeout=5)
    client.promise(due=NOON + 5)
    client.submit(b"g")
    worker.grab()
    client.submit(b"g")
    states = [(job.state, job.due) for job in core.server.snapshots.jobs()]
    assert states == [(DELAYED, NOON + 5), (RUNNING, None), (QUEUED, None)]


def test_only_running_jobs_can_be_abandoned(core: CoreFixture) -> None:
    """Others go with their last client."""
    client, worker = core.connection(), core.worker(b"f")
    client.submit()
    client.promise()
    worker.grab()
    worker.grab()
    client.leave()
    assert [job.abandoned for job in core.server.snapshots.jobs()] == [True, False]


def test_a_peer_shows_its_functions_newest_first(core: CoreFixture) -> None:
    """Regardless of its turns; with its jobs on both sides, and whether it sleeps."""
    worker, client = core.worker(b"a", b"b", b"c"), core.connection()
    worker.peer.client_id = b"w1"
    handles = [client.submit(name) for name in (b"a", b"c")]
    for _ in handles:
        worker.grab()
    worker.sleep()
    first, second = core.server.snapshots.peers()
    assert (first.address, first.client_id) == (PeerAddress(7, "192.0.2.7"), b"w1")
    assert first.functions == (b"c", b"b", b"a")
    assert first.running == (handles[1], handles[0])
    assert (first.tasks, first.asleep) == (0, True)
    assert (second.client_id, second.functions, second.running) == (b"-", (), ())
    assert (second.tasks, second.asleep) == (2, False)
    assert second.address == PeerAddress(7, "192.0.2.7")


def test_a_report_may_be_read_while_the_server_goes_on(core: CoreFixture) -> None:
    """Jobs and peers that went away meanwhile are left out, new ones are not in it yet."""
    client, leaver, worker = core.connection(), core.connection(), core.worker(b"f")
    first, second, third = client.submit(), client.submit(), client.submit()
    jobs, peers = core.server.snapshots.jobs(), core.server.snapshots.peers()
    functions = core.server.snapshots.functions()
    assert next(jobs).handle == first
    assert next(peers).tasks == 3
    assert next(functions).name == b"f"
    worker.grab()
    worker.grab()
    worker.complete(second)
    leaver.leave()
    client.submit(b"g")
    assert [(job.handle, job.state) for job in jobs] == [(third, QUEUED)]
    assert [peer.functions for peer in peers] == [(b"f",)]
    assert list(functions) == []


def test_every_state_and_priority_has_a_name() -> None:
    """In the order of their numbers."""
    assert (STATE_NAMES[DELAYED], STATE_NAMES[RUNNING]) == ("delayed", "running")
    assert (PRIORITY_NAMES[HIGH], PRIORITY_NAMES[NORMAL], PRIORITY_NAMES[LOW]) == (
        "high",
        "normal",
        "low",
    )

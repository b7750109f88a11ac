"""What operators do: cancel, create, drop, limit."""

from __future__ import annotations

import pytest

from gearman_tx.core import FunctionInUseError, FunctionSettings, UnknownFunctionError
from gearman_tx.errors import Refused
from tests.core.conftest import BuildCore
from tests.core.core_fixture import NOON, CoreFixture, limits_of
from tests.core.recording_link import WORK_FAIL

# Cancelling


def test_a_cancelled_job_is_gone(core: CoreFixture) -> None:
    """From lists, counts and unique index; the C server only marks it."""
    client = core.connection()
    handle = client.submit(unique=b"u")
    assert core.server.control.cancel(handle)
    assert client.heard() == [(WORK_FAIL, handle)]
    assert core.counts(b"f") == (0, 0, 0)
    assert list(core.server.snapshots.jobs()) == []
    assert core.worker(b"f").grab() == b""
    assert client.submit(unique=b"u") != handle


def test_a_job_is_cancelled_once(core: CoreFixture) -> None:
    """The second time it is unknown, and the client gets no second packet."""
    client = core.connection()
    handle = client.submit()
    assert core.server.control.cancel(handle)
    assert not core.server.control.cancel(handle)
    assert client.heard() == [(WORK_FAIL, handle)]


def test_an_unknown_handle_cannot_be_cancelled(core: CoreFixture) -> None:
    """The verb returns False."""
    assert not core.server.control.cancel(b"H:t:99")


def test_a_cancelled_running_job_ends_at_once_and_late_results_are_silent(
    core: CoreFixture,
) -> None:
    """Clients get exactly one WORK_FAIL; the worker is not told, and its result is dropped."""
    first, second, worker = core.connection(), core.connection(), core.worker(b"f")
    handle = first.submit(unique=b"u")
    second.submit(unique=b"u")
    worker.grab()
    assert core.server.control.cancel(handle)
    worker.work(handle)
    worker.progress(handle, 1, 2)
    worker.complete(handle)
    assert first.heard() == second.heard() == [(WORK_FAIL, handle)]
    assert worker.heard() == []
    assert core.counts(b"f") == (0, 0, 0)


@pytest.mark.parametrize("end", ["complete", "fail"])
def test_one_late_ending_is_forgiven(core: CoreFixture, end: str) -> None:
    """Further packets about the job are refused."""
    worker = core.worker(b"f")
    handle = core.connection().submit()
    worker.grab()
    core.server.control.cancel(handle)
    getattr(worker, end)(handle)
    with pytest.raises(Refused):
        worker.fail(handle)


def test_a_late_exception_and_its_failure_are_forgiven(core: CoreFixture) -> None:
    """Perl's worker sends both and would die of an ERROR."""
    worker = core.worker(b"f")
    handle = core.connection().submit()
    worker.grab()
    core.server.control.cancel(handle)
    worker.throw(handle)
    worker.fail(handle)
    assert worker.heard() == []


def test_a_worker_whose_job_was_cancelled_may_go(core: CoreFixture) -> None:
    """The job does not come back."""
    worker = core.worker(b"f")
    handle = core.connection().promise()
    worker.grab()
    core.server.control.cancel(handle)
    worker.leave()
    assert not core.server.tables.jobs


def test_a_background_job_can_be_cancelled(core: CoreFixture) -> None:
    """An operator may break the promise."""
    client = core.connection()
    assert core.server.control.cancel(client.promise())
    assert client.heard() == []
    assert not core.server.tables.jobs


def test_a_delayed_job_can_be_cancelled(core: CoreFixture) -> None:
    """It is not run when its time comes."""
    client = core.connection()
    assert core.server.control.cancel(client.promise(due=NOON + 5))
    assert core.server.deadlines.next_time() is None
    core.wait(5)
    assert core.worker(b"f").grab() == b""


def test_cancelling_from_the_middle_of_a_queue_keeps_the_others(core: CoreFixture) -> None:
    """In their order."""
    client, worker = core.connection(), core.worker(b"f")
    handles = [client.submit() for _ in range(5)]
    for place in (2, 0, 4):
        core.server.control.cancel(handles[place])
    assert [worker.grab() for _ in range(3)] == [handles[1], handles[3], b""]


def test_a_job_that_is_being_stored_cannot_be_cancelled(durable: CoreFixture) -> None:
    """No client knows it yet."""
    durable.connection().promise()
    assert not durable.server.control.cancel(b"H:t:1")
    durable.commit()
    assert durable.server.control.cancel(b"H:t:1")


# Functions


def test_a_created_function_is_listed(core: CoreFixture) -> None:
    """Whether it existed or not."""
    core.server.control.create_function(b"f")
    core.server.control.create_function(b"f")
    assert [f.name for f in core.server.snapshots.functions()] == [b"f"]


def test_a_function_with_waiting_jobs_can_be_dropped(core: CoreFixture) -> None:
    """Nothing is left behind; the C server leaves jobs with dangling pointers."""
    client = core.connection()
    queued = client.submit(unique=b"u")
    client.promise(unique=b"-")
    client.promise(due=NOON + 5)
    other = client.submit(b"g")
    core.server.control.drop_function(b"f")
    assert [job.handle for job in core.server.snapshots.jobs()] == [other]
    assert [f.name for f in core.server.snapshots.functions()] == [b"g"]
    assert not core.server.snapshots.status(queued).known
    assert not core.server.snapshots.status_by_unique(b"u").known
    assert core.server.deadlines.next_time() is None


def test_dropping_tells_the_waiting_clients(core: CoreFixture) -> None:
    """Each submission ends with WORK_FAIL."""
    first, second = core.connection(), core.connection()
    handle = first.submit(unique=b"u")
    second.submit(unique=b"u")
    core.server.control.drop_function(b"f")
    assert first.heard() == second.heard() == [(WORK_FAIL, handle)]


def test_a_dropped_function_starts_without_its_settings(core: CoreFixture) -> None:
    """Without the limits it had."""
    core.server.control.configure(b"f", FunctionSettings((1, 1, 1)))
    client = core.connection()
    client.submit()
    core.server.control.drop_function(b"f")
    handles = [client.submit(), client.submit()]
    worker = core.worker(b"f")
    assert [worker.grab(), worker.grab()] == handles


def test_a_function_with_workers_cannot_be_dropped(core: CoreFixture) -> None:
    """Not even with sleeping ones."""
    worker = core.sleeper(b"f")
    with pytest.raises(FunctionInUseError):
        core.server.control.drop_function(b"f")
    worker.cant_do(b"f")
    core.server.control.drop_function(b"f")


def test_a_function_with_running_jobs_cannot_be_dropped(core: CoreFixture) -> None:
    """Also when their worker took its registration back."""
    core.connection().submit()
    worker = core.worker(b"f")
    worker.grab()
    worker.cant_do(b"f")
    with pytest.raises(FunctionInUseError):
        core.server.control.drop_function(b"f")


def test_a_function_whose_jobs_are_being_stored_cannot_be_dropped(durable: CoreFixture) -> None:
    """A client waits for an answer."""
    durable.connection().promise()
    with pytest.raises(FunctionInUseError):
        durable.server.control.drop_function(b"f")
    durable.commit()
    durable.server.control.drop_function(b"f")
    durable.commit()
    assert durable.store.rows == {}


def test_a_foreground_job_may_be_dropped_while_it_is_made_durable(durable: CoreFixture) -> None:
    """It is answered and not stored for long."""
    client = durable.connection()
    handle = client.submit(unique=b"u")
    client.promise(unique=b"u")
    durable.take()
    durable.server.control.drop_function(b"f")
    durable.settle()
    assert client.answers == [handle, handle]
    assert client.heard() == [(WORK_FAIL, handle)]
    durable.commit()
    assert durable.store.rows == {}


def test_an_unknown_function_cannot_be_dropped(core: CoreFixture) -> None:
    """The verb raises an error."""
    with pytest.raises(UnknownFunctionError):
        core.server.control.drop_function(b"f")


def test_a_function_to_drop_is_found_without_regard_to_case(core: CoreFixture) -> None:
    """As in the C server; but the exact name goes first."""
    for name in (b"other", b"Resize"):
        core.server.control.create_function(name)
    core.server.control.drop_function(b"rESIZE")
    assert [f.name for f in core.server.snapshots.functions()] == [b"other"]
    core.server.control.drop_function(b"OTHER")
    for name in (b"RESIZE", b"resize"):
        core.server.control.create_function(name)
    core.server.control.drop_function(b"resize")
    assert [f.name for f in core.server.snapshots.functions()] == [b"RESIZE"]


# Limits


def test_limits_may_be_set_before_the_function_exists(core: CoreFixture) -> None:
    """The C server says OK and forgets them."""
    core.server.control.configure(b"f", FunctionSettings((0, 1, 0)))
    client = core.connection()
    assert client.submit()
    assert not client.submit()


def test_limits_do_not_touch_jobs_that_wait_already(core: CoreFixture) -> None:
    """They are for submissions."""
    client, worker = core.connection(), core.worker(b"f")
    handles = [client.submit() for _ in range(3)]
    core.server.control.configure(b"f", FunctionSettings((1, 1, 1)))
    assert not client.submit()
    assert [worker.grab() for _ in range(3)] == handles


def test_limits_and_drops_are_stored(durable: CoreFixture) -> None:
    """They outlive a restart."""
    control = durable.server.control
    control.configure(b"f", FunctionSettings((1, 2, 3)))
    control.configure(b"g", FunctionSettings((4, 4, 4)))
    durable.commit()
    assert limits_of(durable.store.settings) == {b"f": (1, 2, 3), b"g": (4, 4, 4)}
    control.create_function(b"g")
    control.drop_function(b"g")
    durable.commit()
    assert limits_of(durable.store.settings) == {b"f": (1, 2, 3)}


def test_limits_alone_make_no_function(core: CoreFixture) -> None:
    """It is not listed, and cannot be dropped, until it is used; then the limits hold."""
    core.server.control.configure(b"f", FunctionSettings((1, 1, 1)))
    assert [function.is_listed for function in core.server.snapshots.functions()] == [False]
    with pytest.raises(UnknownFunctionError):
        core.server.control.drop_function(b"f")
    core.connection().submit()
    assert [function.is_listed for function in core.server.snapshots.functions()] == [True]


def test_restored_limits_hold_and_are_not_stored_again(durable: CoreFixture) -> None:
    """The store has them already."""
    durable.server.control.restore_settings(b"f", FunctionSettings((1, 1, 1)))
    assert durable.server.ledger.is_empty
    client = durable.connection()
    client.submit()
    client.submit()
    assert client.answers[1] == (b"QUEUE_ERROR", b"Job queue is full")


@pytest.mark.parametrize("verb", ["create_function", "configure"])
def test_operators_keep_to_the_limit_of_names(build: BuildCore, verb: str) -> None:
    """A name that no worker could register is refused."""
    control = build(max_function_name=4).server.control
    arguments = [FunctionSettings((1, 1, 1))] if verb == "configure" else []
    with pytest.raises(Refused, match="the limit is 4"):
        getattr(control, verb)(b"12345", *arguments)


def test_a_server_without_jobs_is_drained(core: CoreFixture, durable: CoreFixture) -> None:
    """Any job prevents that, also one that is being stored."""
    assert core.server.control.is_drained
    handle = core.connection().promise(due=NOON + 5)
    durable.connection().promise()
    assert [h.server.control.is_drained for h in (core, durable)] == [False, False]
    core.server.control.cancel(handle)
    assert core.server.control.is_drained

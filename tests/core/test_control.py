"""What operators do: cancel, create, drop, limit."""

from __future__ import annotations

import pytest

from gearman_tx.core import FunctionInUseError, UnknownFunctionError
from gearman_tx.errors import Refused
from tests.core.conftest import BuildHouse
from tests.core.house import NOON, House
from tests.core.port import WORK_FAIL

# Cancelling


def test_a_cancelled_job_is_gone(house: House) -> None:
    """From lists, counts and unique index; the C server only marks it."""
    client = house.guest()
    handle = client.submit(unique=b"u")
    assert house.server.control.cancel(handle)
    assert client.heard() == [(WORK_FAIL, handle)]
    assert house.counts(b"f") == (0, 0, 0)
    assert list(house.server.snapshots.jobs()) == []
    assert house.worker(b"f").grab() == b""
    assert client.submit(unique=b"u") != handle


def test_a_job_is_cancelled_once(house: House) -> None:
    """The second time it is unknown, and the client hears nothing more."""
    client = house.guest()
    handle = client.submit()
    assert house.server.control.cancel(handle)
    assert not house.server.control.cancel(handle)
    assert client.heard() == [(WORK_FAIL, handle)]


def test_an_unknown_handle_cannot_be_cancelled(house: House) -> None:
    """It is told so."""
    assert not house.server.control.cancel(b"H:t:99")


def test_a_cancelled_running_job_ends_at_once_and_late_results_are_silent(house: House) -> None:
    """Clients get exactly one WORK_FAIL; the worker is not told, and its result is dropped."""
    first, second, worker = house.guest(), house.guest(), house.worker(b"f")
    handle = first.submit(unique=b"u")
    second.submit(unique=b"u")
    worker.grab()
    assert house.server.control.cancel(handle)
    worker.work(handle)
    worker.progress(handle, 1, 2)
    worker.complete(handle)
    assert first.heard() == second.heard() == [(WORK_FAIL, handle)]
    assert worker.heard() == []
    assert house.counts(b"f") == (0, 0, 0)


@pytest.mark.parametrize("end", ["complete", "fail"])
def test_one_late_ending_is_forgiven(house: House, end: str) -> None:
    """After it, the worker has nothing more to say about the job."""
    worker = house.worker(b"f")
    handle = house.guest().submit()
    worker.grab()
    house.server.control.cancel(handle)
    getattr(worker, end)(handle)
    with pytest.raises(Refused):
        worker.fail(handle)


def test_a_late_exception_and_its_failure_are_forgiven(house: House) -> None:
    """Perl's worker sends both and would die of an ERROR."""
    worker = house.worker(b"f")
    handle = house.guest().submit()
    worker.grab()
    house.server.control.cancel(handle)
    worker.throw(handle)
    worker.fail(handle)
    assert worker.heard() == []


def test_a_worker_whose_job_was_cancelled_may_go(house: House) -> None:
    """The job does not come back."""
    worker = house.worker(b"f")
    handle = house.guest().promise()
    worker.grab()
    house.server.control.cancel(handle)
    worker.leave()
    assert not house.server.tables.jobs


def test_a_background_job_can_be_cancelled(house: House) -> None:
    """The promise is the operator's to break."""
    client = house.guest()
    assert house.server.control.cancel(client.promise())
    assert client.heard() == []
    assert not house.server.tables.jobs


def test_a_delayed_job_can_be_cancelled(house: House) -> None:
    """It is not run when its time comes."""
    client = house.guest()
    assert house.server.control.cancel(client.promise(due=NOON + 5))
    assert house.server.deadlines.next_time() is None
    house.wait(5)
    assert house.worker(b"f").grab() == b""


def test_cancelling_from_the_middle_of_a_queue_keeps_the_others(house: House) -> None:
    """In their order."""
    client, worker = house.guest(), house.worker(b"f")
    handles = [client.submit() for _ in range(5)]
    for place in (2, 0, 4):
        house.server.control.cancel(handles[place])
    assert [worker.grab() for _ in range(3)] == [handles[1], handles[3], b""]


def test_a_job_that_is_being_stored_cannot_be_cancelled(durable: House) -> None:
    """It is nobody's business yet."""
    durable.guest().promise()
    assert not durable.server.control.cancel(b"H:t:1")
    durable.commit()
    assert durable.server.control.cancel(b"H:t:1")


# Functions


def test_a_created_function_is_listed(house: House) -> None:
    """Whether it existed or not."""
    house.server.control.create_function(b"f")
    house.server.control.create_function(b"f")
    assert [f.name for f in house.server.snapshots.functions()] == [b"f"]


def test_a_function_with_waiting_jobs_can_be_dropped(house: House) -> None:
    """Nothing is left behind; the C server leaves jobs with dangling pointers."""
    client = house.guest()
    queued = client.submit(unique=b"u")
    client.promise(unique=b"-")
    client.promise(due=NOON + 5)
    other = client.submit(b"g")
    house.server.control.drop_function(b"f")
    assert [job.handle for job in house.server.snapshots.jobs()] == [other]
    assert [f.name for f in house.server.snapshots.functions()] == [b"g"]
    assert not house.server.snapshots.status(queued).known
    assert not house.server.snapshots.status_by_unique(b"u").known
    assert house.server.deadlines.next_time() is None


def test_dropping_tells_the_waiting_clients(house: House) -> None:
    """Each submission ends with WORK_FAIL."""
    first, second = house.guest(), house.guest()
    handle = first.submit(unique=b"u")
    second.submit(unique=b"u")
    house.server.control.drop_function(b"f")
    assert first.heard() == second.heard() == [(WORK_FAIL, handle)]


def test_a_dropped_function_starts_anew(house: House) -> None:
    """Without the limits it had."""
    house.server.control.set_max_queue(b"f", (1, 1, 1))
    client = house.guest()
    client.submit()
    house.server.control.drop_function(b"f")
    handles = [client.submit(), client.submit()]
    worker = house.worker(b"f")
    assert [worker.grab(), worker.grab()] == handles


def test_a_function_with_workers_cannot_be_dropped(house: House) -> None:
    """Not even with sleeping ones."""
    worker = house.sleeper(b"f")
    with pytest.raises(FunctionInUseError):
        house.server.control.drop_function(b"f")
    worker.cant_do(b"f")
    house.server.control.drop_function(b"f")


def test_a_function_with_running_jobs_cannot_be_dropped(house: House) -> None:
    """Also when their worker took its registration back."""
    house.guest().submit()
    worker = house.worker(b"f")
    worker.grab()
    worker.cant_do(b"f")
    with pytest.raises(FunctionInUseError):
        house.server.control.drop_function(b"f")


def test_a_function_whose_jobs_are_being_stored_cannot_be_dropped(durable: House) -> None:
    """Somebody waits for an answer."""
    durable.guest().promise()
    with pytest.raises(FunctionInUseError):
        durable.server.control.drop_function(b"f")
    durable.commit()
    durable.server.control.drop_function(b"f")
    durable.commit()
    assert durable.store.rows == {}


def test_a_foreground_job_may_be_dropped_while_it_is_made_durable(durable: House) -> None:
    """It is answered and not stored for long."""
    client = durable.guest()
    handle = client.submit(unique=b"u")
    client.promise(unique=b"u")
    durable.take()
    durable.server.control.drop_function(b"f")
    durable.settle()
    assert client.answers == [handle, handle]
    assert client.heard() == [(WORK_FAIL, handle)]
    durable.commit()
    assert durable.store.rows == {}


def test_an_unknown_function_cannot_be_dropped(house: House) -> None:
    """It is told so."""
    with pytest.raises(UnknownFunctionError):
        house.server.control.drop_function(b"f")


def test_a_function_to_drop_is_found_without_regard_to_case(house: House) -> None:
    """As in the C server; but the exact name goes first."""
    for name in (b"other", b"Resize"):
        house.server.control.create_function(name)
    house.server.control.drop_function(b"rESIZE")
    assert [f.name for f in house.server.snapshots.functions()] == [b"other"]
    house.server.control.drop_function(b"OTHER")
    for name in (b"RESIZE", b"resize"):
        house.server.control.create_function(name)
    house.server.control.drop_function(b"resize")
    assert [f.name for f in house.server.snapshots.functions()] == [b"RESIZE"]


# Limits


def test_limits_may_be_set_before_the_function_exists(house: House) -> None:
    """The C server says OK and forgets them."""
    house.server.control.set_max_queue(b"f", (0, 1, 0))
    client = house.guest()
    assert client.submit()
    assert not client.submit()


def test_limits_do_not_touch_jobs_that_wait_already(house: House) -> None:
    """They are for submissions."""
    client, worker = house.guest(), house.worker(b"f")
    handles = [client.submit() for _ in range(3)]
    house.server.control.set_max_queue(b"f", (1, 1, 1))
    assert not client.submit()
    assert [worker.grab() for _ in range(3)] == handles


def test_limits_and_drops_are_stored(durable: House) -> None:
    """They outlive a restart."""
    control = durable.server.control
    control.set_max_queue(b"f", (1, 2, 3))
    control.set_max_queue(b"g", (4, 4, 4))
    durable.commit()
    assert durable.store.max_queue == {b"f": (1, 2, 3), b"g": (4, 4, 4)}
    control.create_function(b"g")
    control.drop_function(b"g")
    durable.commit()
    assert durable.store.max_queue == {b"f": (1, 2, 3)}


def test_limits_alone_make_no_function(house: House) -> None:
    """It is not listed, and cannot be dropped, until it is used; then the limits hold."""
    house.server.control.set_max_queue(b"f", (1, 1, 1))
    assert [function.is_listed for function in house.server.snapshots.functions()] == [False]
    with pytest.raises(UnknownFunctionError):
        house.server.control.drop_function(b"f")
    house.guest().submit()
    assert [function.is_listed for function in house.server.snapshots.functions()] == [True]


def test_restored_limits_hold_and_are_not_stored_again(durable: House) -> None:
    """The store has them already."""
    durable.server.control.restore_max_queue(b"f", (1, 1, 1))
    assert durable.server.ledger.is_empty
    client = durable.guest()
    client.submit()
    client.submit()
    assert client.answers[1] == (b"QUEUE_ERROR", b"Job queue is full")


@pytest.mark.parametrize("verb", ["create_function", "set_max_queue"])
def test_operators_keep_to_the_limit_of_names(build: BuildHouse, verb: str) -> None:
    """A name that no worker could register is refused."""
    control = build(max_function_name=4).server.control
    arguments = [(1, 1, 1)] if verb == "set_max_queue" else []
    with pytest.raises(Refused, match="the limit is 4"):
        getattr(control, verb)(b"12345", *arguments)


def test_a_server_without_jobs_is_drained(house: House, durable: House) -> None:
    """Jobs of any kind keep it from being so, also one that is being stored."""
    assert house.server.control.is_drained
    handle = house.guest().promise(due=NOON + 5)
    durable.guest().promise()
    assert [h.server.control.is_drained for h in (house, durable)] == [False, False]
    house.server.control.cancel(handle)
    assert house.server.control.is_drained

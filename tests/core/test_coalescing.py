"""Submissions of the same unique: which are one job, and which packets a joiner gets."""

from __future__ import annotations

from gearman_tx.core import HIGH, LOW, NORMAL
from tests.core.core_fixture import NOON, CoreFixture


def test_the_same_unique_of_the_same_function_is_the_same_job(core: CoreFixture) -> None:
    """The joiner gets the handle; its own workload is thrown away."""
    first, second = core.connection(), core.connection()
    handle = first.submit(b"f", b"one", unique=b"u")
    assert second.submit(b"f", b"two", unique=b"u") == handle
    job = core.worker(b"f").grab_job()
    assert job is not None
    assert job.workload == b"one"
    assert core.counts(b"f") == (0, 1, 0)


def test_the_same_unique_of_another_function_is_another_job(core: CoreFixture) -> None:
    """The key is function and unique together."""
    client = core.connection()
    assert client.submit(b"f", unique=b"u") != client.submit(b"g", unique=b"u")


def test_an_empty_unique_is_never_coalesced(core: CoreFixture) -> None:
    """Equal workloads make no difference."""
    client = core.connection()
    assert client.submit(b"f", b"same") != client.submit(b"f", b"same")


def test_a_dash_is_coalesced_by_workload(core: CoreFixture) -> None:
    """Equal workloads of one function are one job, others and other functions' are not."""
    client = core.connection()
    handle = client.submit(b"f", b"same", unique=b"-")
    assert client.submit(b"f", b"same", unique=b"-") == handle
    assert client.submit(b"f", b"else", unique=b"-") != handle
    assert client.submit(b"g", b"same", unique=b"-") != handle


def test_a_dash_with_an_empty_workload_is_never_coalesced(core: CoreFixture) -> None:
    """There is nothing to compare."""
    client = core.connection()
    assert client.submit(b"f", b"", unique=b"-") != client.submit(b"f", b"", unique=b"-")


def test_a_dash_and_a_unique_do_not_meet(core: CoreFixture) -> None:
    """Workloads and uniques are in different indexes."""
    client = core.connection()
    handles = {
        client.submit(b"f", b"same", unique=b"-"),
        client.submit(b"f", b"same", unique=b"same"),
        client.submit(b"f", b"same"),
    }
    assert len(handles) == 3


def test_a_hash_sign_means_nothing(core: CoreFixture) -> None:
    """The library replaces ``#`` before it sends; what arrives is a unique like any other."""
    client = core.connection()
    assert client.submit(b"f", b"one", unique=b"#") == client.submit(b"f", b"two", unique=b"#")


def test_a_unique_is_free_again_when_the_job_ended(core: CoreFixture) -> None:
    """For each way to end."""
    client, worker = core.connection(), core.worker(b"f")
    for end in (worker.complete, worker.fail, worker.throw):
        handle = client.submit(unique=b"u")
        assert worker.grab() == handle
        end(handle)
    handle = client.submit(unique=b"u")
    assert handle == b"H:t:4"


def test_a_dash_is_free_again_when_the_job_ended(core: CoreFixture) -> None:
    """The index by workload forgets as the one by unique does."""
    client, worker = core.connection(), core.worker(b"f")
    handle = client.submit(b"f", b"same", unique=b"-")
    worker.complete(worker.grab())
    assert client.submit(b"f", b"same", unique=b"-") != handle


def test_a_running_job_is_joined(core: CoreFixture) -> None:
    """A joiner of a running job gets everything sent from then on, and nothing from before."""
    first, second, worker = core.connection(), core.connection(), core.worker(b"f")
    handle = first.submit(unique=b"u")
    worker.grab()
    worker.work(handle, b"early")
    assert second.submit(unique=b"u") == handle
    worker.work(handle, b"late")
    worker.complete(handle)
    assert second.heard() == [
        (b"WORK_DATA", handle, b"late"),
        (b"WORK_COMPLETE", handle, b"done"),
    ]
    assert len(first.heard()) == 3


def test_a_connection_that_joins_its_own_job_gets_everything_twice(core: CoreFixture) -> None:
    """Two submissions are two answers and two of each packet."""
    client, worker = core.connection(), core.worker(b"f")
    handle = client.submit(unique=b"u")
    assert client.submit(unique=b"u") == handle
    worker.grab()
    worker.complete(handle)
    assert client.heard() == [(b"WORK_COMPLETE", handle, b"done")] * 2


def test_a_background_joiner_gets_only_its_answer(core: CoreFixture) -> None:
    """It does not wait for the result."""
    first, second, worker = core.connection(), core.connection(), core.worker(b"f")
    handle = first.submit(unique=b"u")
    assert second.promise(unique=b"u") == handle
    worker.complete(worker.grab())
    assert second.heard() == []


def test_joining_wakes_no_worker(core: CoreFixture) -> None:
    """The job that is joined has woken its worker already."""
    core.connection().submit(unique=b"u")
    worker, client = core.worker(b"g"), core.connection()
    worker.sleep()
    client.submit(unique=b"u")
    assert worker.heard() == []


def test_joining_does_not_change_the_priority(core: CoreFixture) -> None:
    """A later higher priority promotes nothing."""
    client, worker = core.connection(), core.worker(b"f")
    low = client.submit(unique=b"u", priority=LOW)
    normal = client.submit(priority=NORMAL)
    client.submit(unique=b"u", priority=HIGH)
    assert [worker.grab(), worker.grab()] == [normal, low]


def test_joining_a_delayed_job_leaves_it_delayed(core: CoreFixture) -> None:
    """A plain submission with its unique does nothing now."""
    client, worker = core.connection(), core.worker(b"f")
    handle = client.promise(unique=b"u", due=NOON + 60)
    assert client.promise(unique=b"u") == handle
    assert client.submit(unique=b"u") == handle
    assert worker.grab() == b""
    core.wait(60)
    assert worker.grab() == handle

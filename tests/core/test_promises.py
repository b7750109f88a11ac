"""Several submissions of one job that is being stored: who is answered, when and in what order."""

from __future__ import annotations

from tests.core.house import House
from tests.core.port import WORK_FAIL

FAILED = (b"QUEUE_ERROR", b"disk full")


def handles(house: House) -> set[bytes]:
    """Return the handles of the stored jobs."""
    return {record.handle for record in house.store.rows.values()}


def test_a_joiner_of_a_job_that_is_being_stored_waits_too(durable: House) -> None:
    """Whether the commit began or not."""
    first, second, third = durable.guest(), durable.guest(), durable.guest()
    first.promise(unique=b"u")
    second.promise(unique=b"u")
    durable.take()
    third.promise(unique=b"u")
    assert second.answers + third.answers == [None, None]
    durable.settle()
    assert first.answers + second.answers + third.answers == [b"H:t:1"] * 3


def test_a_joiner_of_a_stored_job_is_answered_at_once(durable: House) -> None:
    """There is nothing left to wait for."""
    client = durable.guest()
    client.promise(unique=b"u")
    durable.commit()
    assert client.promise(unique=b"u") == b"H:t:1"


def test_answers_come_in_the_order_of_the_submissions(durable: House) -> None:
    """Also when a later one joins an earlier job: clients match answers by order."""
    client = durable.guest()
    client.promise(unique=b"u")
    client.promise(unique=b"v")
    client.promise(unique=b"u")
    client.promise(unique=b"v")
    durable.commit()
    assert client.answers == [b"H:t:1", b"H:t:2", b"H:t:1", b"H:t:2"]


def test_answers_come_in_order_over_two_commits(durable: House) -> None:
    """A joiner of the first commit's job waits for what was submitted before it."""
    client, other = durable.guest(), durable.guest()
    client.promise(unique=b"u")
    durable.take()
    client.promise(unique=b"v")
    client.promise(unique=b"u")
    durable.settle()
    assert client.answers == [b"H:t:1", None, None]
    other.promise(unique=b"w")
    durable.take()
    assert other.answers == [None]
    durable.settle()
    assert client.answers == [b"H:t:1", b"H:t:2", b"H:t:1"]
    assert other.answers == [b"H:t:3"]


def test_refusals_come_in_order_over_two_commits(durable: House) -> None:
    """A joiner of a job that could not be stored is refused in its turn."""
    client = durable.guest()
    client.promise(unique=b"u")
    durable.take()
    client.promise(unique=b"v")
    client.promise(unique=b"u")
    durable.fail()
    assert client.answers == [FAILED, None, None]
    durable.commit()
    assert client.answers == [FAILED, b"H:t:2", FAILED]


def test_a_background_joiner_makes_a_foreground_job_durable(durable: House) -> None:
    """In the C server nothing is stored, and the job is lost with its first client."""
    first, second = durable.guest(), durable.guest()
    handle = first.submit(unique=b"u")
    second.promise(unique=b"u")
    assert second.answers == [None]
    durable.commit()
    assert second.answers == [handle]
    assert handles(durable) == {handle}
    first.leave()
    assert durable.worker(b"f").grab() == handle


def test_a_foreground_job_stays_in_its_place_while_it_is_made_durable(durable: House) -> None:
    """A worker may have it before, during and after."""
    first, second = durable.guest(), durable.guest()
    worker = durable.worker(b"f")
    handle = first.submit(unique=b"u")
    second.promise(unique=b"u")
    assert worker.grab() == handle
    durable.commit()
    assert durable.counts(b"f") == (0, 1, 0)


def test_a_foreground_joiner_is_answered_at_once(durable: House) -> None:
    """It promises nothing; the front keeps its answer behind those before it."""
    first, second = durable.guest(), durable.guest()
    first.promise(unique=b"u")
    assert second.submit(unique=b"u") == b"H:t:1"
    durable.commit()
    worker = durable.worker(b"f")
    worker.complete(worker.grab())
    assert second.heard() == [(b"WORK_COMPLETE", b"H:t:1", b"done")]


def test_a_client_that_left_is_no_reason_not_to_store(durable: House) -> None:
    """It may have sent its job and gone."""
    client = durable.guest()
    client.promise()
    client.leave()
    durable.commit()
    assert durable.worker(b"f").grab() == b"H:t:1"


def test_a_foreground_joiner_that_left_is_no_reason_either(durable: House) -> None:
    """The job is promised to somebody else."""
    first, second = durable.guest(), durable.guest()
    first.promise(unique=b"u")
    second.submit(unique=b"u")
    second.leave()
    durable.commit()
    assert durable.worker(b"f").grab() == b"H:t:1"


# A store that several servers share


def has_notes(house: House) -> bool:
    """Return whether there is something to commit."""
    return not house.server.ledger.is_empty


def test_a_job_that_another_server_holds_is_joined_there(durable: House) -> None:
    """Everybody who waits gets the other job's handle, and nothing runs here."""
    first, second = durable.guest(), durable.guest()
    first.promise(unique=b"u")
    second.promise(unique=b"u")
    durable.take()
    durable.settle({1: b"H:other:77"})
    assert first.answers + second.answers == [b"H:other:77"] * 2
    assert not durable.server.tables.jobs
    assert durable.store.rows == {}


def test_a_foreground_joiner_keeps_a_job_that_is_held_elsewhere(durable: House) -> None:
    """It waits for a result of this server's job, so that runs here, in the foreground."""
    first, second = durable.guest(), durable.guest()
    first.promise(unique=b"u")
    second.submit(unique=b"u")
    durable.take()
    durable.settle({1: b"H:other:77"})
    assert (first.answers, second.answers) == ([b"H:other:77"], [b"H:t:1"])
    durable.server.control.cancel(b"H:t:1")
    assert second.heard() == [(WORK_FAIL, b"H:t:1")]
    assert not has_notes(durable)


def test_a_job_that_ended_here_may_be_held_elsewhere(durable: House) -> None:
    """Then the other job stands for the promise."""
    client, worker = durable.guest(), durable.worker(b"f")
    client.submit(unique=b"u")
    worker.grab()
    client.promise(unique=b"u")
    durable.take()
    worker.complete(b"H:t:1")
    durable.settle({1: b"H:other:77"})
    assert client.answers == [b"H:t:1", b"H:other:77"]
    assert not durable.server.tables.jobs

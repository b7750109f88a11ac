"""Several submissions of one job that is being stored: who is answered, when and in what order."""

from __future__ import annotations

from tests.core.core_fixture import CoreFixture
from tests.core.recording_link import WORK_FAIL

FAILED = (b"QUEUE_ERROR", b"disk full")


def handles(core: CoreFixture) -> set[bytes]:
    """Return the handles of the stored jobs."""
    return {record.handle for record in core.store.rows.values()}


def test_a_joiner_of_a_job_that_is_being_stored_waits_too(durable: CoreFixture) -> None:
    """Whether the commit began or not."""
    first, second, third = durable.connection(), durable.connection(), durable.connection()
    first.promise(unique=b"u")
    second.promise(unique=b"u")
    durable.take()
    third.promise(unique=b"u")
    assert second.answers + third.answers == [None, None]
    durable.settle()
    assert first.answers + second.answers + third.answers == [b"H:t:1"] * 3


def test_a_joiner_of_a_stored_job_is_answered_at_once(durable: CoreFixture) -> None:
    """There is nothing left to wait for."""
    client = durable.connection()
    client.promise(unique=b"u")
    durable.commit()
    assert client.promise(unique=b"u") == b"H:t:1"


def test_answers_come_in_the_order_of_the_submissions(durable: CoreFixture) -> None:
    """Also when a later one joins an earlier job: clients match answers by order."""
    client = durable.connection()
    client.promise(unique=b"u")
    client.promise(unique=b"v")
    client.promise(unique=b"u")
    client.promise(unique=b"v")
    durable.commit()
    assert client.answers == [b"H:t:1", b"H:t:2", b"H:t:1", b"H:t:2"]


def test_a_submission_waits_for_its_own_batch_only(durable: CoreFixture) -> None:
    """A joiner of the first commit's job is answered with it, regardless of submissions between.

    Its connection sends the answers in the order of the submissions all the same.
    """
    client, other = durable.connection(), durable.connection()
    client.promise(unique=b"u")
    durable.take()
    client.promise(unique=b"v")
    client.promise(unique=b"u")
    durable.settle()
    assert client.answers == [b"H:t:1", None, b"H:t:1"]
    other.promise(unique=b"w")
    durable.take()
    assert other.answers == [None]
    durable.settle()
    assert client.answers == [b"H:t:1", b"H:t:2", b"H:t:1"]
    assert other.answers == [b"H:t:3"]


def test_a_refusal_waits_for_its_own_batch_only(durable: CoreFixture) -> None:
    """A joiner of a job that could not be stored is refused with it."""
    client = durable.connection()
    client.promise(unique=b"u")
    durable.take()
    client.promise(unique=b"v")
    client.promise(unique=b"u")
    durable.fail()
    assert client.answers == [FAILED, None, FAILED]
    durable.commit()
    assert client.answers == [FAILED, b"H:t:2", FAILED]


def test_a_background_joiner_makes_a_foreground_job_durable(durable: CoreFixture) -> None:
    """In the C server nothing is stored, and the job is lost with its first client."""
    first, second = durable.connection(), durable.connection()
    handle = first.submit(unique=b"u")
    second.promise(unique=b"u")
    assert second.answers == [None]
    durable.commit()
    assert second.answers == [handle]
    assert handles(durable) == {handle}
    first.leave()
    assert durable.worker(b"f").grab() == handle


def test_a_foreground_job_stays_in_its_place_while_it_is_made_durable(durable: CoreFixture) -> None:
    """A worker may have it before, during and after."""
    first, second = durable.connection(), durable.connection()
    worker = durable.worker(b"f")
    handle = first.submit(unique=b"u")
    second.promise(unique=b"u")
    assert worker.grab() == handle
    durable.commit()
    assert durable.counts(b"f") == (0, 1, 0)


def test_a_foreground_joiner_is_answered_at_once(durable: CoreFixture) -> None:
    """It promises nothing; the connection keeps its answer behind earlier ones."""
    first, second = durable.connection(), durable.connection()
    first.promise(unique=b"u")
    assert second.submit(unique=b"u") == b"H:t:1"
    durable.commit()
    worker = durable.worker(b"f")
    worker.complete(worker.grab())
    assert second.heard() == [(b"WORK_COMPLETE", b"H:t:1", b"done")]


def test_a_client_that_left_is_no_reason_not_to_store(durable: CoreFixture) -> None:
    """It may have sent its job and gone."""
    client = durable.connection()
    client.promise()
    client.leave()
    durable.commit()
    assert durable.worker(b"f").grab() == b"H:t:1"


def test_a_foreground_joiner_that_left_is_no_reason_either(durable: CoreFixture) -> None:
    """The job is promised to another client."""
    first, second = durable.connection(), durable.connection()
    first.promise(unique=b"u")
    second.submit(unique=b"u")
    second.leave()
    durable.commit()
    assert durable.worker(b"f").grab() == b"H:t:1"


# A store that several servers share


def has_notes(core: CoreFixture) -> bool:
    """Return whether there is something to commit."""
    return not core.server.ledger.is_empty


def test_a_job_that_another_server_holds_is_joined_there(durable: CoreFixture) -> None:
    """All waiting submissions get the other job's handle, and nothing runs here."""
    first, second = durable.connection(), durable.connection()
    first.promise(unique=b"u")
    second.promise(unique=b"u")
    durable.take()
    durable.settle({1: b"H:other:77"})
    assert first.answers + second.answers == [b"H:other:77"] * 2
    assert not durable.server.tables.jobs
    assert durable.store.rows == {}


def test_a_foreground_joiner_keeps_a_job_that_is_held_elsewhere(durable: CoreFixture) -> None:
    """It waits for a result of this server's job, so that runs here, in the foreground."""
    first, second = durable.connection(), durable.connection()
    first.promise(unique=b"u")
    second.submit(unique=b"u")
    durable.take()
    durable.settle({1: b"H:other:77"})
    assert (first.answers, second.answers) == ([b"H:other:77"], [b"H:t:1"])
    durable.server.control.cancel(b"H:t:1")
    assert second.heard() == [(WORK_FAIL, b"H:t:1")]
    assert not has_notes(durable)


def test_a_job_that_ended_here_may_be_held_elsewhere(durable: CoreFixture) -> None:
    """Then the other job stands for the promise."""
    client, worker = durable.connection(), durable.worker(b"f")
    client.submit(unique=b"u")
    worker.grab()
    client.promise(unique=b"u")
    durable.take()
    worker.complete(b"H:t:1")
    durable.settle({1: b"H:other:77"})
    assert client.answers == [b"H:t:1", b"H:other:77"]
    assert not durable.server.tables.jobs

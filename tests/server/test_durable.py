"""A background submission is answered when it is durable; later answers keep their order."""

from __future__ import annotations

import pytest

from gearman_tx.core import Committed
from gearman_tx.link import OutputLimits
from gearman_tx.server import ConnectionLimits
from gearman_tx.server.peer_link import MOST_PROMISED, MOST_PROMISES
from gearman_tx.server.store_calls import GATHER_SECONDS
from gearman_tx.store import StoreLostError
from tests.link.logs import LogBook
from tests.server import packets as p
from tests.server.held_store_fixture import HeldStoreFixture, submit
from tests.server.packets import created, error, handle, req, res

ECHO = req(p.ECHO_REQ, b"x")
ECHOED = res(p.ECHO_RES, b"x")
DISK_FULL = error(b"QUEUE_ERROR", b"disk full")


@pytest.fixture
def stage() -> HeldStoreFixture:
    """Return a job server over a store that is held."""
    return HeldStoreFixture()


def test_nothing_is_sent_or_done_before_the_commit(stage: HeldStoreFixture) -> None:
    """The client gets no answer and no worker gets the job until it is durable."""
    client, worker = stage.connect(), stage.sleeper(b"f")
    assert client.asks(submit()) == b""
    assert worker.asks(req(p.GRAB_JOB)) == p.NO_JOB_PACKET
    assert worker.asks(req(p.PRE_SLEEP)) == b""
    assert stage.status() == b"f\t0\t0\t1\n.\n"
    stage.keep()
    assert client.hears() == created(1)
    assert worker.hears() == p.NOOP_PACKET
    worker.grabs(1, b"f", b"data")


def test_a_foreground_job_waits_for_no_disk(stage: HeldStoreFixture) -> None:
    """A client that waits for the result was promised nothing that must outlive the process."""
    client = stage.connect()
    assert client.asks(submit(packet_type=p.SUBMIT_JOB)) == created(1)
    assert stage.store.batches == []


def test_replies_behind_a_promise_wait_for_it(stage: HeldStoreFixture) -> None:
    """Echo, error, text and foreground replies of the same connection keep their order."""
    client, other = stage.connect(), stage.connect()
    fail = req(p.NOOP)
    assert client.asks(ECHO, submit(), ECHO, fail, b"version\n", submit(b"u", 7)) == ECHOED
    assert other.asks(ECHO, b"version\n") == ECHOED + b"OK 1.2.3\n"
    stage.keep()
    unexpected = error(b"INVALID_COMMAND", b"Command not expected")
    assert client.hears() == created(1) + ECHOED + unexpected + b"OK 1.2.3\n" + created(2)


def test_a_workers_packet_waits_behind_a_promise(stage: HeldStoreFixture) -> None:
    """A result for a client comes behind the answer that the client waits for."""
    client, worker = stage.connect(), stage.worker(b"f")
    assert client.asks(submit(packet_type=p.SUBMIT_JOB)) == created(1)
    worker.grabs(1, b"f", b"data")
    client.tells(submit())
    worker.tells(req(p.WORK_COMPLETE, handle(1), b"result"))
    assert client.hears() == b""
    stage.keep()
    assert client.hears() == created(2) + res(p.WORK_COMPLETE, handle(1), b"result")


def test_one_turn_is_one_commit(stage: HeldStoreFixture) -> None:
    """All submissions of one turn go to the store together."""
    one, two = stage.connect(), stage.connect()
    one.gives(submit() * 3)
    two.gives(submit() * 2)
    stage.end_turn()
    assert [len(batch.added) for batch in stage.store.batches] == [5]
    stage.keep()
    assert one.hears() == created(1) + created(2) + created(3)
    assert two.hears() == created(4) + created(5)


def test_submissions_during_a_commit_are_the_next_batch(stage: HeldStoreFixture) -> None:
    """A slow disk makes larger batches, and answers keep their order over them."""
    client = stage.connect()
    client.tells(submit())
    for _ in range(3):
        client.tells(submit())
    assert [len(batch.added) for batch in stage.store.batches] == [1]
    stage.keep()
    assert client.hears() == created(1)
    assert [len(batch.added) for batch in stage.store.batches] == [1, 3]
    stage.keep()
    assert client.hears() == created(2) + created(3) + created(4)


def test_a_joined_submission_is_answered_in_its_place(stage: HeldStoreFixture) -> None:
    """Two submissions of one unique with another between: the right handle for each."""
    client = stage.connect()
    client.tells(submit(b"a"), submit(b"b"), submit(b"a"))
    stage.keep()
    assert client.hears() == created(1) + created(2) + created(1)


def test_joining_what_is_being_committed_keeps_the_order(stage: HeldStoreFixture) -> None:
    """Behind a submission of the next batch, one that joins the present batch still waits."""
    client = stage.connect()
    client.tells(submit(b"a"))
    client.tells(submit(b"b"), submit(b"a"))
    stage.keep()
    assert client.hears() == created(1)
    stage.keep()
    assert client.hears() == created(2) + created(1)


def test_a_background_submission_makes_a_foreground_job_durable(stage: HeldStoreFixture) -> None:
    """Joining a foreground job in the background stores it, and it outlives its client."""
    client, other = stage.connect(), stage.connect()
    assert client.asks(submit(b"a", p.SUBMIT_JOB)) == created(1)
    assert other.asks(submit(b"a")) == b""
    stage.keep()
    assert other.hears() == created(1)
    client.leaves()
    stage.worker(b"f").grabs(1, b"f", b"data")


def test_a_store_that_fails_refuses_in_order(stage: HeldStoreFixture, log: LogBook) -> None:
    """Each submission of a batch that could not be stored gets QUEUE_ERROR in its place."""
    client = stage.connect()
    client.tells(submit(), ECHO, submit(b"u"), submit(b"u"))
    stage.fail()
    assert client.hears() == DISK_FULL + ECHOED + DISK_FULL * 2
    assert stage.status() == b"f\t0\t0\t0\n.\n"
    assert log.warnings[0] == "background jobs cannot be stored: disk full"
    stage.clock.advance(1)
    stage.keep()
    client.tells(submit(b"u"))
    stage.keep()
    assert client.hears() == created(3)


def test_a_store_may_say_that_the_job_runs_elsewhere(stage: HeldStoreFixture) -> None:
    """A shared store that holds the unique already names the other job's handle."""
    client = stage.connect()
    client.tells(submit(b"a"))
    stage.keep({1: b"H:other:77"})
    assert client.hears() == res(p.JOB_CREATED, b"H:other:77")
    assert stage.status() == b"f\t0\t0\t0\n.\n"


def test_a_client_that_leaves_does_not_take_its_promise_along(stage: HeldStoreFixture) -> None:
    """A submission whose client is lost before the commit becomes a job all the same."""
    client = stage.connect()
    client.tells(submit(), submit())
    client.leaves()
    stage.keep()
    assert stage.status() == b"f\t2\t0\t0\n.\n"
    stage.worker(b"f").grabs(1, b"f", b"data")


def test_a_client_that_leaves_before_a_failure_disturbs_no_other(stage: HeldStoreFixture) -> None:
    """The refusal of a lost client's submission goes nowhere."""
    client, other = stage.connect(), stage.connect()
    client.gives(submit())
    other.tells(submit())
    client.leaves()
    stage.fail()
    assert other.hears() == DISK_FULL


def test_a_half_closed_client_gets_its_answer(stage: HeldStoreFixture) -> None:
    """``nc -N`` sends its submission and the end together, and still gets JOB_CREATED."""
    client = stage.connect()
    client.gives(submit())
    client.connection.readConnectionLost()
    stage.end_turn()
    before = client.is_served
    stage.keep()
    assert client.hears() == created(1)
    assert (before, client.is_served) == (True, False)


def test_malformed_bytes_behind_a_promise_wait_for_it(stage: HeldStoreFixture) -> None:
    """The answers due before the fatal bytes still come, then the connection ends."""
    client = stage.connect()
    client.tells(submit(), b"\0BAD")
    stage.keep()
    assert client.hears() == created(1)
    assert not client.is_served


def test_a_text_report_behind_a_promise_is_whole(stage: HeldStoreFixture) -> None:
    """A report is made while the promise is open, and comes behind it in one piece."""
    client = stage.connect()
    client.tells(submit(), b"status\n", ECHO)
    assert client.hears() == b""
    stage.keep()
    assert client.hears() == created(1) + b"f\t0\t0\t0\n.\n" + ECHOED


def test_a_stuck_store_does_not_let_a_peer_fill_the_memory() -> None:
    """Replies held back by a promise count as unread output: the peer is paused, then dropped."""
    output = OutputLimits(pause=1000, most=100_000, timeout=60.0)
    stage = HeldStoreFixture(ConnectionLimits(output=output))
    client = stage.connect()
    client.tells(submit(), req(p.ECHO_REQ, bytes(2000)))
    before = client.is_heard
    client.tells(ECHO)
    stage.keep()
    assert client.hears() == created(1) + res(p.ECHO_RES, bytes(2000)) + ECHOED
    assert (before, client.is_heard) == (False, True)
    client.tells(submit(), req(p.ECHO_REQ, bytes(100_001)))
    assert not client.is_served


@pytest.mark.parametrize("size", [0, 100_000])
def test_a_peer_that_outruns_the_disk_is_paused(stage: HeldStoreFixture, size: int) -> None:
    """With many submissions unanswered, or large ones, no more are taken until some are."""
    client, other = stage.connect(), stage.connect()
    most = MOST_PROMISES if not size else -(-MOST_PROMISED // (size + len(b"f\0\0")))
    one = req(p.SUBMIT_JOB_BG, b"f", b"", bytes(size))
    client.tells(one * (most - 1))
    heard = [client.is_heard]
    client.tells(one * 3)
    heard.append(client.is_heard)
    assert other.asks(ECHO) == ECHOED
    assert stage.jobs.tables.next_id == most + 1
    stage.keep()
    heard.append(client.is_heard)
    while stage.store.under_way is not None:
        stage.keep()
    assert heard == [True, False, True]
    assert client.hears() == b"".join(created(number) for number in range(1, most + 3))


def test_ends_of_jobs_are_stored_too(stage: HeldStoreFixture) -> None:
    """A finished background job is removed from the store, though no submission waits."""
    client, worker = stage.connect(), stage.worker(b"f")
    client.tells(submit())
    stage.keep()
    worker.grabs(1, b"f", b"data")
    worker.tells(req(p.WORK_COMPLETE, handle(1), b""))
    stage.clock.advance(GATHER_SECONDS)
    assert stage.store.batches[-1].finished == [1]
    stage.keep()
    assert stage.store.under_way is None


def test_ends_of_jobs_are_gathered(stage: HeldStoreFixture) -> None:
    """Two jobs that end within a moment cost one commit; a submission takes them along at once."""
    client, worker = stage.connect(), stage.worker(b"f")
    client.tells(submit() * 3)
    stage.keep()
    for number in (1, 2):
        worker.grabs(number, b"f", b"data")
        worker.tells(req(p.WORK_COMPLETE, handle(number), b""))
    assert stage.store.under_way is None
    stage.clock.advance(GATHER_SECONDS)
    assert stage.store.batches[-1].finished == [1, 2]
    stage.keep()
    worker.grabs(3, b"f", b"data")
    worker.tells(req(p.WORK_COMPLETE, handle(3), b""))
    client.tells(submit())
    assert stage.store.batches[-1].finished == [3]
    stage.keep()
    stage.clock.advance(GATHER_SECONDS)
    assert stage.store.under_way is None


def test_a_failed_end_is_stored_again_after_a_while(stage: HeldStoreFixture, log: LogBook) -> None:
    """Without new submissions the next try comes after a second, until one succeeds."""
    client, worker = stage.connect(), stage.worker(b"f")
    client.tells(submit())
    stage.keep()
    worker.grabs(1, b"f", b"data")
    worker.tells(req(p.WORK_COMPLETE, handle(1), b""))
    stage.clock.advance(GATHER_SECONDS)
    stage.fail()
    assert stage.store.under_way is None
    worker.tells(ECHO)
    assert stage.store.under_way is None
    stage.clock.advance(1)
    assert stage.store.batches[-1].finished == [1]
    stage.keep()
    assert log.events[-1]["log_format"] == "background jobs can be stored again"
    (beat,) = stage.clock.getDelayedCalls()
    assert beat.getTime() > stage.clock.seconds() + 1, "nothing is tried again"


def test_while_the_store_fails_no_submission_waits_for_it(stage: HeldStoreFixture) -> None:
    """Until the next try submissions are refused at once; those behind it wait for its outcome."""
    client = stage.connect()
    client.tells(submit())
    stage.fail()
    client.tells(submit(), submit())
    assert client.hears() == DISK_FULL * 3
    assert stage.store.under_way is None
    stage.clock.advance(1)
    assert client.asks(submit()) == b""
    stage.fail()
    assert client.asks(submit()) == DISK_FULL * 2
    stage.clock.advance(1)
    client.tells(submit())
    stage.keep()
    assert client.asks(submit()) == b""
    stage.keep()
    assert client.hears() == created(6)
    stage.keep()
    assert client.hears() == created(7)


def test_a_store_that_failed_is_tried_again_without_submissions(
    stage: HeldStoreFixture, log: LogBook
) -> None:
    """An empty batch is the try, each second until one is stored; then it rests."""
    stage.connect().tells(submit())
    for _ in range(3):
        stage.fail()
        assert stage.store.under_way is None
        stage.clock.advance(1)
        assert stage.store.batches[-1].is_empty
    stage.keep()
    stage.clock.advance(1)
    assert stage.store.under_way is None
    assert log.warnings.count("background jobs cannot be stored: disk full") == 3
    assert log.events[-1]["log_format"] == "background jobs can be stored again"


def test_a_store_that_lost_everything_gets_it_again(stage: HeldStoreFixture) -> None:
    """After a loss of the file the live background jobs are stored again without refusals."""
    client = stage.connect()
    client.tells(submit())
    stage.keep()
    client.tells(submit())
    stage.fail(StoreLostError("the file is gone"))
    assert [record.id for record in stage.store.batches[-1].added] == [1, 2]
    stage.keep()
    assert client.hears() == created(1) + created(2)


def test_a_store_that_loses_everything_again_and_again(stage: HeldStoreFixture) -> None:
    """A second loss without a commit between is a failure, and tried again later."""
    client = stage.connect()
    client.tells(submit())
    stage.keep()
    client.tells(submit())
    stage.fail(StoreLostError("the file is gone"))
    stage.fail(StoreLostError("the file is gone"))
    assert client.hears() == created(1) + error(b"QUEUE_ERROR", b"the file is gone")
    assert stage.store.under_way is None
    stage.clock.advance(1)
    assert [record.id for record in stage.store.batches[-1].added] == [1]


def test_ids_are_reserved_well_before_they_are_used_up(stage: HeldStoreFixture) -> None:
    """Foreground jobs use them too, and need no commit for that."""
    stage.jobs.tables.next_id = 50_001
    foreground = submit(packet_type=p.SUBMIT_JOB)
    client = stage.connect()
    assert client.asks(ECHO) == ECHOED
    assert stage.jobs.tables.ids_left == 50_000
    assert client.asks(foreground) == created(50_001)
    assert stage.jobs.tables.ids_left == 49_999 + 1000
    assert stage.store.batches == []
    stage.jobs.tables.next_id = 100_501
    assert client.asks(foreground) == created(100_501)
    assert stage.jobs.tables.ids_left == 499 + 1000


def test_finishing_commits_what_is_noted(stage: HeldStoreFixture) -> None:
    """Before the server stops, the commit under way and what came since are settled."""
    client = stage.connect()
    client.tells(submit())
    client.tells(submit())
    done: list[object] = []
    stage.queue.finish().addCallback(done.append)
    stage.store.take_commit().callback(Committed())
    assert done == []
    stage.store.take_commit().callback(Committed())
    assert done == [None]
    stage.end_turn()
    assert client.hears() == created(1) + created(2)
    stage.queue.finish().addCallback(done.append)
    assert done == [None, None]


def test_finishing_with_a_store_that_fails_ends_all_the_same(stage: HeldStoreFixture) -> None:
    """The last try is the last; no timer is left."""
    client = stage.connect()
    client.tells(submit())
    done: list[object] = []
    stage.fail()
    client.gives(submit())
    stage.queue.close().addCallback(done.append)
    stage.fail()
    assert done == [None]
    assert client.hears() == DISK_FULL * 2
    assert stage.clock.getDelayedCalls() == []

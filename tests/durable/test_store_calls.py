"""Maintenance of the store, its supervision, and its last calls."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred, fail

from gearman_tx.core import Batch, Committed
from gearman_tx.server.store_calls import FINISH_SECONDS, TEND_SECONDS
from gearman_tx.store import StoreError, Tended
from tests.durable.durable_fixture import DurableFixture
from tests.durable.faulty_store import FAILS, LOSES
from tests.link.logs import LogBook
from tests.server import packets as p
from tests.server.packets import error, req, res

SUBMIT = req(p.SUBMIT_JOB_BG, b"f", b"", b"data")
FIRST_ID = 1
"""The first id on a :class:`tests.durable.faulty_store.Disk`."""


def created(number: int) -> bytes:
    """Return JOB_CREATED for the job with this number, counted from 1."""
    return p.created(FIRST_ID + number - 1)


@pytest.fixture
def stage() -> DurableFixture:
    """Return a server on a disk that works when a test says so."""
    return DurableFixture()


def test_the_store_is_tended(stage: DurableFixture) -> None:
    """Maintenance runs every ten seconds, also with nothing to commit."""
    for _ in range(3):
        stage.clock.advance(TEND_SECONDS)
        assert stage.faulty.is_held
        stage.faulty.end()
        stage.end_turn()
        assert not stage.faulty.is_held


def test_a_loss_is_found_without_a_commit(stage: DurableFixture, log: LogBook) -> None:
    """A file that is gone is noticed by an idle server, and its jobs are stored again at once."""
    client = stage.connect()
    client.tells(SUBMIT * 3)
    stage.settle()
    assert client.hears() == created(1) + created(2) + created(3)
    stage.clock.advance(TEND_SECONDS)
    stage.faulty.end(LOSES)
    assert stage.disk.handles() == []
    stage.settle()
    assert stage.disk.handles() == [p.handle(FIRST_ID + number) for number in range(3)]
    (text,) = [event["log_format"] for event in log.events if event["log_level"].name == "error"]
    assert text == "{reason}; all jobs are stored again"


def test_a_store_that_cannot_be_tended(stage: DurableFixture) -> None:
    """After failed maintenance, submissions are refused until the store works."""
    client = stage.connect()
    stage.clock.advance(TEND_SECONDS)
    stage.faulty.end(FAILS)
    stage.end_turn()
    assert client.asks(SUBMIT) == error(b"QUEUE_ERROR", b"disk full")
    stage.clock.advance(1)
    client.tells(SUBMIT)
    stage.settle()
    assert client.hears() == created(2)


def test_a_commit_waits_for_the_tending(stage: DurableFixture) -> None:
    """Only one call of the store is under way at a time."""
    client = stage.connect()
    stage.clock.advance(TEND_SECONDS)
    client.tells(SUBMIT)
    stage.faulty.end()
    stage.end_turn()
    assert client.hears() == b""
    stage.settle()
    assert client.hears() == created(1)


def test_a_busy_store_is_tended_too(stage: DurableFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a commit always under way, maintenance runs between two of them."""
    tended: list[float] = []

    def tend() -> Deferred[bool]:
        tended.append(stage.clock.seconds())
        return stage.faulty.begin(lambda: None, False)

    monkeypatch.setattr(stage.faulty, "tend", tend)
    client = stage.connect()
    client.tells(SUBMIT)
    for _ in range(100):
        client.tells(SUBMIT)  # is noted while the commit before is under way
        stage.clock.advance(TEND_SECONDS / 20)
        stage.faulty.end()
        stage.end_turn()
    assert len(tended) == 5


def test_a_warning_of_the_store_is_logged(stage: DurableFixture, log: LogBook) -> None:
    """Maintenance may end with a warning."""
    for warning in ("", "the log has 268 MB", ""):
        stage.faulty.warning = warning
        stage.clock.advance(TEND_SECONDS)
        stage.faulty.end()
        stage.end_turn()
    assert log.warnings == ["the log has 268 MB"]


def test_a_store_with_more_to_tidy(stage: DurableFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """While there is more to do, maintenance runs again soon."""
    monkeypatch.setattr(
        stage.faulty, "tend", lambda: stage.faulty.begin(lambda: None, Tended(has_more=True))
    )
    stage.clock.advance(TEND_SECONDS)
    for _ in range(3):
        stage.faulty.end()
        stage.end_turn()
        assert not stage.faulty.is_held
        stage.clock.advance(0.25)
        assert stage.faulty.is_held


def test_a_store_that_does_not_answer(stage: DurableFixture, log: LogBook) -> None:
    """A commit that takes long is logged, again and again; other connections are served."""
    client, other = stage.connect(), stage.connect()
    client.tells(SUBMIT * 2)
    stage.clock.advance(TEND_SECONDS)
    stage.clock.advance(TEND_SECONDS)
    told = [text for text in log.warnings if "not answered" in text]
    assert told == [
        "the store has not answered for 10 seconds; submissions wait: 2",
        "the store has not answered for 20 seconds; submissions wait: 2",
    ]
    assert other.asks(req(p.SUBMIT_JOB, b"f", b"", b"")) == created(3)
    stage.settle()
    assert client.hears() == created(1) + created(2)


def figures(stage: DurableFixture) -> dict[str, str | int | float]:
    """Return the reply to the text command ``store``."""
    return dict(stage.queue.figures())


def test_figures(stage: DurableFixture) -> None:
    """The figures show how many submissions wait, for how long, and the last error."""
    client = stage.connect()
    assert figures(stage)["state"] == "ok"
    client.tells(SUBMIT, SUBMIT)
    stage.clock.advance(3)
    found = figures(stage)
    assert (found["waiting"], found["lag"], found["commits"]) == (2, 3.0, 0)
    stage.settle()
    found = figures(stage)
    assert (found["waiting"], found["lag"], found["jobs"], found["added"]) == (0, 0.0, 2, 2)
    assert (
        stage.connect().asks(b"store\n").startswith(b"kind\tbuiltin\npath\t-\nstate\tok\njobs\t2\n")
    )


def test_lag_while_the_store_fails(stage: DurableFixture) -> None:
    """The lag counts from the first failure."""
    client, worker = stage.connect(), stage.worker(b"f")
    client.tells(SUBMIT)
    stage.settle()
    worker.grabs(FIRST_ID, b"f", b"data")
    worker.tells(req(p.WORK_COMPLETE, p.handle(FIRST_ID), b""))
    stage.gather()
    for _ in range(5):
        stage.faulty.end(FAILS)
        stage.clock.advance(1)
    assert figures(stage)["lag"] == 5.0
    stage.settle()
    assert figures(stage)["lag"] == 0.0


def test_a_bug_is_logged_and_survived(
    stage: DurableFixture, monkeypatch: pytest.MonkeyPatch, log: LogBook
) -> None:
    """An unexpected exception of the store is logged with its traceback; a retry follows."""

    def broken(batch: Batch) -> Deferred[Committed]:
        raise ValueError(f"{len(batch.added)} jobs")

    client = stage.connect()
    with monkeypatch.context() as patch:
        patch.setattr(stage.faulty, "commit", broken)
        assert client.asks(SUBMIT) == error(b"QUEUE_ERROR", b"1 jobs")
    assert log.failures() == ["a fault of the job server: ValueError"]
    stage.clock.advance(1)
    client.tells(SUBMIT)
    stage.settle()
    assert client.hears() == created(2)


def test_the_end_does_not_wait_for_ever(stage: DurableFixture, log: LogBook) -> None:
    """A disk that never answers holds up the end for a bounded time only."""
    client = stage.connect()
    client.tells(SUBMIT)
    done: list[object] = []
    stage.queue.finish().addCallback(done.append)
    stage.clock.advance(FINISH_SECONDS - 1)
    assert done == []
    stage.clock.advance(1)
    assert done == [None]
    assert "did not answer" in log.events[-1]["log_format"]
    stage.faulty.end()


def test_ends_that_could_not_be_stored_at_the_stop(stage: DurableFixture, log: LogBook) -> None:
    """Jobs whose end was not stored run again, and a log line says so."""
    client, worker = stage.connect(), stage.worker(b"f")
    client.tells(SUBMIT)
    stage.settle()
    worker.grabs(FIRST_ID, b"f", b"data")
    worker.tells(req(p.WORK_COMPLETE, p.handle(FIRST_ID), b""))
    stage.gather()
    stage.faulty.end(FAILS)
    done: list[object] = []
    stage.queue.close().addCallback(done.append)
    stage.faulty.end(FAILS)
    assert done == [None]
    event = log.events[-1]
    assert event["log_format"].startswith("jobs whose end could not be stored run again")
    assert event["count"] == 1
    stage.end_turn()
    assert stage.clock.getDelayedCalls() == []


def test_a_store_that_cannot_be_closed(
    stage: DurableFixture, monkeypatch: pytest.MonkeyPatch, log: LogBook
) -> None:
    """The server ends all the same, with a line in the log."""
    closing: Deferred[None] = fail(StoreError("the disk did not answer"))
    monkeypatch.setattr(stage.faulty, "close", lambda _: closing)
    done: list[object] = []
    stage.queue.close().addCallback(done.append)
    assert done == [None]
    assert str(log.events[-1]["error"]) == "the disk did not answer"


def test_submissions_at_the_end(stage: DurableFixture) -> None:
    """Submissions while the server stops are refused with the reason."""
    client = stage.connect()
    stage.queue.finish()
    refused = error(b"QUEUE_ERROR", b"Server is shutting down")
    assert client.asks(SUBMIT) == refused


def test_the_next_server_begins_where_this_one_ended(stage: DurableFixture) -> None:
    """After an end in good order handles go on without a gap."""
    client = stage.connect()
    client.tells(req(p.SUBMIT_JOB, b"f", b"", b"") * 5)
    stage.queue.close()
    stage.settle()
    found: list[int] = []
    stage.disk.memory.open().addCallback(lambda contents: found.append(contents.ids.start))
    assert found == [FIRST_ID + 5]
    assert client.hears() == res(p.JOB_CREATED, p.handle(FIRST_ID)) + b"".join(
        created(number) for number in range(2, 6)
    )

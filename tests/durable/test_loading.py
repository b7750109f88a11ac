"""The start: stored jobs are loaded a few at a time; no packet acts on half of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
from twisted.internet.defer import Deferred, succeed

from gearman_tx.core import Batch, Committed, FunctionSettings, JobRecord
from gearman_tx.server.loading import PROGRESS_SECONDS
from gearman_tx.store import Contents, MemoryStore, StoreError, StoreState, Tended
from tests.durable.durable_fixture import DurableFixture
from tests.link.logs import LogBook
from tests.server import packets as p
from tests.server.packets import handle, req, res
from tests.server.server_fixture import NOW
from tests.store.records import record, records


class SlowStore:
    """A store that opens, and returns its jobs, when a test says so."""

    durable = True

    def __init__(self) -> None:
        self.state = StoreState("slow")
        self.opening: Deferred[Contents] = Deferred()
        self.take: Callable[[Sequence[JobRecord]], None] | None = None
        self.replaying: Deferred[int] = Deferred()
        self.closed_with: list[range] = []

    def open(self) -> Deferred[Contents]:
        """Store: wait."""
        return self.opening

    def replay(self, take: Callable[[Sequence[JobRecord]], None]) -> Deferred[int]:
        """Store: wait."""
        self.take = take
        return self.replaying

    def give(self, *jobs: JobRecord) -> None:
        """Return some jobs."""
        assert self.take is not None
        self.take(jobs)

    def commit(self, _: Batch) -> Deferred[Committed]:
        """Store: forget it."""
        return succeed(Committed())

    def reserve(self) -> Deferred[range]:
        """Store: reserve no ids."""
        return succeed(range(0))

    def tend(self) -> Deferred[Tended]:
        """Store: do nothing."""
        return succeed(Tended())

    def close(self, unused: range = range(0)) -> Deferred[None]:
        """Store: end the call under way."""
        self.closed_with.append(unused)
        if not self.replaying.called:
            self.replaying.errback(StoreError("the store is closed"))
        return succeed(None)


def ids_from(number: int) -> range:
    """Return ids enough for a test."""
    return range(number, number + 1_000_000)


def job(number: int, **fields: float) -> JobRecord:
    """Return a stored job of the function ``f`` with a handle of the stage."""
    usual = record(number, handle=handle(number), function=b"f", submitted=NOW - 60)
    return usual._replace(**fields)  # type: ignore[arg-type]  # each test knows the fields


@pytest.fixture
def store() -> SlowStore:
    """Return a slow store."""
    return SlowStore()


@pytest.fixture
def stage(store: SlowStore) -> DurableFixture:
    """Return a server that is starting over the slow store."""
    return DurableFixture(store)


def test_packets_wait_until_all_jobs_are_back(stage: DurableFixture, store: SlowStore) -> None:
    """A submission finds the job that it joins, a worker the oldest job; answers are in order."""
    client, worker = stage.connect(), stage.worker(b"f")
    join = req(p.SUBMIT_JOB, b"f", b"u3", b"data")
    assert client.asks(req(p.ECHO_REQ, b"x"), join, b"version\n") == b""
    assert worker.asks(req(p.GRAB_JOB)) == b""
    store.opening.callback(Contents(ids_from(10), 3))
    store.give(job(2), job(3))
    stage.end_turn()
    assert client.hears() == worker.hears() == b""
    store.give(job(4, priority=0))
    store.replaying.callback(3)
    stage.end_turn()
    assert client.hears() == res(p.ECHO_RES, b"x") + p.created(3) + b"OK 1.2.3\n"
    assert worker.hears() == res(p.JOB_ASSIGN, handle(4), b"f", b"work")
    assert client.asks(req(p.SUBMIT_JOB, b"f", b"", b"")) == p.created(10)


def test_reports_are_answered_meanwhile(stage: DurableFixture, store: SlowStore) -> None:
    """Text reports show the loaded jobs, and ``store`` shows the progress."""
    operator = stage.connect()
    assert operator.asks(b"status\n") == b".\n"
    store.opening.callback(Contents(ids_from(10), 4, {b"g": FunctionSettings((1, 2, 3))}))
    store.give(job(2), job(3, due=NOW + 60))
    assert operator.asks(b"status\n") == b"f\t2\t0\t0\n.\n"
    assert b"\nstate\tloading 2 of 4\n" in operator.asks(b"store\n")
    store.replaying.callback(2)
    assert b"\nstate\tok\n" in operator.asks(b"store\n")


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"cancel job H:stage:3\n", b"OK\r\n"),
        (b"DROP function f\n", b"OK\r\n"),
        (b"maxqueue f 1\n", b"OK\r\n"),
        (b"create function g\n", b"OK\r\n"),
        (b"create\0s function g\n", b"OK\r\n"),
    ],
)
def test_commands_that_change_something_wait(
    stage: DurableFixture, store: SlowStore, line: bytes, answer: bytes
) -> None:
    """The jobs to change may not be loaded yet; so the commands act later, on all jobs."""
    operator = stage.connect()
    store.opening.callback(Contents(ids_from(10), 2))
    store.give(job(2))
    assert operator.asks(line, b"version\n") == b""
    store.give(job(3))
    store.replaying.callback(2)
    stage.end_turn()
    assert operator.hears() == answer + b"OK 1.2.3\n"


def test_stored_jobs_are_the_same_after_loading(stage: DurableFixture, store: SlowStore) -> None:
    """Handles, uniques, retries, limits and due times are as before."""
    store.opening.callback(Contents(ids_from(10), 2, {b"f": FunctionSettings((0, 3, 0))}))
    store.give(job(2, losses=4), job(3, due=NOW + 60))
    store.replaying.callback(2)
    operator, worker = stage.connect(), stage.worker(b"f")
    rows = operator.asks(b"jobs\n").splitlines()
    assert rows[0].split(b"\t")[:8] == b"H:stage:2 f u2 queued normal bg 60 4".split()
    assert rows[1].split(b"\t")[3] == b"delayed"
    worker.grabs(2, b"f", b"work")
    assert worker.asks(req(p.GRAB_JOB)) == p.NO_JOB_PACKET
    stage.clock.advance(60)
    worker.grabs(3, b"f", b"work")
    assert operator.asks(b"functions f\n").endswith(b"\t0\t3\t0\t-\n.\n")


def test_progress_is_logged(stage: DurableFixture, store: SlowStore, log: LogBook) -> None:
    """The log has the start of loading, its progress every two seconds, and its end."""
    store.opening.callback(Contents(ids_from(10), 4))
    for number in range(1, 5):
        stage.clock.advance(PROGRESS_SECONDS / 2)
        store.give(job(number))
    store.replaying.callback(4)
    told = [event["log_format"].format(**event) for event in log.events]
    assert told == [
        "loading 4 stored jobs",
        "2 of 4 stored jobs are loaded",
        "4 of 4 stored jobs are loaded",
        "loaded 4 stored jobs in 4.0 s",
    ]


def test_notices_are_logged(stage: DurableFixture, store: SlowStore, log: LogBook) -> None:
    """Events of the file, at its opening and while it was read, are logged once."""
    store.state.notices.append("brought from format 1 to 2")
    store.opening.callback(Contents(ids_from(10), 0))
    store.state.notices.append("a page was damaged")
    store.replaying.callback(0)
    assert log.warnings == ["brought from format 1 to 2", "a page was damaged"]
    assert b"notice\ta page was damaged\n.\n" in stage.connect().asks(b"store\n")


def test_a_store_that_cannot_be_opened(stage: DurableFixture, store: SlowStore) -> None:
    """The start fails with the store's one line."""
    failures: list[str] = []
    stage.opened.addErrback(lambda failure: failures.append(failure.getErrorMessage()))
    store.opening.errback(StoreError("another job server uses it"))
    assert failures == ["another job server uses it"]


def test_a_store_that_cannot_be_read(stage: DurableFixture, store: SlowStore) -> None:
    """A store that opens and then cannot be read fails the loading."""
    failures: list[str] = []
    stage.queue.loaded.addErrback(lambda failure: failures.append(failure.getErrorMessage()))
    store.opening.callback(Contents(ids_from(10), 2))
    store.replaying.errback(StoreError("the disk does not answer"))
    assert failures == ["the disk does not answer"]


def test_stopping_while_loading(stage: DurableFixture, store: SlowStore) -> None:
    """A server that is stopped while it loads closes its store and returns no ids to it."""
    store.opening.callback(Contents(ids_from(10), 2))
    store.give(job(2))
    done: list[object] = []
    stage.queue.finish().addCallback(done.append)
    stage.queue.close().addCallback(done.append)
    assert done == [None, None]
    assert store.closed_with == [range(0)]
    assert stage.jobs.tables.jobs


def test_many_jobs(log: LogBook) -> None:
    """Jobs come back from a store that works, with nothing lost and nothing doubled."""
    store = MemoryStore(durable=True)
    store.commit(Batch(records(range(1, 5001))))
    stage = DurableFixture(store)
    loaded: list[int] = []
    stage.queue.loaded.addCallback(loaded.append)
    assert loaded == [5000]
    assert [known.id for known in stage.jobs.tables.jobs] == list(range(1, 5001))
    assert not log.warnings

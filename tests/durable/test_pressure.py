"""A client that submits faster than the disk writes is not read until the disk is done."""

from __future__ import annotations

import pytest

from gearman_tx.server.peer_link import MOST_PROMISED, MOST_PROMISES
from tests.durable.durable_fixture import DurableFixture
from tests.durable.faulty_store import FAILS
from tests.durable.test_store_calls import FIRST_ID, SUBMIT, created
from tests.server import packets as p
from tests.server.packets import error, req, res


@pytest.fixture
def stage() -> DurableFixture:
    """Return a server on a disk that works when a test says so."""
    return DurableFixture()


def test_a_client_faster_than_the_disk(stage: DurableFixture) -> None:
    """No more submissions wait than allowed; the others are read and answered later, in order."""
    client, other = stage.connect(), stage.connect()
    client.tells(SUBMIT * (2 * MOST_PROMISES + 10))
    ledger = stage.jobs.ledger
    assert ledger.waiting == MOST_PROMISES
    assert not stage.is_heard(client)
    assert other.asks(req(p.ECHO_REQ, b"x")) == res(p.ECHO_RES, b"x")
    most = 0
    while stage.faulty.is_held:
        stage.faulty.end()
        stage.end_turn()
        most = max(most, ledger.waiting)
    assert most <= MOST_PROMISES
    assert stage.is_heard(client)
    assert client.hears() == b"".join(map(created, range(1, 2 * MOST_PROMISES + 11)))


def test_later_units_keep_their_place(stage: DurableFixture) -> None:
    """Echoes, text and foreground submissions wait behind the last one that may wait."""
    client = stage.connect()
    client.tells(SUBMIT * MOST_PROMISES, req(p.ECHO_REQ, b"x"), b"version\n", SUBMIT)
    stage.settle()
    answers = b"".join(map(created, range(1, MOST_PROMISES + 1)))
    answers += res(p.ECHO_RES, b"x") + b"OK 1.2.3\n" + created(MOST_PROMISES + 1)
    assert client.hears() == answers


def test_few_large_submissions(stage: DurableFixture) -> None:
    """Bytes count as well as submissions; a single one may exceed the limit."""
    client = stage.connect()
    half = req(p.SUBMIT_JOB_BG, b"f", b"", bytes(MOST_PROMISED // 2))
    huge = req(p.SUBMIT_JOB_BG, b"f", b"", bytes(MOST_PROMISED + 1))
    client.tells(half * 3)
    assert stage.jobs.ledger.waiting == 2
    stage.settle()
    assert client.hears() == created(1) + created(2) + created(3)
    client.tells(huge, huge)
    assert stage.jobs.ledger.waiting == 1
    stage.settle()
    assert client.hears() == created(4) + created(5)
    assert client.is_heard


def test_refusals_let_it_go_on_too(stage: DurableFixture) -> None:
    """A store that fails does not leave a client unread."""
    client = stage.connect()
    client.tells(SUBMIT * (MOST_PROMISES + 5))
    stage.faulty.end(FAILS)
    stage.end_turn()
    stage.end_turn()
    assert client.hears() == error(b"QUEUE_ERROR", b"disk full") * (MOST_PROMISES + 5)
    assert client.is_heard


def test_a_client_that_leaves_while_it_waits(stage: DurableFixture) -> None:
    """Nothing goes on for a client that is gone; its submissions are kept."""
    client = stage.connect()
    client.tells(SUBMIT * (MOST_PROMISES + 5))
    client.leaves()
    stage.settle()
    assert len(stage.disk.handles()) == MOST_PROMISES + 5
    assert stage.disk.handles()[0] == p.handle(FIRST_ID)


def test_a_client_that_half_closes_while_it_waits(stage: DurableFixture) -> None:
    """A client that waits is not read, so its end is not seen before its last submission."""
    client = stage.connect()
    client.tells(SUBMIT * (MOST_PROMISES + 5))
    assert not client.is_heard
    stage.settle()
    client.connection.readConnectionLost()
    stage.end_turn()
    assert client.hears() == b"".join(map(created, range(1, MOST_PROMISES + 6)))
    assert not client.is_served

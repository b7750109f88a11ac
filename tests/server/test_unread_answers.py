"""A client that reads no answer to its submissions goes on submitting."""

from __future__ import annotations

import pytest

from gearman_tx.link import OutputLimits
from gearman_tx.server import ConnectionLimits
from tests.server import packets as p
from tests.server.held_store_fixture import HeldStoreFixture
from tests.server.packets import created, error, req
from tests.server.server_fixture import FakePeer, ServerFixture

LIMITS = ConnectionLimits(output=OutputLimits(pause=2000, most=10**7, timeout=60.0))
COUNT = 500
SUBMISSION = req(p.SUBMIT_JOB_BG, b"f", b"", b"")
CREATED = b"".join(created(number) for number in range(1, COUNT + 1))


def idle_client(stage: ServerFixture) -> FakePeer:
    """Return a client that reads nothing yet; its transport takes a few answers."""
    return stage.connect(reads=False, buffer=1000)


def all_of(client: FakePeer) -> bytes:
    """Let the client read everything; return it."""
    while client.connection.queued:
        client.reads()
    return client.hears()


@pytest.mark.parametrize("at_once", [1, 10])
def test_unread_job_created_does_not_stop_a_client(at_once: int) -> None:
    """Every job is queued, and every answer comes when the client reads."""
    stage = ServerFixture(limits=LIMITS)
    client = idle_client(stage)
    for _ in range(COUNT // at_once):
        client.tells(SUBMISSION * at_once)
    assert client.is_heard
    assert stage.status() == b"f\t%d\t0\t0\n.\n" % COUNT
    assert all_of(client) == CREATED


def test_unread_refusals_do_not_stop_a_client() -> None:
    """The same holds for a submission that is answered with ERROR."""
    stage = ServerFixture(limits=LIMITS)
    client = idle_client(stage)
    for _ in range(COUNT):
        client.tells(req(p.SUBMIT_JOB_BG, b"f", b"u" * 65, b""))
    assert client.is_heard
    assert all_of(client) == error(b"ARGUMENT_TOO_LARGE", b"Unique value too large") * COUNT


def test_unread_answers_from_a_store_do_not_stop_a_client() -> None:
    """The same holds for answers that waited until their jobs were stored, or could not be."""
    stage = HeldStoreFixture(LIMITS)
    client = idle_client(stage)
    for _ in range(COUNT // 10):
        client.tells(SUBMISSION * 10)
        stage.keep()
    assert client.is_heard
    assert all_of(client) == CREATED


def test_a_mixture_stays_in_order() -> None:
    """Answers to other requests keep their places between those to submissions."""
    stage = ServerFixture(limits=LIMITS)
    client = idle_client(stage)
    expected = b""
    for number in range(1, COUNT + 1):
        client.tells(SUBMISSION)
        expected += created(number)
        if number % 100 == 0:
            client.tells(req(p.ECHO_REQ, b"%d" % number))
            expected += p.res(p.ECHO_RES, b"%d" % number)
    assert client.is_heard
    assert all_of(client) == expected


def test_other_unread_answers_still_stop_a_client() -> None:
    """A client that asks for what takes memory is not read from until it reads."""
    stage = ServerFixture(limits=LIMITS)
    client = idle_client(stage)
    client.tells(SUBMISSION * COUNT, req(p.ECHO_REQ, bytes(3000)))
    client.tells(req(p.ECHO_REQ, bytes(3000)))
    assert not client.is_heard
    all_of(client)
    assert client.is_heard

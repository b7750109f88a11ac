"""Bodies that arrive in many reads are passed on as they are, by every packet that has them."""

from __future__ import annotations

import pytest

from gearman_tx.large_body import LARGE_BODY
from gearman_tx.server.handlers import IN_PIECES
from tests.server import packets as p
from tests.server.held_store_fixture import HeldStoreFixture
from tests.server.packets import created, error, handle, req, res
from tests.server.server_fixture import FakePeer, ServerFixture

DATA = bytes(range(256)) * (3 * LARGE_BODY // 256)
READ = 40_000
"""Bytes of a read."""


def brings(peer: FakePeer, data: bytes) -> None:
    """Let ``data`` arrive in several reads."""
    for start in range(0, len(data), READ):
        peer.tells(data[start : start + READ])


def grabs(worker: FakePeer, number: int, data: bytes) -> None:
    """Grab a job, which is the one with this number, and has this workload."""
    worker.tells(req(p.GRAB_JOB))
    assert worker.hears() == res(p.JOB_ASSIGN, handle(number), b"f", data)


@pytest.mark.parametrize(
    "kind",
    [
        p.SUBMIT_JOB,
        p.SUBMIT_JOB_BG,
        p.SUBMIT_JOB_HIGH,
        p.SUBMIT_JOB_HIGH_BG,
        p.SUBMIT_JOB_LOW,
        p.SUBMIT_JOB_LOW_BG,
    ],
)
def test_a_workload_in_pieces_reaches_the_worker(stage: ServerFixture, kind: int) -> None:
    """Each kind of submission that takes pieces gives the worker the same workload."""
    assert kind in IN_PIECES
    client, worker = stage.connect(), stage.worker(b"f")
    brings(client, req(kind, b"f", b"u", DATA))
    assert client.hears() == created(1)
    grabs(worker, 1, DATA)


def test_the_unique_comes_along(stage: ServerFixture) -> None:
    """JOB_ASSIGN_UNIQ has it before the pieces."""
    client, worker = stage.connect(), stage.worker(b"f")
    brings(client, req(p.SUBMIT_JOB, b"f", b"u", DATA))
    worker.tells(req(p.GRAB_JOB_UNIQ))
    assert worker.hears() == res(p.JOB_ASSIGN_UNIQ, handle(1), b"f", b"u", DATA)


def test_a_worker_for_reduce_jobs_gets_it_too(stage: ServerFixture) -> None:
    """GRAB_JOB_ALL is answered with a plain job in pieces as well as with a reduce job."""
    client, worker = stage.connect(), stage.worker(b"f")
    brings(client, req(p.SUBMIT_JOB, b"f", b"u", DATA))
    brings(client, req(p.SUBMIT_REDUCE_JOB, b"f", b"v", b"reducer", b"0", DATA))
    client.hears()
    worker.tells(req(p.GRAB_JOB_ALL))
    assert worker.hears() == res(p.JOB_ASSIGN_UNIQ, handle(1), b"f", b"u", DATA)
    worker.tells(req(p.GRAB_JOB_ALL))
    assert worker.hears() == res(p.JOB_ASSIGN_ALL, handle(2), b"f", b"v", b"reducer", DATA)


def test_the_same_workload_is_the_same_job(stage: ServerFixture) -> None:
    """With the unique ``-`` the bytes decide, not how they arrived, while the job lives."""
    client, worker = stage.connect(), stage.worker(b"f")
    packet = req(p.SUBMIT_JOB_BG, b"f", b"-", DATA)
    brings(client, packet)
    client.tells(packet)
    assert client.hears() == created(1) * 2
    grabs(worker, 1, DATA)
    worker.tells(req(p.WORK_COMPLETE, handle(1), b""))
    brings(client, packet)
    assert client.hears() == created(2)


def test_a_large_submission_without_its_arguments_is_refused(stage: ServerFixture) -> None:
    """The text names the missing arguments, as for a small one."""
    client = stage.connect()
    brings(client, req(p.SUBMIT_JOB, b"f" * 2 * LARGE_BODY))
    text = b"SUBMIT_JOB takes 3 arguments separated by NUL, not 1"
    assert client.hears() == error(b"INVALID_ARGUMENT", text)


@pytest.mark.parametrize("kind", [p.WORK_DATA, p.WORK_WARNING, p.WORK_COMPLETE, p.WORK_EXCEPTION])
def test_what_a_worker_says_in_pieces_reaches_the_client(stage: ServerFixture, kind: int) -> None:
    """Each kind of packet of a worker that takes pieces is passed on as it came."""
    assert kind in IN_PIECES
    client, worker = stage.connect(), stage.worker(b"f")
    client.asks(req(p.OPTION_REQ, b"exceptions"))
    client.submits(1, b"f")
    worker.grabs(1, b"f")
    brings(worker, req(kind, handle(1), DATA))
    assert client.hears() == res(kind, handle(1), DATA)
    assert worker.hears() == b""


def test_a_large_word_about_no_job_is_refused(stage: ServerFixture) -> None:
    """A handle that is longer than a read, and a NUL that never comes, are no job's."""
    worker = stage.worker(b"f")
    brings(worker, req(p.WORK_COMPLETE, b"H:" * LARGE_BODY, DATA))
    brings(worker, req(p.WORK_COMPLETE, b"H:" * LARGE_BODY))
    wrong = error(b"JOB_NOT_FOUND", b"Job given in work result not found")
    assert worker.hears() == wrong * 2


def test_a_stored_job_has_the_whole_workload() -> None:
    """The store is given bytes, however they came."""
    stage = HeldStoreFixture()
    client = stage.connect()
    brings(client, req(p.SUBMIT_JOB_BG, b"f", b"u", DATA))
    stage.end_turn()
    assert [record.workload for record in stage.store.batches[0].added] == [DATA]

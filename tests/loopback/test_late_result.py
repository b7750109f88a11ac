"""A worker that is late with a stored job: its result ends the job for good."""

from __future__ import annotations

from pathlib import Path

from gearman_tx.testing import GearmanServer
from tests.loopback.load import pack
from tests.loopback.speaker import (
    CAN_DO,
    CAN_DO_TIMEOUT,
    GRAB_JOB,
    JOB_ASSIGN,
    JOB_CREATED,
    NOOP,
    PRE_SLEEP,
    SUBMIT_JOB_BG,
    WORK_COMPLETE,
    Speaker,
)
from tests.support.servers import running


def test_a_stored_job_that_a_late_worker_ends_does_not_come_back(tmp_path: Path) -> None:
    """Its time is over, it is queued again, and then its result comes; a second job is kept."""
    with running(GearmanServer(tmp_path)) as server:
        with (
            Speaker(server.port) as client,
            Speaker(server.port) as worker,
            Speaker(server.port) as other,
        ):
            client.tell(pack(SUBMIT_JOB_BG, b"f", b"", b"one"))
            assert client.hear()[0] == JOB_CREATED
            worker.tell(pack(CAN_DO_TIMEOUT, b"f", b"1"), pack(GRAB_JOB))
            packet_type, body = worker.hear()
            assert packet_type == JOB_ASSIGN
            other.tell(pack(CAN_DO, b"f"), pack(PRE_SLEEP))
            assert other.hear() == (NOOP, b"")
            client.tell(pack(SUBMIT_JOB_BG, b"f", b"", b"two"))
            assert client.hear()[0] == JOB_CREATED
            assert server.ask(b"status\n", b".\n") == b"f\t2\t0\t2\n.\n"
            worker.tell(pack(WORK_COMPLETE, body.split(b"\0")[0], b"done"))
            worker.echo()
            assert server.ask(b"status\n", b".\n") == b"f\t1\t0\t2\n.\n"
        assert server.stop() == 0
    with running(GearmanServer(tmp_path)) as server, Speaker(server.port) as worker:
        assert server.ask(b"status\n", b".\n") == b"f\t1\t0\t0\n.\n"
        worker.grab(b"f", b"two")

"""Packets over ``--max-packet`` from peers that write all of a packet before they read."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gearman_tx.testing import ServerProcess
from tests.loopback.load import pack
from tests.loopback.memory import MEBIBYTE, resident
from tests.loopback.speaker import (
    CAN_DO,
    ECHO_REQ,
    ERROR,
    GRAB_JOB,
    JOB_ASSIGN,
    JOB_CREATED,
    NO_JOB,
    SUBMIT_JOB,
    WORK_COMPLETE,
    WORK_FAIL,
    Speaker,
)
from tests.support.servers import running, start_our_server

SIZE = 64 * MEBIBYTE
LIMIT = MEBIBYTE


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Return a job server with a small limit."""
    folder = tmp_path_factory.mktemp("oversized")
    with running(start_our_server(folder, f"--max-packet={LIMIT}")) as process:
        yield process
        assert "Traceback" not in process.log.read_text()


def test_a_sender_reads_why_it_is_refused(server: ServerProcess) -> None:
    """After 64 MiB are written, the ERROR is there; the server kept none of them."""
    before = resident(server)
    with Speaker(server.port) as client:
        client.tell(pack(SUBMIT_JOB, b"f", b"", bytes(SIZE)))
        packet_type, body = client.hear()
        code, text = body.split(b"\0")
        assert (packet_type, code) == (ERROR, b"ARGUMENT_TOO_LARGE")
        assert text == (
            b"A packet of %d bytes is over the limit of %d, which --max-packet sets"
            % (SIZE + 3, LIMIT)
        )
        client.echo()
        client.tell(pack(SUBMIT_JOB, b"small", b"", b"data"))
        assert client.hear()[0] == JOB_CREATED
    assert resident(server) - before < 16 * MEBIBYTE


def test_a_worker_that_sends_too_much_goes_on(server: ServerProcess) -> None:
    """The job that it did fails, its other job and its connection do not."""
    with Speaker(server.port) as client, Speaker(server.port) as worker:
        for data in (b"one", b"two"):
            client.tell(pack(SUBMIT_JOB, b"g", b"", data))
            assert client.hear()[0] == JOB_CREATED
        first = worker.grab(b"g", b"one")
        worker.tell(pack(GRAB_JOB))
        packet_type, body = worker.hear()
        assert packet_type == JOB_ASSIGN
        second = body.split(b"\0")[0]
        worker.tell(pack(WORK_COMPLETE, first, bytes(SIZE)))
        assert client.hear() == (WORK_FAIL, first)
        worker.tell(pack(WORK_COMPLETE, second, b"done"))
        assert client.hear() == (WORK_COMPLETE, second + b"\0done")
        worker.tell(pack(GRAB_JOB))
        assert worker.hear() == (NO_JOB, b"")


def test_others_are_served_while_a_large_packet_is_skipped(server: ServerProcess) -> None:
    """The sender is in the middle of it."""
    with Speaker(server.port) as sender, Speaker(server.port) as other:
        packet = pack(ECHO_REQ, bytes(SIZE))
        sender.tell(packet[: SIZE // 2])
        assert sender.hear()[0] == ERROR
        other.echo()
        sender.tell(packet[SIZE // 2 :])
        sender.echo()


def test_a_name_over_the_limit_is_refused(server: ServerProcess) -> None:
    """Packets that have no answer otherwise get one too."""
    with Speaker(server.port) as worker:
        worker.tell(pack(CAN_DO, bytes(2 * MEBIBYTE)))
        assert worker.hear()[0] == ERROR
        worker.echo()

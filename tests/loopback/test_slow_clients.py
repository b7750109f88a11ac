"""Clients that do not read their answers, or slowly, on real sockets."""

from __future__ import annotations

import contextlib
import select
from pathlib import Path

from gearman_tx.wire import RESPONSE_MAGIC, PacketDecoder
from tests.loopback.load import pack
from tests.loopback.memory import MEBIBYTE, resident
from tests.loopback.speaker import (
    ECHO_REQ,
    ECHO_RES,
    JOB_CREATED,
    PATIENCE,
    SUBMIT_JOB,
    SUBMIT_JOB_BG,
    WORK_COMPLETE,
    WORK_DATA,
    Speaker,
)
from tests.support.servers import running, start_our_server

MANY = 450_000
"""As many jobs as mod_gearman's broker submits without reading an answer, and more."""

SUBMISSION = pack(SUBMIT_JOB_BG, b"service", b"", b"x" * 39)
"""A submission of sixty bytes."""


def test_a_client_that_reads_no_answer_submits_on(tmp_path: Path) -> None:
    """It is never stopped; when it reads at last, it gets every answer, in order."""
    assert len(SUBMISSION) == 60
    block = SUBMISSION * 1000
    with running(start_our_server(tmp_path)) as server, Speaker(server.port) as client:
        for _ in range(MANY // 1000):
            client.tell(block)
        client.tell(pack(ECHO_REQ, b"the end"))
        handles = []
        decoder = PacketDecoder(RESPONSE_MAGIC)
        end = (ECHO_RES, b"the end")
        while True:
            units = decoder.feed(client.link.recv(MEBIBYTE))
            if units and units[-1] == end:
                handles += units[:-1]
                break
            handles += units
        assert {packet_type for packet_type, _ in handles} == {JOB_CREATED}
        prefix, _, first = handles[0][1].rpartition(b":")
        assert [body for _, body in handles] == [
            prefix + b":%d" % number for number in range(int(first), int(first) + MANY)
        ]
        assert b"service\t%d\t0\t0\n" % MANY in server.ask(b"status\n", b".\n")
        assert "dropped" not in server.log.read_text()


def test_a_client_far_beyond_is_dropped_without_a_stop(tmp_path: Path) -> None:
    """It is not held up before; the log says why it was dropped, and its jobs are kept."""
    options = ("--max-output=200000", "--pause-output=100000", "--output-timeout=3600")
    with (
        running(start_our_server(tmp_path, *options)) as server,
        Speaker(server.port, buffers=4096) as client,
    ):
        start = resident(server)
        with contextlib.suppress(ConnectionError):
            for _ in range(4 * MANY // 1000):
                client.tell(SUBMISSION * 1000)  # fails if nothing is taken for twenty seconds
        client.await_end()
        reason = "dropped: unread answers to submissions and other output take 20"
        assert reason in server.log.read_text()
        line = server.ask(b"status\n", b".\n")
        count = int(line.split(b"\t")[1])
        assert 0 < count < 4 * MANY
        assert resident(server) - start < count * 2000
        with Speaker(server.port) as worker:
            worker.grab(b"service", b"x" * 39)


def test_a_stream_of_many_times_the_limit_reaches_a_slow_client(tmp_path: Path) -> None:
    """The worker is slowed down to the speed of the client, which is not dropped."""
    options = ("--max-output=8000000", "--pause-output=1000000")
    with (
        running(start_our_server(tmp_path, *options)) as server,
        Speaker(server.port) as client,
        Speaker(server.port) as worker,
    ):
        client.tell(pack(SUBMIT_JOB, b"stream", b"", b""))
        packet_type, handle = client.hear()
        assert packet_type == JOB_CREATED
        assert worker.grab(b"stream", b"") == handle
        part = pack(WORK_DATA, handle, bytes(65536))
        stream = memoryview(part * 800)
        received = []
        worker.link.setblocking(False)
        sent = 0
        while sent < len(stream):
            if select.select([], [worker.link], [], 0.1)[1]:
                sent += worker.link.send(stream[sent : sent + MEBIBYTE])
            else:
                received.append(client.hear_bytes(2 * MEBIBYTE))
                assert resident(server) < 256 * MEBIBYTE
        worker.link.settimeout(PATIENCE)
        received.append(client.hear_bytes(len(stream) - 2 * MEBIBYTE * len(received)))
        assert b"".join(received) == bytes(stream).replace(b"\0REQ", b"\0RES")
        worker.tell(pack(WORK_COMPLETE, handle, b"end"))
        assert client.hear() == (WORK_COMPLETE, handle + b"\0end")
        worker.echo()

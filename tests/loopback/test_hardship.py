"""Slow, dying, greedy and hurried peers, each beside others who are served all the while."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from gearman_tx.testing import ServerProcess
from gearman_tx.wire import RESPONSE_MAGIC, PacketDecoder
from tests.loopback.load import pack
from tests.loopback.memory import MEBIBYTE, reserved, resident
from tests.loopback.speaker import (
    ECHO_REQ,
    ECHO_RES,
    ERROR,
    JOB_CREATED,
    SUBMIT_JOB,
    SUBMIT_JOB_BG,
    WORK_COMPLETE,
    Speaker,
)
from tests.support.servers import running, start_our_server

MANY = 100_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """Return one job server for all tests here; none of them may do it harm."""
    with running(start_our_server(tmp_path_factory.mktemp("hardship"))) as process:
        yield process
        assert process.process.poll() is None
        assert "Traceback" not in process.log.read_text()


def test_a_reader_that_does_not_read_is_paused_then_dropped(tmp_path: Path) -> None:
    """Such a peer is not read from, then dropped with a log line; its queued jobs are kept."""
    options = ("--pause-output=1000000", "--output-timeout=3")
    with running(start_our_server(tmp_path, *options)) as server:
        start = resident(server)
        with Speaker(server.port) as reader, Speaker(server.port) as other:
            reader.tell(pack(SUBMIT_JOB_BG, b"kept", b"", b"data"))
            assert reader.hear()[0] == JOB_CREATED
            with reader.stuffed() as sent:
                assert sent < 64 * MEBIBYTE
                assert resident(server) - start < 64 * MEBIBYTE
                other.echo()
                reader.await_end()
            other.echo()
            assert b"kept\t1\t0\t0\n" in server.ask(b"status\n", b".\n")
            other.grab(b"kept", b"data")
        log = server.log.read_text()
        assert "127.0.0.1" in log
        assert "bytes of output are unread and none was taken in 3 seconds" in log


def test_a_reader_that_was_paused_gets_everything_when_it_reads(tmp_path: Path) -> None:
    """Within the time a peer may be as slow as it likes, and loses nothing."""
    options = ("--pause-output=1000000", "--output-timeout=60")
    with running(start_our_server(tmp_path, *options)) as server, Speaker(server.port) as reader:
        with reader.stuffed() as sent:
            pass
        whole, rest = divmod(sent, 12 + MEBIBYTE)
        for _ in range(whole):
            assert reader.hear() == (ECHO_RES, bytes(MEBIBYTE))
        if rest:
            reader.tell(pack(ECHO_REQ, bytes(MEBIBYTE))[rest:])
            assert reader.hear() == (ECHO_RES, bytes(MEBIBYTE))
        reader.echo()


def test_a_worker_that_dies_in_the_middle_gives_its_job_to_another(server: ServerProcess) -> None:
    """The job of a lost connection is run by another worker, and the client gets its result."""
    with Speaker(server.port) as client, Speaker(server.port) as second:
        client.tell(pack(SUBMIT_JOB, b"fragile", b"", b"data"))
        packet_type, handle = client.hear()
        assert packet_type == JOB_CREATED
        with Speaker(server.port) as first:
            assert first.grab(b"fragile", b"data") == handle
        assert second.grab(b"fragile", b"data") == handle
        second.tell(pack(WORK_COMPLETE, handle, b"result"))
        assert client.hear() == (WORK_COMPLETE, handle + b"\0result")


def test_a_claimed_size_reserves_nothing(server: ServerProcess) -> None:
    """A claim of two gibibytes is refused; one within the limit costs nothing."""
    before, space = resident(server), reserved(server)
    speakers = [Speaker(server.port) for _ in range(20)]
    for speaker in speakers:
        speaker.tell(b"\0REQ\0\0\0\x07\x07\xff\xff\xff" + b"f\0u\0data")
    with Speaker(server.port) as greedy, Speaker(server.port) as other:
        greedy.tell(b"\0REQ\0\0\0\x07\x80\0\0\0" + b"f\0u\0data")
        packet_type, body = greedy.hear()
        assert (packet_type, body.split(b"\0")[0]) == (ERROR, b"ARGUMENT_TOO_LARGE")
        other.echo()
    assert resident(server) - before < 8 * MEBIBYTE
    assert reserved(server) - space < 64 * MEBIBYTE
    for speaker in speakers:
        speaker.link.close()


def test_a_hundred_thousand_submissions_in_one_go(server: ServerProcess) -> None:
    """All are answered in order, and another connection is not kept waiting meanwhile."""
    requests = b"".join(pack(SUBMIT_JOB_BG, b"bulk", b"", b"%d" % n) for n in range(MANY))
    with Speaker(server.port) as bulk, Speaker(server.port) as other:
        answers, waits = _send_and_read(bulk, requests, other)
        numbers = [int(handle.rpartition(b":")[2]) for handle in answers]
        assert numbers == list(range(numbers[0], numbers[0] + MANY))
        assert len(waits) > 10
        assert max(waits) < 2.0
        assert b"bulk\t%d\t0\t0\n" % MANY in server.ask(b"status\n", b".\n")


def _send_and_read(
    bulk: Speaker, requests: bytes, other: Speaker
) -> tuple[list[bytes], list[float]]:
    """Send ``requests`` and read the answers, with an echo on ``other`` now and then.

    Returns:
        The handles of the answers, and how many seconds each echo took.
    """
    handles: list[bytes] = []
    waits: list[float] = []
    decoder = PacketDecoder(RESPONSE_MAGIC)
    bulk.link.setblocking(False)
    view = memoryview(requests)
    while len(handles) < MANY:
        readable, writable, _ = select.select([bulk.link], [bulk.link] if view else [], [], 10.0)
        assert readable or writable, f"nothing happens after {len(handles)} answers"
        if writable:
            view = view[bulk.link.send(view[:200_000]) :]
        if readable:
            packets = decoder.feed(bulk.link.recv(1 << 18))
            assert {packet_type for packet_type, _ in packets} <= {JOB_CREATED}
            handles += [handle for _, handle in packets]
        start = time.monotonic()
        other.echo()
        waits.append(time.monotonic() - start)
    return handles, waits


def test_a_long_report_to_a_peer_that_half_closed_is_whole(server: ServerProcess) -> None:
    """``printf 'show jobs' | nc -N``: the end behind a question does not cost its answer."""
    with Speaker(server.port) as submitter:
        submitter.tell(pack(SUBMIT_JOB_BG, b"listed", b"", b"") * MANY)
        for _ in range(MANY):
            assert submitter.hear()[0] == JOB_CREATED
    for question, least in ((b"version\n", 4), (b"status\n", 10), (b"show jobs\n", MANY * 10)):
        with Speaker(server.port) as asker, Speaker(server.port) as other:
            asker.tell(question)
            asker.link.shutdown(1)
            other.echo()
            report = asker.hear_all()
            assert len(report) > least
            assert report.endswith(b"\n.\n") or report.startswith(b"OK ")


def test_eight_mebibytes_flow_steadily_through_small_buffers(server: ServerProcess) -> None:
    """With buffers as small as libgearman's a large workload and its result take no time."""
    workload = bytes(range(256)) * (8 * MEBIBYTE // 256)
    with Speaker(server.port, 32 * 1024) as client, Speaker(server.port, 32 * 1024) as worker:
        start = time.monotonic()
        client.tell(pack(SUBMIT_JOB, b"large", b"", workload))
        _, handle = client.hear()
        assert worker.grab(b"large", workload) == handle
        worker.tell(pack(WORK_COMPLETE, handle, workload))
        assert client.hear() == (WORK_COMPLETE, handle + b"\0" + workload)
        assert time.monotonic() - start < 5

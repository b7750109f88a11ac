"""A server with a queue file stops: what it waits for, stores and keeps."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

from gearman_tx.wire import RESPONSE_MAGIC, PacketDecoder, PacketType, request
from tests.daemon.peer import Peer
from tests.daemon.process import WAIT_SECONDS, refuses, serving, until

MANY = 3000


def options(folder: Path) -> tuple[str, ...]:
    """Return the options of a server whose queue is in ``folder``."""
    return ("--queue-type=sqlite", f"--sqlite-path={folder / 'queue.sqlite3'}")


def test_sigusr1_leaves_queued_jobs_in_the_file(tmp_path: Path) -> None:
    """It waits for the running job; the next server has the others, in their order."""
    with serving(tmp_path, *options(tmp_path)) as server, Peer(server.port) as client:
        handles = [client.submit() for _ in range(4)]
        with Peer(server.port) as worker:
            assert worker.grab() == handles[0]
            server.kill(signal.SIGUSR1)
            server.says("SIGUSR1: stopping gracefully, jobs left: 1")
            until(lambda: refuses(server.port), "the port is closed")
            worker.send(PacketType.GRAB_JOB)
            assert worker.receive()[0] == PacketType.NO_JOB
            assert client.ask(b"jobs * kept").split(b"\t")[0] == handles[1]
            worker.send(PacketType.WORK_COMPLETE, handles[0], b"")
            assert server.end(None) == 0
        server.says("no job is left to wait for; kept for the next start: 3", "stopped")
    with serving(tmp_path, *options(tmp_path)) as server, Peer(server.port) as worker:
        assert [worker.grab() for _ in range(3)] == handles[1:]
        worker.send(PacketType.GRAB_JOB)
        assert worker.receive()[0] == PacketType.NO_JOB
        assert server.end() == 0


def test_sigusr1_does_not_wait_for_a_worker_that_never_comes(tmp_path: Path) -> None:
    """With background jobs alone the server stops at once; the C server would never stop."""
    with serving(tmp_path, *options(tmp_path)) as server, Peer(server.port) as client:
        client.submit()
        assert server.end(signal.SIGUSR1) == 0
        assert client.is_at_end
        server.says("kept for the next start: 1")


def test_sigusr1_waits_for_a_client(tmp_path: Path) -> None:
    """A queued foreground job is still assigned, and its client receives the result."""
    with (
        serving(tmp_path, *options(tmp_path)) as server,
        Peer(server.port) as client,
        Peer(server.port) as worker,
    ):
        client.submit()
        handle = client.submit(kind=PacketType.SUBMIT_JOB)
        worker.send(PacketType.CAN_DO, b"work")
        assert worker.ask(b"version").startswith(b"OK")
        server.kill(signal.SIGUSR1)
        server.says("stopping gracefully, jobs left: 1")
        assert worker.grab() == handle
        worker.send(PacketType.WORK_COMPLETE, handle, b"result")
        assert client.receive() == (PacketType.WORK_COMPLETE, [handle, b"result"])
        assert server.end(None) == 0


def test_sigterm_stores_what_is_pending(tmp_path: Path) -> None:
    """Pending submissions are stored and answered, or refused."""
    packets = b"".join(
        request(PacketType.SUBMIT_JOB_BG, b"work", b"", b"%d" % number) for number in range(MANY)
    )
    decoder = PacketDecoder(RESPONSE_MAGIC)
    answers: list[tuple[int, bytes]] = []
    with serving(tmp_path, *options(tmp_path)) as server:
        with socket.create_connection(("127.0.0.1", server.port), WAIT_SECONDS) as link:
            link.sendall(packets)
            answers += decoder.feed(link.recv(65536))
            server.kill(signal.SIGTERM)
            while data := link.recv(65536):
                answers += decoder.feed(data)
        assert server.end(None) == 0
    created = [body for kind, body in answers if kind == PacketType.JOB_CREATED]
    refused = [body for kind, body in answers if kind == PacketType.ERROR]
    assert created
    assert len(created) + len(refused) == len(answers)
    assert set(refused) <= {b"QUEUE_ERROR\0Server is shutting down"}
    with serving(tmp_path, *options(tmp_path)) as server, Peer(server.port) as operator:
        operator.send(PacketType.ECHO_REQ, b"loaded")
        operator.receive()
        assert operator.ask(b"status") == b"work\t%d\t0\t0\n" % len(created)
        assert server.end() == 0

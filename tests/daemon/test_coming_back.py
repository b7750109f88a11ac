"""A server with a queue file is killed: the next one has all acknowledged jobs."""

from __future__ import annotations

import signal
import time
from collections.abc import Sequence
from pathlib import Path

from gearman_tx.testing import ServerProcess
from gearman_tx.wire import PacketType as P
from tests.daemon.peer import Peer
from tests.support.servers import running, start_our_server

QUEUE = ("--queue-type=sqlite", "--sqlite-path=queue.sqlite3")
UNCHANGED = (0, 1, 2, 4, 5, 7, 11)
"""Columns of ``jobs``: handle, function, unique, priority, background, losses, size."""

Job = tuple[P, Sequence[bytes]]


def report(server: ServerProcess, command: bytes) -> list[list[bytes]]:
    """Return the rows of a report as soon as the jobs are loaded."""
    with Peer(server.port) as operator:
        operator.send(P.ECHO_REQ, b"is answered then")
        operator.receive()
    lines = server.ask(command + b"\n", until=b".\n").splitlines()
    return [line.split(b"\t") for line in lines if line != b"."]


def jobs(server: ServerProcess) -> list[list[bytes]]:
    """Return the columns of each job that a restart must not change."""
    return [[row[number] for number in UNCHANGED] for row in report(server, b"jobs")]


def lose_worker(server: ServerProcess) -> None:
    """Let a worker of ``f`` take a job and disconnect."""
    with Peer(server.port) as worker:
        worker.send(P.CAN_DO, b"f")
        worker.send(P.GRAB_JOB)
        worker.receive()


def test_everything_of_a_job(tmp_path: Path) -> None:
    """Two restarts keep bytes, priorities, uniques, reducers, due times, losses and order."""
    due = int(time.time()) + 3600
    submissions: list[Job] = [
        (P.SUBMIT_JOB_HIGH_BG, (b"f", b"u1", b"\0\xff binary")),
        (P.SUBMIT_JOB_BG, (b"f", b"", b"")),
        (P.SUBMIT_JOB_LOW_BG, (b"g", b"u1", b"low")),
        (P.SUBMIT_REDUCE_JOB_BACKGROUND, (b"g", b"u2", b"sum", b"", b"reduce me")),
        (P.SUBMIT_JOB_EPOCH, (b"f", b"later", b"%d" % due, b"delayed")),
        (P.SUBMIT_JOB_BG, (b"f\t\xc3\xa9", b"-", b"by workload")),
    ]
    with running(start_our_server(tmp_path, *QUEUE)) as server:
        with Peer(server.port) as client:
            for kind, arguments in submissions:
                client.send(kind, *arguments)
                assert client.receive()[0] == P.JOB_CREATED
            lose_worker(server)
            client.send(P.SUBMIT_JOB_BG, b"f", b"", b"behind the loss")
            assert client.receive()[0] == P.JOB_CREATED
        before = jobs(server)
        assert len(before) == len(submissions) + 1
        server.stop(signal.SIGKILL)
    for _ in range(2):
        with running(start_our_server(tmp_path, *QUEUE, port=server.port)) as server:
            assert jobs(server) == before
            (delayed,) = report(server, b"jobs f delayed")
            assert 3500 < int(delayed[13]) <= 3600
            server.stop(signal.SIGKILL)
    with (
        running(start_our_server(tmp_path, *QUEUE, port=server.port)) as server,
        Peer(server.port) as worker,
    ):
        worker.send(P.CAN_DO, b"f")
        worker.send(P.CAN_DO, b"g")
        taken = []
        for _ in range(5):
            worker.send(P.GRAB_JOB_ALL)
            _, (_, function, *rest) = worker.receive()
            taken.append((function, *rest))
        assert taken == [
            (b"f", b"u1", b"", b"\xff binary"),  # the peer splits the workload at its NUL
            (b"g", b"u2", b"sum", b"reduce me"),  # functions take turns
            (b"f", b"", b""),
            (b"f", b"", b"behind the loss"),
            (b"g", b"u1", b"low"),
        ]


def test_limits(tmp_path: Path) -> None:
    """The next server keeps the limits of ``maxqueue``, also of functions without jobs."""
    with running(start_our_server(tmp_path, *QUEUE)) as server:
        assert server.ask(b"maxqueue f 0 1 0\n") == b"OK\r\n"
        assert server.ask(b"maxqueue gone 5\n") == b"OK\r\n"
        assert server.ask(b"create function gone\n") == b"OK\r\n"
        assert server.ask(b"drop function gone\n") == b"OK\r\n"
        with Peer(server.port) as client:
            client.submit()  # it is answered after the commit of the limits
        server.stop(signal.SIGKILL)
    with running(start_our_server(tmp_path, *QUEUE, port=server.port)) as server:
        with Peer(server.port) as client:
            client.send(P.SUBMIT_JOB_BG, b"f", b"", b"first")
            assert client.receive()[0] == P.JOB_CREATED
            client.send(P.SUBMIT_JOB_BG, b"f", b"", b"second")
            assert client.receive() == (P.ERROR, [b"QUEUE_ERROR", b"Job queue is full"])
        names = [row[0] for row in report(server, b"functions")]
        assert names == [b"f", b"work"]


def test_a_foreground_job_that_was_joined(tmp_path: Path) -> None:
    """A background joiner's JOB_CREATED makes it durable; without one it ends with the server."""
    with (
        running(start_our_server(tmp_path, *QUEUE)) as server,
        Peer(server.port) as client,
        Peer(server.port) as other,
    ):
        alone = client.submit(b"alone", P.SUBMIT_JOB)
        joined = client.submit(b"joined", P.SUBMIT_JOB)
        assert other.submit(b"joined", P.SUBMIT_JOB_LOW_BG) == joined
        assert {row[0] for row in jobs(server)} == {alone, joined}
        server.stop(signal.SIGKILL)
    with (
        running(start_our_server(tmp_path, *QUEUE, port=server.port)) as server,
        Peer(server.port) as worker,
    ):
        assert [row[0] for row in jobs(server)] == [joined]
        assert worker.grab() == joined


def test_handles_never_repeat_though_the_file_was_emptied(tmp_path: Path) -> None:
    """Neither when all jobs have ended, nor when the file was emptied or deleted."""
    path = tmp_path / "queue.sqlite3"
    handles: list[bytes] = []
    port = 0
    for step in ("done", "emptied", "deleted", "last"):
        with running(start_our_server(tmp_path, *QUEUE, port=port or None)) as server:
            port = server.port
            with Peer(port) as client:
                handles += [client.submit() for _ in range(3)]
            if step == "done":
                with Peer(port) as worker:
                    for handle in handles:
                        assert worker.grab() == handle
                        worker.send(P.WORK_COMPLETE, handle, b"")
                    assert worker.ask(b"version").startswith(b"OK")
                assert jobs(server) == []
            server.stop(signal.SIGKILL if step == "done" else signal.SIGTERM)
        if step == "emptied":
            path.write_bytes(b"")
        elif step == "deleted":
            path.unlink()
    assert len(set(handles)) == 12
    numbers = [int(handle.rpartition(b":")[2]) for handle in handles]
    assert numbers == sorted(numbers)

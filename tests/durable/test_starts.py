"""``twistd gearmand`` on files that others left behind: what it says, and what it then serves."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from gearman_tx.store.sqlite.schema import ROOT_OF_JOBS
from gearman_tx.testing import ServerProcess
from gearman_tx.wire import RESPONSE_MAGIC, PacketDecoder
from tests.server import packets as p
from tests.server.packets import req
from tests.store.files import damage, zeros
from tests.support.servers import running, start_c_server, start_our_server

WORKLOADS = [b"one", b"", b"\0three"]


def talk(server: ServerProcess, request: bytes, count: int) -> list[bytes]:
    """Send packets on a new connection and return the bodies of the first answers."""
    decoder = PacketDecoder(RESPONSE_MAGIC)
    bodies: list[bytes] = []
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as link:
        link.sendall(request)
        while len(bodies) < count:
            data = link.recv(65536)
            assert data, "the server closed the connection"
            bodies += [body for _, body in decoder.feed(data)]
    return bodies


def submit(server: ServerProcess, workloads: list[bytes]) -> list[bytes]:
    """Submit background jobs of different uniques; return their handles."""
    packets = [
        req(p.SUBMIT_JOB_BG, b"f", b"u%d" % number, workload)
        for number, workload in enumerate(workloads)
    ]
    return talk(server, b"".join(packets), len(packets))


def work(server: ServerProcess, count: int) -> list[bytes]:
    """Take jobs on one connection, which is then lost; return their workloads."""
    grabs = req(p.CAN_DO, b"f") + req(p.GRAB_JOB) * count
    return [body.split(b"\0", 2)[2] for body in talk(server, grabs, count)]


@pytest.mark.parametrize("ours", ["--queue-type=libsqlite3", "--queue-type=sqlite"])
def test_on_a_file_of_the_c_server(tmp_path: Path, ours: str) -> None:
    """Its jobs are taken over, that is said once, and workers get them in their order."""
    path = tmp_path / "queue.db"
    option = f"--libsqlite3-db={path}"
    with running(start_c_server(tmp_path, "--queue-type=libsqlite3", option)) as server:
        submit(server, WORKLOADS)
        server.stop()
    text = f"3 jobs of the C server's table gearman_queue in {path} were imported"
    for told in (1, 0):
        with running(start_our_server(tmp_path, ours, option)) as server:
            assert work(server, 3) == WORKLOADS
            assert server.log.read_text().count(text) == told
            server.stop()


def test_on_a_damaged_file(tmp_path: Path) -> None:
    """The server starts, says what is lost and where the damaged file is, and serves the rest."""
    path = tmp_path / "queue.db"
    options = ("--queue-type=sqlite", f"--sqlite-path={path}")
    with running(start_our_server(tmp_path, *options)) as server:
        handles = submit(server, [b"x" * 100] * 200)
        server.stop()
    damage(path, ROOT_OF_JOBS, zeros)
    with running(start_our_server(tmp_path, *options)) as server:
        assert talk(server, req(p.GET_STATUS, handles[0]), 1)[0].split(b"\0")[1] == b"1"
        log = server.log.read_text()
        assert f"{path} is damaged" in log
        assert (
            f"200 jobs could be read and are in a new file, the damaged one is now {path}." in log
        )
        report = server.ask(b"store\n", until=b".\n")
        assert b"\nnotice\t" in report
        assert b"\nstate\tok\n" in report
        assert work(server, 1) == [b"x" * 100]


def test_kept_over_a_good_stop(tmp_path: Path) -> None:
    """A job that a worker had, and handles, go on where a stopped server was."""
    with running(start_our_server(tmp_path, "--queue-type=sqlite")) as server:
        (first,) = submit(server, [b"one"])
        assert work(server, 1) == [b"one"]
        server.stop()
        port = server.port
    with running(start_our_server(tmp_path, "--queue-type=sqlite", port=port)) as server:
        (second,) = talk(server, req(p.SUBMIT_JOB_BG, b"f", b"new", b"two"), 1)
        assert [handle.rpartition(b":")[2] for handle in (first, second)] == [b"1", b"2"]
        assert work(server, 2) == [b"one", b"two"]

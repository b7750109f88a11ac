"""The page about the way back: a real C server after ours, and ours beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gearman_tx.testing import ServerProcess
from gearman_tx.wire import PacketType
from tests.daemon.peer import Peer
from tests.daemon.process import until, wait_gone
from tests.docs.blocks import runs
from tests.docs.conftest import MakeReader
from tests.docs.reader import Reader
from tests.importing.c_server_queue import NORMAL_BG, leave_behind
from tests.support.ports import free_port
from tests.support.servers import running, start_c_server, wait_ready

PAGE = "docs/how-to/go-back-to-the-c-server.rst"
TASKS = [(NORMAL_BG, (b"resize", b"u%d" % number, b"photo")) for number in range(2)]


@pytest.fixture
def reader(make_reader: MakeReader) -> Reader:
    """A reader whose folders of the system are folders of the test."""
    reader = make_reader(PAGE, free_port())
    words = {"/var/lib/gearman": "", "/run/gearman": "pids", "/var/log/gearman-job-server": "log"}
    reader.words = {word: str(reader.folder / mine) for word, mine in words.items()}
    for mine in words.values():
        (reader.folder / mine).mkdir(exist_ok=True)
    return reader


def start_ours(reader: Reader, command: str, port: int) -> ServerProcess:
    """Start our server in a terminal, and wait until it answers on ``port``."""
    process = reader.begin(command)
    server = ServerProcess(process.process, port, process.out_file)
    wait_ready(server)
    return server


def work(server: ServerProcess) -> bytes:
    """Run one job of the function ``resize``; return its unique, none if there is no job."""
    with Peer(server.port) as worker:
        worker.send(PacketType.CAN_DO, b"resize")
        worker.send(PacketType.GRAB_JOB_UNIQ)
        kind, fields = worker.receive()
        if kind == PacketType.NO_JOB:
            return b""
        worker.send(PacketType.WORK_COMPLETE, fields[0], b"")
        worker.ask(b"version")
        return fields[2]


def submit(server: ServerProcess, unique: bytes) -> None:
    """Submit a background job."""
    with Peer(server.port) as client:
        client.send(PacketType.SUBMIT_JOB_BG, b"resize", unique, b"photo")
        assert client.receive()[0] == PacketType.JOB_CREATED


def end(reader: Reader, block: str, pid_file: Path) -> None:
    """Stop the server of a PID file as the page does."""
    until(pid_file.exists, "the PID file is written")
    pid = int(pid_file.read_text())
    reader.run(block)
    wait_gone(pid)


@runs(PAGE, "stop", "away", "rest", "watch", "end", "before")
def test_the_way_back(reader: Reader) -> None:
    """The C server starts empty, ours runs the rest; and the kept file has the old jobs."""
    folder, pids = reader.folder, reader.folder / "pids"
    path = folder / "queue.db"
    options = ("--queue-type=libsqlite3", f"--libsqlite3-db={path}")
    leave_behind(folder, TASKS, *options)

    command = f"exec gearman-tx gearmand -L 127.0.0.1 -p {reader.port}"
    command += f" -P /run/gearman/gearmand.pid -l stderr {' '.join(options)}"
    ours = start_ours(reader, command, reader.port)
    submit(ours, b"ours")
    assert work(ours) == b"u0"
    end(reader, "stop", pids / "gearmand.pid")
    reader.run("away")

    with running(start_c_server(folder, *options)) as theirs:
        assert work(theirs) == b"", "the C server starts with an empty queue"
        submit(theirs, b"theirs")
        rest_port = free_port()
        reader.words = {**reader.words, "4731": str(rest_port)}
        (process,) = reader.start("rest")
        rest = ServerProcess(process.process, rest_port, process.out_file)
        wait_ready(rest)
        (status,) = reader.run("watch")
        assert b"2" in status.out
        assert [work(rest), work(rest), work(rest)] == [b"u1", b"ours", b""]
        end(reader, "end", pids / "rest.pid")
        assert work(theirs) == b"theirs"
        theirs.stop()

    path.unlink()
    reader.run("before")
    with running(start_c_server(folder, *options)) as theirs:
        assert [work(theirs), work(theirs), work(theirs)] == [b"u0", b"u1", b""]
        theirs.stop()

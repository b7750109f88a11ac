"""The load programs are called as they are described, and notice a server that lies."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.errors import BenchmarkError
from benchmarks.job_servers import Load, Server, load
from benchmarks.job_servers.load import figures_in
from tests.support.peers import require_program
from tests.support.ports import free_port

HEADER = struct.Struct(">4sII")
CREATED, SUBMIT, COMPLETE, ECHO_REQ, ECHO_RES = 8, 7, 13, 16, 17


def test_a_load_is_words_for_its_program() -> None:
    """What has its default is left out where the program has the same."""
    work = Load(clients=8, window=32, jobs=100, is_background=True, has_uniques=True, sleepers=5)
    words = " ".join(work.words())
    assert words == "-c 8 -W 32 -w 1 -s 64 -n 100 -i 5 -F bench -b -u"


def test_figures_are_read_from_the_last_line() -> None:
    """Lines before it are for people."""
    assert figures_in("hello\njobs=3 seconds=0.5", 0) == {"jobs": 3.0, "seconds": 0.5}


@pytest.mark.parametrize("said", ["", "hello", "jobs=many"])
def test_what_is_no_figure_is_refused(said: str) -> None:
    """A load program that says nothing has measured nothing."""
    with pytest.raises(BenchmarkError, match="no figures"):
        figures_in(said, 0)


def test_a_failure_is_told_in_the_words_of_the_program() -> None:
    """The exit status decides, whatever figures there are."""
    with pytest.raises(BenchmarkError, match="a job that ran twice"):
        figures_in("gload: a job that ran twice: 7\njobs=3 errors=1", 1)


class Liar(threading.Thread):
    """A server that answers every job itself, with ``result`` of its workload."""

    def __init__(self, cut: int) -> None:
        super().__init__(daemon=True)
        self.cut = cut
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self.listener.getsockname()[1]

    def run(self) -> None:
        """Serve every connection in a thread."""
        with contextlib.suppress(OSError):
            while True:
                link, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def serve(self, link: socket.socket) -> None:
        """Answer submissions and echoes, and nothing else."""
        with contextlib.suppress(OSError), link, link.makefile("rb") as packets:
            while head := packets.read(HEADER.size):
                _, kind, size = HEADER.unpack(head)
                body = packets.read(size)
                if kind == ECHO_REQ:
                    link.sendall(HEADER.pack(b"\0RES", ECHO_RES, size) + body)
                elif kind == SUBMIT:
                    workload = body.split(b"\0", 2)[2]
                    result = b"H:a:1\0" + workload[self.cut :]
                    link.sendall(HEADER.pack(b"\0RES", CREATED, 5) + b"H:a:1")
                    link.sendall(HEADER.pack(b"\0RES", COMPLETE, len(result)) + result)


@contextlib.contextmanager
def lying(folder: Path, cut: int) -> Iterator[Server]:
    """Yield a lying server as one of a contender."""
    require_program("cc", "apt-get install gcc libc6-dev")
    liar = Liar(cut)
    liar.start()
    server = Server("liar", "ours", lambda _: ["sleep", "600"], folder, port=liar.port)
    server.start()  # a process to look at; the thread answers for it
    try:
        with liar.listener:
            yield server
    finally:
        server.stop()


def test_a_result_that_was_cut_is_noticed(tmp_path: Path) -> None:
    """Sizes are compared."""
    with lying(tmp_path, cut=1) as server, pytest.raises(BenchmarkError, match="another size"):
        load(server, Load(jobs=3), patience=20)


def test_jobs_that_no_worker_ran_are_noticed(tmp_path: Path) -> None:
    """A right result is not enough: the worker's side is counted too."""
    with lying(tmp_path, cut=0) as server, pytest.raises(BenchmarkError, match="jobs that ran: 0"):
        load(server, Load(jobs=3), patience=20)


def test_a_server_that_is_gone_is_told(tmp_path: Path) -> None:
    """Nothing is measured of it."""
    with lying(tmp_path, cut=0) as server:
        server.port = free_port()
        with pytest.raises(BenchmarkError, match="gload: connect: Connection refused"):
            load(server, Load(jobs=3), patience=20)

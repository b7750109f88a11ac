"""How much disk a queue takes while many jobs go through it: ``python -m tests.durable.traffic``.

A client submits in the background and a worker runs what comes, so that about ``depth`` jobs are in
the queue at any time. The file and its log are measured all the while. It prints what it found:
``--jobs 10000000`` shows that disk use is bounded by what is queued, not by what ever was.
"""

from __future__ import annotations

import argparse
import select
import socket
import sys
import tempfile
import time
from pathlib import Path

from attrs import define, field

from gearman_tx.testing import ServerProcess
from gearman_tx.wire import RESPONSE_MAGIC, PacketDecoder
from tests.server import packets as p
from tests.server.packets import req
from tests.support.servers import running, start_our_server

WINDOW = 500
"""How many submissions wait for their answers at a time."""

GRABS = 50
"""How many jobs the worker asks for in advance."""

_STEP = 0.05  # seconds to wait when nothing comes
_WORKLOAD = b"x" * 64


@define
class Usage:
    """What was seen of the disk.

    Attributes:
        largest_file: the most bytes that the file had.
        largest_log: the most bytes that its log had.
        thirds: the most bytes of the file in each third of the jobs.
    """

    largest_file: int = 0
    largest_log: int = 0
    thirds: list[int] = field(factory=lambda: [0, 0, 0])


@define(eq=False)
class Traffic:
    """Jobs that go through one server.

    Args:
        port: where it is.
        path: its queue file.
        depth: about how many jobs are in the queue.
    """

    port: int
    path: Path
    depth: int
    submitted: int = 0
    acknowledged: int = 0
    completed: int = 0
    idle: int = 0
    is_ending: bool = False
    is_over: bool = False
    usage: Usage = field(factory=Usage)

    def run(self, jobs: int) -> Usage:
        """Let so many jobs through, until the queue is empty."""
        with self._connect() as client, self._connect() as worker:
            hears = {client: PacketDecoder(RESPONSE_MAGIC), worker: PacketDecoder(RESPONSE_MAGIC)}
            worker.sendall(req(p.CAN_DO, b"f") + req(p.GRAB_JOB) * GRABS)
            while not self.is_over:
                self._submit(client, jobs)
                if self.completed == jobs and not self.is_ending:
                    self.is_ending = True
                    worker.sendall(req(p.ECHO_REQ, b"behind the last result"))
                for link in select.select([client, worker], [], [], _STEP)[0]:
                    data = link.recv(1 << 18)
                    assert data, "the server closed a connection"
                    self._hear(link, hears[link].feed(data))
                self._measure(3 * self.completed // (jobs + 1))
        return self.usage

    def _connect(self) -> socket.socket:
        link = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return link

    def _submit(self, client: socket.socket, jobs: int) -> None:
        """Submit as many jobs as there is room for, once half of the window is free."""
        room = min(
            self.depth - (self.submitted - self.completed),
            WINDOW - (self.submitted - self.acknowledged),
            jobs - self.submitted,
        )
        if room >= min(WINDOW // 2, jobs - self.submitted) and room > 0:
            client.sendall(req(p.SUBMIT_JOB_BG, b"f", b"", _WORKLOAD) * room)
            self.submitted += room

    def _hear(self, link: socket.socket, packets: list[tuple[int, bytes]]) -> None:
        answers = []
        for kind, body in packets:
            if kind == p.JOB_CREATED:
                self.acknowledged += 1
            elif kind == p.JOB_ASSIGN:
                self.completed += 1
                handle = body.partition(b"\0")[0]
                answers.append(req(p.WORK_COMPLETE, handle, b"") + req(p.GRAB_JOB))
            elif kind == p.ECHO_RES:
                self.is_over = True
            elif kind == p.NO_JOB:
                self.idle += 1
                if self.idle == GRABS:
                    answers.append(req(p.PRE_SLEEP))
            elif kind == p.NOOP:
                answers.append(req(p.GRAB_JOB) * self.idle)
                self.idle = 0
            else:
                raise AssertionError(f"the server said {kind}: {body!r}")
        if answers:
            link.sendall(b"".join(answers))

    def _measure(self, third: int) -> None:
        size = self.path.stat().st_size
        log = Path(f"{self.path}-wal").stat().st_size
        usage = self.usage
        usage.largest_file = max(usage.largest_file, size)
        usage.largest_log = max(usage.largest_log, log)
        usage.thirds[third] = max(usage.thirds[third], size)


def drive(server: ServerProcess, path: Path, jobs: int, depth: int) -> Usage:
    """Let ``jobs`` jobs through ``server``, whose queue is at ``path``."""
    return Traffic(server.port, path, depth).run(jobs)


def main() -> int:
    """Let jobs through a server and print what disk they took."""
    parser = argparse.ArgumentParser(prog="python -m tests.durable.traffic")
    parser.add_argument("--jobs", type=int, default=1_000_000, help="default %(default)s")
    parser.add_argument(
        "--depth", type=int, default=10_000, help="jobs queued; default %(default)s"
    )
    parser.add_argument("options", nargs="*", help="options of the server, behind --")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "queue.sqlite3"
        options = ("--queue-type=sqlite", f"--sqlite-path={path}", *given.options)
        with running(start_our_server(Path(name), *options)) as server:
            begun = time.monotonic()
            usage = drive(server, path, given.jobs, given.depth)
            seconds = time.monotonic() - begun
            server.stop()
        rows = [
            ("jobs", f"{given.jobs}"),
            ("queued at most", f"{given.depth}"),
            ("jobs a second", f"{given.jobs / seconds:.0f}"),
            ("largest file, MB", f"{usage.largest_file / 1e6:.1f}"),
            ("in each third, MB", ", ".join(f"{size / 1e6:.1f}" for size in usage.thirds)),
            ("largest log, MB", f"{usage.largest_log / 1e6:.1f}"),
            ("file at the end, MB", f"{path.stat().st_size / 1e6:.1f}"),
        ]
    sys.stdout.write("".join(f"{name:<22}{value:>16}\n" for name, value in rows))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""A real server under load that is killed again and again, and a record of its promises.

One loop over sockets plays clients that submit background jobs and workers that run them. What is
known for certain is only what the server said: JOB_CREATED is a promise; a job whose worker got a
JOB_CREATED for something it submitted *behind* its WORK_COMPLETE has ended for good, because ends
and submissions are stored in their order. Everything else may have happened or not after a kill.
"""

from __future__ import annotations

import contextlib
import random
import select
import socket
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from attrs import define, field

from gearman_tx.testing import ServerProcess
from tests.durable.promises import BrokenPromise, Promises, Submission
from tests.server import packets as p
from tests.server.packets import req
from tests.support.servers import start_our_server

CLIENTS = 4
WORKERS = 3
WINDOW = 40
"""How many submissions of a client wait for their answer."""

MOST_QUEUED = 3000
"""With more jobs to run the clients wait."""

FUNCTION = b"f"
KILLED_WHILE_STARTING = 0.15
"""The share of the servers that are killed before they serve."""

STEP = 0.02
"""How many seconds the loop waits when nothing happens."""

_HEADER = struct.Struct(">4sII")
_PRIORITIES = {p.SUBMIT_JOB_HIGH_BG: 0, p.SUBMIT_JOB_BG: 1, p.SUBMIT_JOB_LOW_BG: 2}
_DELAY = 1.0


@define(eq=False)
class Connection:
    """A connection to the server that notices when it is gone."""

    link: socket.socket
    promises: Promises
    incoming: bytes = b""
    asked: deque[tuple[Submission, list[bytes]]] = field(factory=deque)
    is_lost: bool = False
    echoes: int = 0

    def send(self, data: bytes) -> None:
        """Send ``data``, unless the server is gone."""
        try:
            self.link.sendall(data)
        except OSError:
            self.is_lost = True

    def submit(self, submission: Submission, done: list[bytes]) -> None:
        """Submit in the background; ``done`` has ended for certain when that is acknowledged."""
        self.promises.submitted += 1
        self.asked.append((submission, done))
        workload = b"%d" % submission.number
        if submission.due:
            workload += b"@%f" % submission.due
            due = b"%d" % submission.due
            self.send(req(p.SUBMIT_JOB_EPOCH, FUNCTION, submission.unique, due, workload))
        else:
            self.send(req(submission.kind, FUNCTION, submission.unique, workload))

    def read(self) -> None:
        """Handle what has come."""
        try:
            data = self.link.recv(1 << 18)
        except OSError:
            data = b""
        self.is_lost |= not data
        data = self.incoming + data
        start = 0
        while len(data) - start >= _HEADER.size:
            _, kind, size = _HEADER.unpack_from(data, start)
            end = start + _HEADER.size + size
            if end > len(data):
                break
            self.handle(kind, data[start + _HEADER.size : end])
            start = end
        self.incoming = data[start:]

    def handle(self, kind: int, body: bytes) -> None:
        """Handle a packet."""
        if kind == p.JOB_CREATED:
            submission, done = self.asked.popleft()
            self.promises.promise(body, submission)
            self.promises.settled.update(done)
        elif kind == p.ECHO_RES:
            self.echoes += 1
        elif kind == p.ERROR:
            raise BrokenPromise(f"the server answered {body!r}")


@define(eq=False)
class Client(Connection):
    """A client that keeps some submissions under way."""

    make: Callable[[], Submission] = field(kw_only=True)

    def fill(self) -> None:
        """Submit until enough is under way."""
        while len(self.asked) < WINDOW and not self.is_lost:
            self.submit(self.make(), [])


@define(eq=False)
class Worker(Connection):
    """A worker that submits something itself behind some of its results."""

    make: Callable[[], Submission] = field(kw_only=True)
    grabbed: list[bytes] = field(factory=list)
    unsettled: list[bytes] = field(factory=list)
    is_idle: bool = False

    def rests(self) -> bool:
        """Return whether it was told that there is no job, and waits for no answer."""
        return self.is_idle and not self.asked

    def start(self) -> None:
        """Ask for the first job."""
        self.send(req(p.CAN_DO, FUNCTION) + req(p.GRAB_JOB))

    def handle(self, kind: int, body: bytes) -> None:
        """Run a job, or sleep until there is one."""
        if kind == p.JOB_ASSIGN:
            handle, _, workload = body.split(b"\0", 2)
            self.promises.run(handle, workload)
            self.grabbed.append(handle)
            self.send(req(p.WORK_COMPLETE, handle, b"done"))
            self.promises.completed.add(handle)
            self.unsettled.append(handle)
            if len(self.unsettled) >= 5 and not self.asked:
                self.submit(self.make(), self.unsettled)
                self.unsettled = []
            self.send(req(p.GRAB_JOB))
        elif kind == p.NO_JOB:
            self.is_idle = True
            self.send(req(p.PRE_SLEEP))
        elif kind == p.NOOP:
            self.is_idle = False
            self.send(req(p.GRAB_JOB))
        else:
            Connection.handle(self, kind, body)


@define(eq=False)
class KillTestDriver:
    """Starts one server after another over the same queue file and kills each.

    Args:
        folder: where its queue file and its log are.
        options: of the server.
        seed: decides when each is killed, and what is submitted.
    """

    folder: Path
    options: tuple[str, ...]
    seed: int
    promises: Promises = field(factory=Promises)
    _random: random.Random = field(init=False)
    _port: int | None = None
    _number: int = 0

    def __attrs_post_init__(self) -> None:
        """Make the same choices with the same seed."""
        self._random = random.Random(self.seed)

    def make_new(self) -> Submission:
        """Return something to submit that joins no other: its answer waits for a commit."""
        self._number += 1
        return Submission(self._random.choice(list(_PRIORITIES)), b"", self._number)

    def make(self) -> Submission:
        """Return something to submit: of any priority, some with a unique, few delayed."""
        self._number += 1
        chance = self._random.random()
        kind = self._random.choice(list(_PRIORITIES))
        if chance < 0.02:
            due = float(int(time.time() + _DELAY))
            return Submission(p.SUBMIT_JOB_EPOCH, b"", self._number, due)
        unique = b"u%d" % (self._number % 9) if chance < 0.1 else b""
        return Submission(kind, unique, self._number)

    def start(self) -> ServerProcess:
        """Start the next server, on the port of the one before."""
        server = start_our_server(self.folder, *self.options, port=self._port)
        self._port = server.port
        return server

    def run_and_kill(self) -> None:
        """Kill a server that has run under load for a random time, or one that is starting."""
        if self._port is not None and self._random.random() < KILLED_WHILE_STARTING:
            self._kill_while_starting()
            return
        server = self.start()
        try:
            if self._random.random() > 0.2:
                self.check_order(server)
            self.load(server, self._random.uniform(0.0, 0.6))
        finally:
            server.kill()
        self.promises.kills += 1

    def _kill_while_starting(self) -> None:
        """Kill a server before it serves, perhaps while it loads or checkpoints its log."""
        twistd = Path(sys.executable).with_name("twistd")
        command = [str(twistd), "-n", "--pidfile=", "gearmand", "--listen=127.0.0.1"]
        command += [f"--port={self._port}", *self.options]
        with subprocess.Popen(
            command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(self._random.uniform(0.2, 0.8))
            process.kill()
        self.promises.kills += 1

    def load(self, server: ServerProcess, seconds: float) -> None:
        """Run clients and workers for ``seconds``, and kill the server meanwhile."""
        clients = [
            Client(self._connect(server), self.promises, make=self.make) for _ in range(CLIENTS)
        ]
        workers = [
            Worker(self._connect(server), self.promises, make=self.make_new) for _ in range(WORKERS)
        ]
        for worker in workers:
            worker.start()
        connections: list[Connection] = [*clients, *workers]
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for client in clients:
                if self.promises.queued < MOST_QUEUED:
                    client.fill()
            self._read(connections)
        server.process.kill()
        # Read what the server sent before it was killed.
        while connections:
            self._read(connections)
            connections = [connection for connection in connections if not connection.is_lost]
        for connection in [*clients, *workers]:
            connection.link.close()

    def check_order(self, server: ServerProcess, most: int = 30) -> None:
        """Let one worker take some jobs of those that were stored: by priority, then by age."""
        stored = set(self.promises.promised)
        with contextlib.closing(self._connect(server)) as link:
            worker = Worker(link, self.promises, make=self.make_new)
            worker.start()
            while len(worker.grabbed) < most and not worker.is_idle:
                self._read([worker])
                if worker.is_lost:
                    raise BrokenPromise("the server closed a connection")
            keys = [self._key(handle) for handle in worker.grabbed if handle in stored]
            known = [key for key in keys if key is not None]
            if known != sorted(known):
                raise BrokenPromise(f"jobs came in the order {known}")

    def _key(self, handle: bytes) -> tuple[int, int] | None:
        """Return what decides when a job runs; None if it is delayed, or is not known."""
        submission = self.promises.promised.get(handle)
        if submission is None or submission.kind not in _PRIORITIES or submission.unique:
            return None
        return _PRIORITIES[submission.kind], int(handle.rpartition(b":")[2])

    def drain(self) -> None:
        """Start a last server and run everything, then stop it in good order."""
        server = self.start()
        try:
            self.check_order(server)
            time_of_delayed = time.monotonic() + 2 * _DELAY
            link = self._connect(server)
            worker = Worker(link, self.promises, make=self.make_new)
            worker.start()
            while time.monotonic() < time_of_delayed or not self._is_done(worker):
                self._read([worker])
            link.close()
            left = server.ask(b"show jobs\n", until=b".\n")
            if left != b".\n":
                raise BrokenPromise(f"jobs are left: {left[:200]!r}")
            server.stop()
        finally:
            server.kill()

    def _is_done(self, worker: Worker) -> bool:
        """Return whether there is nothing for a worker to do any more.

        What it submits itself is given to it only when it is stored, and a NOOP for that may be on
        its way: it comes before the answer to an echo.
        """
        if not worker.rests():
            return False
        echoes = worker.echoes
        worker.send(req(p.ECHO_REQ, b"still idle?"))
        while worker.echoes == echoes:
            self._read([worker])
            if worker.is_lost:
                raise BrokenPromise("the server closed a connection")
        return worker.rests()

    def _connect(self, server: ServerProcess) -> socket.socket:
        link = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return link

    def _read(self, connections: list[Connection]) -> None:
        links = {connection.link: connection for connection in connections}
        for link in select.select(list(links), [], [], STEP)[0]:
            links[link].read()

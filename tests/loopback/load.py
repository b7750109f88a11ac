"""Thousands of clients and workers in one process, played by one loop over ``epoll``.

No library is used, so that nothing but the server under test decides what happens. Every job has
a number of its own, carried in its workload, and its right result is known.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator

from attrs import define, field

PATIENCE = 30.0
"""How many seconds nothing may happen before the run fails."""

_HEADER = struct.Struct(">4sII")
_CAN_DO, _PRE_SLEEP, _NOOP, _SUBMIT, _CREATED, _GRAB, _NO_JOB, _ASSIGN = 1, 4, 6, 7, 8, 9, 10, 11
_COMPLETE, _SUBMIT_BG, _SUBMIT_HIGH, _SUBMIT_HIGH_BG = 13, 18, 21, 32
_SUBMIT_LOW, _SUBMIT_LOW_BG = 33, 34
_KINDS = (_SUBMIT, _SUBMIT_BG, _SUBMIT_HIGH, _SUBMIT_HIGH_BG, _SUBMIT_LOW, _SUBMIT_LOW_BG)
_BACKGROUND = frozenset({_SUBMIT_BG, _SUBMIT_HIGH_BG, _SUBMIT_LOW_BG})


def pack(packet_type: int, *arguments: bytes) -> bytes:
    """Return a packet to the server."""
    body = b"\0".join(arguments)
    return _HEADER.pack(b"\0REQ", packet_type, len(body)) + body


def result_of(workload: bytes) -> bytes:
    """Return what a worker makes of ``workload``."""
    return workload[::-1]


@define(eq=False)
class LoadConnection:
    """One client or worker of the load.

    Attributes:
        link: its socket.
        handle_packet: what it does with a packet.
        outgoing: bytes that the socket did not take yet.
        incoming: bytes of a packet that is not whole.
        is_waiting: whether it waits for its socket to take more.
        submitted: the numbers of the jobs whose submission is not answered, oldest first.
        waiting: the numbers of the foreground jobs that are not done, by their handles.
    """

    link: socket.socket
    handle_packet: Callable[[LoadConnection, int, bytes], None]
    outgoing: bytearray = field(factory=bytearray)
    incoming: bytes = b""
    is_waiting: bool = False
    submitted: deque[int] = field(factory=deque)
    waiting: dict[bytes, int] = field(factory=dict)

    def read(self) -> None:
        """Handle every whole packet that has come."""
        data = self.incoming + self.link.recv(1 << 18)
        start = 0
        while len(data) - start >= _HEADER.size:
            _, packet_type, size = _HEADER.unpack_from(data, start)
            end = start + _HEADER.size + size
            if end > len(data):
                break
            self.handle_packet(self, packet_type, data[start + _HEADER.size : end])
            start = end
        self.incoming = data[start:]

    def write(self) -> None:
        """Write as much as the socket takes."""
        if self.outgoing:
            with contextlib.suppress(BlockingIOError):
                sent = self.link.send(self.outgoing)
                del self.outgoing[:sent]
        self.is_waiting = bool(self.outgoing)


class LoadGenerator:
    """Clients that submit a number of jobs, and workers that do them.

    Args:
        port: the server's port on 127.0.0.1.
        clients: how many connections submit.
        workers: how many connections work.
        jobs: how many jobs are submitted in all; of six in a row each has another kind.
        functions: over how many functions they are spread.
        window: how many jobs of a client may be unfinished at once.

    Attributes:
        done: how often each job was run, by its number.
        results: how many right results came back.
        errors: whatever was not expected.
    """

    def __init__(
        self, port: int, *, clients: int, workers: int, jobs: int, functions: int, window: int
    ) -> None:
        self.done: Counter[int] = Counter()
        self.results = 0
        self.errors: list[str] = []
        self._jobs = jobs
        self._functions = [b"function-%d" % number for number in range(functions)]
        self._window = window
        self._numbers: Iterator[int] = iter(range(jobs))
        self._created = 0
        self._foreground = sum(1 for n in range(jobs) if _KINDS[n % 6] not in _BACKGROUND)
        self._poll = select.epoll()
        self._connections: dict[int, LoadConnection] = {}
        self._submitters: dict[int, LoadConnection] = {}  # of background jobs that have not run yet
        self._clients = [self._join(port, self._as_client) for _ in range(clients)]
        self._workers = [self._join(port, self._as_worker) for _ in range(workers)]

    def _join(
        self, port: int, handle_packet: Callable[[LoadConnection, int, bytes], None]
    ) -> LoadConnection:
        link = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        link.setblocking(False)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = self._connections[link.fileno()] = LoadConnection(link, handle_packet)
        self._poll.register(link, select.EPOLLIN)
        return connection

    @property
    def is_done(self) -> bool:
        """Whether every job is answered, run, and its result back."""
        return (
            self._created == self._jobs
            and len(self.done) == self._jobs
            and self.results == self._foreground
        )

    def run(self) -> None:
        """Work until everything is done, or nothing has happened for ``PATIENCE`` seconds."""
        for index, worker in enumerate(self._workers):
            names = self._functions
            abilities = {names[index % len(names)], names[(index * 7 + 1) % len(names)]}
            worker.outgoing += b"".join(pack(_CAN_DO, name) for name in sorted(abilities))
            worker.outgoing += pack(_PRE_SLEEP)
            self._write(worker)
        for client in self._clients:
            self._submit(client, self._window)
            self._write(client)
        moved = time.monotonic()
        while not self.is_done and not self.errors:
            events = self._poll.poll(1.0)
            if events:
                moved = time.monotonic()
            elif time.monotonic() - moved > PATIENCE:
                self.errors.append(f"nothing happens: {len(self.done)} run, {self.results} back")
            for fileno, event in events:
                self._serve(self._connections[fileno], event)

    def _serve(self, connection: LoadConnection, event: int) -> None:
        if event & select.EPOLLIN:
            connection.read()
        self._write(connection)

    def _write(self, connection: LoadConnection) -> None:
        """Write what ``connection`` has to say, now and when the socket takes more."""
        was_waiting = connection.is_waiting
        connection.write()
        if connection.is_waiting != was_waiting:
            wanted = select.EPOLLIN | (select.EPOLLOUT if connection.is_waiting else 0)
            self._poll.modify(connection.link, wanted)

    def _submit(self, client: LoadConnection, count: int) -> None:
        for _ in range(count):
            number = next(self._numbers, None)
            if number is None:
                return
            name = self._functions[number % len(self._functions)]
            kind = _KINDS[number % 6]
            client.outgoing += pack(kind, name, b"", b"workload %d" % number)
            client.submitted.append(number)
            if kind in _BACKGROUND:
                self._submitters[number] = client

    def _as_client(self, client: LoadConnection, packet_type: int, body: bytes) -> None:
        if packet_type == _CREATED and client.submitted:
            self._created += 1
            number = client.submitted.popleft()
            if _KINDS[number % 6] not in _BACKGROUND:
                client.waiting[body] = number
        elif packet_type == _COMPLETE:
            handle, _, result = body.partition(b"\0")
            number = client.waiting.pop(handle, -1)
            if result != result_of(b"workload %d" % number):
                self.errors.append(f"job {number} came back as {result!r}")
            self.results += 1
            self._submit(client, 1)
        else:
            self.errors.append(f"a client got packet {packet_type}: {body!r}")

    def _as_worker(self, worker: LoadConnection, packet_type: int, body: bytes) -> None:
        if packet_type == _ASSIGN:
            handle, _, workload = body.split(b"\0", 2)
            number = int(workload.split()[1])
            self.done[number] += 1
            worker.outgoing += pack(_COMPLETE, handle, result_of(workload)) + pack(_GRAB)
            submitter = self._submitters.pop(number, None)
            if submitter is not None:
                self._submit(submitter, 1)
                self._write(submitter)
        elif packet_type == _NOOP:
            worker.outgoing += pack(_GRAB)
        elif packet_type == _NO_JOB:
            worker.outgoing += pack(_PRE_SLEEP)
        else:
            self.errors.append(f"a worker got packet {packet_type}: {body!r}")

    def leave(self) -> None:
        """Close every connection."""
        for connection in self._connections.values():
            connection.link.close()
        self._poll.close()

"""A connection to a job server that a test speaks on by itself, packet by packet."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
from collections.abc import Iterator
from typing import Self

from tests.loopback.load import pack

ECHO_REQ, ECHO_RES, SUBMIT_JOB, SUBMIT_JOB_BG, JOB_CREATED = 16, 17, 7, 18, 8
CAN_DO, PRE_SLEEP, NOOP, GRAB_JOB, NO_JOB, JOB_ASSIGN, WORK_COMPLETE = 1, 4, 6, 9, 10, 11, 13
WORK_FAIL, ERROR, CAN_DO_TIMEOUT = 14, 19, 23
WORK_DATA = 28

PATIENCE = 20.0
"""Seconds after which the server should have answered."""


class Speaker:
    """One connection, with blocking calls.

    Args:
        port: the server's port on 127.0.0.1.
        buffers: the size in bytes that is asked for both socket buffers, or None.

    Attributes:
        link: the socket.
    """

    def __init__(self, port: int, buffers: int | None = None) -> None:
        self.link = socket.socket()
        self.link.settimeout(PATIENCE)
        if buffers is not None:
            self.link.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffers)
            self.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffers)
        self.link.connect(("127.0.0.1", port))
        self.link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def __enter__(self) -> Self:
        """Return this speaker, to be closed at the end of the block."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection."""
        self.link.close()

    def tell(self, *packets: bytes) -> None:
        """Send packets."""
        self.link.sendall(b"".join(packets))

    def hear(self) -> tuple[int, bytes]:
        """Return the type and the body of the next packet."""
        magic, packet_type, size = struct.unpack(">4sII", self.hear_bytes(12))
        assert magic == b"\0RES"
        return packet_type, self.hear_bytes(size)

    def hear_bytes(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        data = bytearray()
        while len(data) < size:
            part = self.link.recv(min(size - len(data), 1 << 20))
            assert part, f"the server closed the connection after {bytes(data[:100])!r}"
            data += part
        return bytes(data)

    def hear_all(self) -> bytes:
        """Return everything up to the end of the connection."""
        return b"".join(iter(lambda: self.link.recv(1 << 20), b""))

    def echo(self, data: bytes = b"alive") -> None:
        """Check that the server answers, at once and with nothing in front."""
        self.tell(pack(ECHO_REQ, data))
        assert self.hear() == (ECHO_RES, data)

    def grab(self, function: bytes, workload: bytes) -> bytes:
        """Wait for a job and take it; return its handle.

        It must be of ``function`` and carry ``workload``.
        """
        self.tell(pack(CAN_DO, function), pack(GRAB_JOB))
        packet_type, body = self.hear()
        while packet_type == NO_JOB:
            self.tell(pack(PRE_SLEEP))
            assert self.hear() == (NOOP, b"")
            self.tell(pack(GRAB_JOB))
            packet_type, body = self.hear()
        assert packet_type == JOB_ASSIGN
        handle, name, data = body.split(b"\0", 2)
        assert (name, data) == (function, workload)
        return handle

    def await_end(self) -> None:
        """Return when the connection is closed or reset by the server, without reading from it."""
        poll = select.poll()
        poll.register(self.link, 0)  # errors and hang-ups are always reported
        assert poll.poll(PATIENCE * 1000), "the server did not drop the connection"

    @contextlib.contextmanager
    def stuffed(self) -> Iterator[int]:
        """Ask for echoes without reading them until the server takes no more; yield how much.

        Behind the block the socket blocks again.
        """
        self.link.setblocking(False)
        request = pack(ECHO_REQ, bytes(1 << 20))
        sent = 0
        while select.select([], [self.link], [], 2.0)[1]:
            sent += self.link.send(request[sent % len(request) :])
        yield sent
        self.link.settimeout(PATIENCE)

"""A client, worker or operator on a blocking socket, for tests of whole servers."""

from __future__ import annotations

import socket
import struct
from types import TracebackType
from typing import Self

from gearman_tx.wire import PacketType, request
from tests.daemon.process import WAIT_SECONDS

HEADER_SIZE = 12


class Peer:
    """One connection to a job server.

    Args:
        address: the TCP port on 127.0.0.1, or the path of a Unix socket.
    """

    def __init__(self, address: int | str) -> None:
        is_path = isinstance(address, str)
        self.socket = socket.socket(socket.AF_UNIX if is_path else socket.AF_INET)
        self.socket.settimeout(WAIT_SECONDS)
        self.socket.connect(address if isinstance(address, str) else ("127.0.0.1", address))
        self._stream = self.socket.makefile("rb")

    def __enter__(self) -> Self:
        """Return this connection."""
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()
        self.socket.close()

    def send(self, kind: PacketType, *arguments: bytes) -> None:
        """Send a packet."""
        self.socket.sendall(request(kind, *arguments))

    def receive(self) -> tuple[PacketType, list[bytes]]:
        """Return the next packet: its type and its arguments."""
        header = self._stream.read(HEADER_SIZE)
        assert len(header) == HEADER_SIZE, f"the connection ended, behind {header!r}"
        _, kind, size = struct.unpack(">4sII", header)
        return PacketType(kind), self._stream.read(size).split(b"\0")

    def ask(self, line: bytes) -> bytes:
        """Send a line of text and return the first line of the reply."""
        self.socket.sendall(line + b"\n")
        return self._stream.readline()

    def submit(self, unique: bytes = b"", kind: PacketType = PacketType.SUBMIT_JOB_BG) -> bytes:
        """Submit a job of function ``work`` and return its handle."""
        self.send(kind, b"work", unique, b"data")
        answer, arguments = self.receive()
        assert answer == PacketType.JOB_CREATED, arguments
        return arguments[0]

    def grab(self) -> bytes:
        """Take a job of function ``work`` and return its handle."""
        self.send(PacketType.CAN_DO, b"work")
        self.send(PacketType.GRAB_JOB)
        answer, arguments = self.receive()
        assert answer == PacketType.JOB_ASSIGN, arguments
        return arguments[0]

    @property
    def is_at_end(self) -> bool:
        """Whether the server closes the connection without sending more."""
        return self._stream.read() == b""

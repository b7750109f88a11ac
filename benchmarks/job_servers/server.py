"""A job server that runs: its process, port and folder, and requests to it."""

from __future__ import annotations

import contextlib
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from attrs import define, field

from benchmarks import processes
from benchmarks.errors import BenchmarkError
from benchmarks.interruption import INTERRUPTION
from benchmarks.job_servers.usage import resident_bytes

START_SECONDS: Final = 30.0
TRY_SECONDS: Final = 0.005
"""Time between two tries to connect to a server that starts."""

_HEADER: Final = struct.Struct(">4sII")
_ECHO_REQ: Final = 16
_LOG_END: Final = 2000
"""Number of characters of a failed server's log that are shown."""


@define(eq=False)
class Server:
    """A job server that runs.

    Attributes:
        name: the contender's name.
        family: the contender's family.
        command: makes the command that starts it, of a port.
        folder: where it runs, with its log and its queue file.
        is_tls: whether its port speaks TLS.
        port: where it listens, on 127.0.0.1.
        submitted: how many jobs were submitted; the next one has that number.
    """

    name: str
    family: str
    command: Callable[[int], Sequence[str]]
    folder: Path
    is_tls: bool = False
    port: int = field(factory=processes.free_port)
    submitted: int = 0
    _process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Its process id."""
        assert self._process is not None, "it was started"
        return self._process.pid

    def start(self) -> None:
        """Start the process; it need not be ready."""
        with self.log.open("ab") as output, INTERRUPTION.put_off():
            self._process = processes.start(self.command(self.port), self.folder, output)

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            processes.stop(self._process)

    def kill(self) -> None:
        """Kill the process, as a power failure would."""
        if self._process is not None:
            processes.kill(self._process)

    @property
    def log(self) -> Path:
        """The file with its output."""
        return self.folder / "log"

    def wait_ready(self, seconds: float = START_SECONDS) -> None:
        """Return when it serves: when it echoes a packet, or over TLS when it listens.

        Raises:
            BenchmarkError: it ended, or did not serve within ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(ConnectionError):
                return self._echo(deadline)
            self._pause()
        raise self._trouble(f"does not serve after {seconds:.0f} s")

    def wait_listening(self, seconds: float = START_SECONDS) -> None:
        """Return when it accepts connections; it need not serve yet.

        Raises:
            BenchmarkError: it ended, or did not listen within ``seconds``.
        """
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(ConnectionError), self.connect():
                return
            self._pause()
        raise self._trouble(f"does not listen after {seconds:.0f} s")

    def _echo(self, deadline: float) -> None:
        with self.connect(max(0.1, deadline - time.monotonic())) as link:
            if self.is_tls:
                return
            link.sendall(_HEADER.pack(b"\0REQ", _ECHO_REQ, 0))
            try:
                if not link.recv(_HEADER.size):
                    raise ConnectionResetError
            except TimeoutError:
                raise self._trouble("listens and does not answer") from None

    def _pause(self) -> None:
        """Let a moment pass between two tries.

        Raises:
            BenchmarkError: the process ended.
        """
        assert self._process is not None, "it was started"
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(TRY_SECONDS)
            raise self._trouble(f"ended with status {self._process.returncode}")

    def _trouble(self, what: str) -> BenchmarkError:
        log = self.log.read_text(errors="replace")[-_LOG_END:].strip()
        return BenchmarkError(f"{self.name} {what}; its log ends:\n{log}")

    def connect(self, timeout: float = START_SECONDS) -> socket.socket:
        """Return a new connection to it."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=timeout)

    def ask(self, line: bytes, end: bytes, seconds: float) -> int:
        """Send a text command on a new connection and read its whole reply.

        Args:
            line: the command with its line end.
            end: what the reply ends in.
            seconds: how long it may take.

        Returns:
            The size of the reply, which may be large and is not kept.

        Raises:
            BenchmarkError: the server closed the connection, or took too long.
        """
        return sum(map(len, self._reply(line, end, seconds)))

    def read(self, line: bytes, end: bytes, seconds: float) -> bytes:
        """Send a command as :meth:`ask` does, and return the reply."""
        return b"".join(self._reply(line, end, seconds))

    def _reply(self, line: bytes, end: bytes, seconds: float) -> Iterator[bytes]:
        tail = b""
        try:
            with self.connect(seconds) as link:
                link.sendall(line)
                while not tail.endswith(end):
                    piece = link.recv(1 << 20)
                    if not piece:
                        raise self._trouble(f"closed the connection at {line!r}")
                    yield piece
                    tail = (tail + piece[-len(end) :])[-len(end) :]
        except OSError as error:
            raise self._trouble(f"did not answer {line!r}: {error}") from error

    @property
    def memory(self) -> int:
        """How many bytes of memory it occupies."""
        return resident_bytes(self.pid)

    def queue_file_bytes(self) -> int:
        """Return how many bytes its queue has on the disk, logs beside the file included."""
        return sum(path.stat().st_size for path in self.folder.glob("queue.sqlite3*"))


@contextlib.contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Start ``server``, yield it when it serves, and stop it at the end."""
    try:
        server.start()
        server.wait_ready()
        yield server
    finally:
        server.stop()

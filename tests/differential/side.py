"""One server under a script: its connections, and when a step has had all its effects.

A step is over when every connection has answered an ECHO_REQ sent after it, the acting one
first: both servers serve a connection's packets in order, and they run on one thread here, so
what the step caused on another connection is queued before that connection's own echo. A chunk
is known to be read when the harness's own connection has had an echo after it, and to be stored
when ``store`` counts no submission that waits; a closed connection is known to be gone when
``workers`` no longer counts it. Nothing waits for time,
except :class:`Await` and a server that does not answer at all.
"""

from __future__ import annotations

import contextlib
import itertools
import socket
import subprocess
import time
from typing import Final

from attrs import define, field

from gearman_tx.testing import ServerProcess
from tests.differential.packets import NUMBERS, encode
from tests.differential.replies import HARNESS_ID, Handles, is_packet, split, write_replies
from tests.differential.steps import Await, Close, Item, Open, Packet, Raw, Send, Step

SILENCE_SECONDS: Final = 3.0
"""After this long without an answer a connection counts as hung."""

CLOSED: Final = "(closed)"
SILENT: Final = "(silent)"

_ECHO: Final = NUMBERS["ECHO_RES"]

Observation = dict[str, list[str]]
"""What arrived on each connection during one step, in order; quiet connections are left out."""

DIED: Final[Observation] = {"server": ["(died)"]}
"""What is observed of a server whose process ended."""


class ServerDied(Exception):
    """The server's process ended during a script."""


@define(eq=False)
class Link:
    """One connection: its socket, and the units that have arrived and were not yet reported."""

    socket: socket.socket
    open: bool = True
    hung: bool = False
    units: list[bytes] = field(factory=list)
    rest: bytes = b""
    remark: str = ""
    _nonces: itertools.count[int] = field(factory=itertools.count)

    def send(self, data: bytes) -> None:
        """Send ``data``; what the server did with the connection is seen when reading."""
        with contextlib.suppress(OSError):
            self.socket.sendall(data)

    def read(self, deadline: float) -> bool:
        """Take in what arrives next; return False at the end of the stream or of the time."""
        self.socket.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            data = self.socket.recv(65536)
        except TimeoutError:
            return False
        except OSError:
            data = b""
        if not data:
            self.close(CLOSED)
            return False
        units, self.rest = split(self.rest + data)
        self.units += units
        return True

    def settle(self) -> None:
        """Return when the server has answered everything sent before."""
        nonce = b"settled-%d" % next(self._nonces)
        self.send(encode(NUMBERS["ECHO_REQ"], nonce))
        deadline = time.monotonic() + SILENCE_SECONDS
        while not (self.units and is_packet(self.units[-1], _ECHO) and nonce in self.units[-1]):
            if not self.read(deadline):
                if self.open:
                    self.hung, self.remark = True, SILENT
                return
        self.units.pop()

    def await_packet(self, name: str, seconds: float) -> None:
        """Return when a packet ``name`` has arrived, the stream ended or the time is over."""
        deadline = time.monotonic() + seconds
        while not any(is_packet(unit, NUMBERS[name]) for unit in self.units):
            if not self.read(deadline):
                return

    def read_to_end(self) -> None:
        """Return when the server has closed the connection, or has not done so in time."""
        deadline = time.monotonic() + SILENCE_SECONDS
        while self.read(deadline):
            pass
        if self.open:
            self.remark = SILENT

    def ask(self, line: bytes) -> list[bytes]:
        """Return the units that answer the text command ``line``."""
        self.send(line)
        self.settle()
        units, self.units = self.units, []
        return units

    def close(self, remark: str = "") -> None:
        """Close the socket."""
        self.open = False
        self.remark = remark
        self.socket.close()


@define(eq=False)
class Side:
    """One server, ours or theirs, and the connections of the script that runs on it."""

    label: str
    server: ServerProcess
    links: dict[str, Link] = field(factory=dict)
    handles: Handles = field(factory=Handles)
    control: Link = field(init=False)
    _secrets: dict[bytes, bytes] = field(init=False)

    def __attrs_post_init__(self) -> None:
        """Open the harness's own connection and learn what names this process."""
        self.control = self._connect()
        self.control.send(encode(NUMBERS["SET_CLIENT_ID"], HARNESS_ID))
        version, pid = self.control.ask(b"version\r\n") + self.control.ask(b"getpid\r\n")
        self._secrets = {version: b"OK VERSION\n", pid: b"OK PID\n"}

    def _connect(self) -> Link:
        try:
            link = socket.create_connection(("127.0.0.1", self.server.port), SILENCE_SECONDS)
        except ConnectionRefusedError:
            raise ServerDied(self.label) from None
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return Link(link)

    def play(self, step: Step) -> Observation:
        """Do ``step`` and return what it caused.

        Raises:
            ServerDied: the process is gone.
        """
        link = self._link(step.connection)
        before = self._closed()
        match step:
            case Send():
                self._send(link, step)
            case Close():
                self._close(link, half=step.half)
            case Await():
                link.await_packet(step.name, step.seconds)
            case Open():
                pass
        self._settle(step.connection)
        if self._closed() != before:
            self._check_alive()
        return self._observe()

    def _closed(self) -> set[str]:
        return {name for name, link in self.links.items() if not link.open}

    def _check_alive(self) -> None:
        if self.control.open:
            self.control.settle()
        if not self.control.open:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.server.process.wait(SILENCE_SECONDS)
            raise ServerDied(self.label)

    def _link(self, name: str) -> Link:
        link = self.links.get(name)
        if link is None or not link.open:
            link = self.links[name] = self._connect()
            link.settle()
        return link

    def _send(self, link: Link, step: Send) -> None:
        data = b"".join(self.encode(item) for item in step.items)
        size = step.chunk or max(1, len(data))
        for at in range(0, len(data), size):
            if at:
                self._await_stored()
            link.send(data[at : at + size])
        if step.ending:
            self._close(link, half=step.ending == "half-close")

    def _await_stored(self) -> None:
        """Return when everything sent before is read and no submission waits for the store.

        A server without a store, or without such a report, has nothing to wait for.
        """
        deadline = time.monotonic() + SILENCE_SECONDS
        while time.monotonic() < deadline and self.control.open:
            waiting = [unit for unit in self.control.ask(b"store\n") if unit.startswith(b"waiting")]
            if waiting in ([], [b"waiting\t0\n"]):
                break

    def encode(self, item: Item) -> bytes:
        """Return the bytes of ``item`` for this server."""
        match item:
            case Raw():
                return item.data
            case Packet():
                return encode(item.number, self.handles.resolve(item.body), item.magic)
            case _:
                return self.handles.resolve(item.line)

    def _close(self, link: Link, *, half: bool) -> None:
        if half:
            with contextlib.suppress(OSError):
                link.socket.shutdown(socket.SHUT_WR)
            link.read_to_end()
        if link.open:
            link.close(link.remark)

    def _settle(self, acting: str) -> None:
        if self.links[acting].open and not self.links[acting].hung:
            self.links[acting].settle()
        if not self.links[acting].open:
            self.await_connections()
        for link in self.links.values():
            if link.open and not link.hung:
                link.settle()

    def await_connections(self) -> None:
        """Return when the server counts as many connections as the script has open."""
        expected = 1 + sum(link.open for link in self.links.values())
        deadline = time.monotonic() + SILENCE_SECONDS
        while time.monotonic() < deadline and self.control.open:
            if len(self.control.ask(b"workers\r\n")) - 1 == expected:
                break

    def _observe(self) -> Observation:
        seen: Observation = {}
        for name, link in self.links.items():
            replies = write_replies(link.units, self.handles, self._secrets)
            replies += [f"(half a reply) {link.rest!r}"] * bool(link.rest and link.remark)
            replies += [link.remark] * bool(link.remark)
            link.units, link.remark = [], ""
            if replies:
                seen[name] = replies
        return seen

    def ask(self, line: bytes) -> list[bytes]:
        """Return the answer to the text command ``line`` on the harness's own connection."""
        return self.control.ask(line)

    def discover(self) -> int:
        """Number the jobs whose JOB_CREATED no client read; return how many jobs there were."""
        rows = [row.split(b"\t")[0] for row in self.ask(b"show jobs\r\n")[:-1]]
        for handle in sorted(rows, key=lambda row: int(row.rpartition(b":")[2])):
            self.handles.learn(handle)
        return len(self.handles)

    def clean(self, functions: tuple[bytes, ...]) -> bool:
        """End the script and remove everything it left; return whether nothing is left.

        Args:
            functions: the functions whose queue limits are lifted as well.
        """
        for link in self.links.values():
            link.close()
        self.links.clear()
        self.handles = Handles()
        self.await_connections()
        for row in self.ask(b"show jobs\r\n")[:-1]:
            self.ask(b"cancel job %s\r\n" % row.split(b"\t")[0])
        for name in functions:
            self.ask(b"maxqueue %s\r\n" % name)
        names = [row.split(b"\t")[0] for row in self.ask(b"status\r\n")[:-1]]
        self.control.send(b"".join(encode(NUMBERS["CAN_DO"], name) for name in names))
        self.control.send(encode(NUMBERS["PRE_SLEEP"]) + encode(NUMBERS["RESET_ABILITIES"]))
        self.control.settle()
        self.control.units.clear()
        for name in names:
            self.ask(b"drop function %s\r\n" % name)
        return self.ask(b"show jobs\r\n") + self.ask(b"status\r\n") == [b".\n", b".\n"]

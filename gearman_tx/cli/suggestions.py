"""Names that job servers know, for the Tab key.

The servers are asked through plain sockets, because the import of Twisted takes longer than their
answer. Only TCP addresses and ``unix:`` are asked: other endpoints are Twisted's. A daemon thread
asks each server, so that nothing, not even the search for a host, keeps the shell waiting.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final

from gearman_tx.addresses import parse_address
from gearman_tx.errors import ConfigurationError

SECONDS: Final = 0.5
"""How long all servers have to answer."""

_FUNCTIONS: Final = (b"status",)
_JOBS: Final = (b"jobs", b"show jobs")  # a C server knows only the second
_DETAILED: Final = 14  # columns of a row of ``jobs``
_UNIX: Final = "unix:"


def function_names(servers: Sequence[str]) -> dict[str, str]:
    """Return the functions that the servers know, with nothing to say about them."""
    return dict.fromkeys((row[0] for row in _rows(servers, _FUNCTIONS)), "")


def handles(servers: Sequence[str]) -> dict[str, str]:
    """Return the handles of the jobs on the servers, with their functions and states if known."""
    return {
        row[0]: f"{row[1]} {row[3]}" if len(row) >= _DETAILED else ""
        for row in _rows(servers, _JOBS)
    }


def _rows(servers: Sequence[str], commands: Sequence[bytes]) -> Iterator[list[str]]:
    """Yield the rows of a report of all servers that answer in time.

    Args:
        servers: the names of the servers.
        commands: the text commands to try until a server knows one.
    """
    answers: SimpleQueue[list[bytes]] = SimpleQueue()
    deadline = time.monotonic() + SECONDS
    for server in servers:
        Thread(target=_ask, args=(server, commands, answers), daemon=True).start()
    for _ in servers:
        with suppress(Empty):
            for line in answers.get(timeout=max(deadline - time.monotonic(), 0)):
                with suppress(UnicodeDecodeError):  # nobody could type such a name
                    yield line.decode().split("\t")


def _ask(server: str, commands: Sequence[bytes], answers: SimpleQueue[list[bytes]]) -> None:
    """In a thread: put the rows of the first command that the server knows into ``answers``."""
    lines: list[bytes] = []
    with suppress(OSError, ConfigurationError), _connect(server) as link:
        for command in commands:
            lines = _report(link, command)
            if lines:
                break
    answers.put(lines)


def _connect(server: str) -> socket.socket:
    """Return a connection to a server.

    Raises:
        OSError: there is none.
        ConfigurationError: the name is no address that can be asked.
    """
    if server.startswith(_UNIX):
        link = socket.socket(socket.AF_UNIX)
        link.settimeout(SECONDS)
        try:
            link.connect(server.removeprefix(_UNIX).partition(":")[0])
        except OSError:
            link.close()
            raise
        return link
    address = parse_address(server)
    if address is None:
        raise ConfigurationError(f"{server} is an endpoint of Twisted")
    return socket.create_connection(address, SECONDS)


def _report(link: socket.socket, command: bytes) -> list[bytes]:
    """Return the rows of a report; none if the server refuses the command or hangs up."""
    link.sendall(command + b"\r\n")
    pieces = []
    end = b"\n"  # as if a line stood before the first one
    while not end.endswith(b"\n.\n"):
        data = link.recv(1 << 16)
        if not data:
            return []
        pieces.append(data)
        end = end[-2:] + data
        if pieces[0].startswith(b"ERR ") and end.endswith(b"\n"):
            return []
    return b"".join(pieces).splitlines()[:-1]

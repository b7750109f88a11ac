"""TCP ports for servers that tests start.

A port that is looked up now and bound later must not go to another test meanwhile, nor to an
outgoing connection. So each process that runs tests reserves a block of ports below those that
Linux gives to connections, and hands them out in turn. The reservation is an abstract Unix socket:
only one process of the machine can bind its name, and it ends with that process.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator
from itertools import cycle
from typing import Final

HOST: Final = "127.0.0.1"
FIRST: Final = 10_000
BLOCK: Final = 200
BLOCKS: Final = 110
"""Blocks of ports; the last one ends below 32,768, where Linux begins with connections."""


class PortBlock:
    """The ports of this process.

    Raises:
        OSError: every block is reserved, or this system has no abstract Unix sockets.
    """

    def __init__(self) -> None:
        self._lock = socket.socket(socket.AF_UNIX)
        first = os.getpid() % BLOCKS
        for number in (*range(first, BLOCKS), *range(first)):
            with contextlib.suppress(OSError):
                self._lock.bind(f"\0gearman-tx-tests-ports-{number}")
                begin = FIRST + number * BLOCK
                self._ports: Iterator[int] = cycle(range(begin, begin + BLOCK))
                return
        self._lock.close()
        raise OSError("no block of ports is free for the tests")

    def take(self) -> int:
        """Return the next port that can be bound; it comes again after the rest of the block."""
        for port in self._ports:
            with socket.socket() as probe, contextlib.suppress(OSError):
                probe.bind((HOST, port))
                return port
        raise AssertionError("the ports have no end")


_blocks: Final[list[PortBlock]] = []


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that no other process of the tests uses."""
    if not _blocks:
        _blocks.append(PortBlock())
    return _blocks[0].take()

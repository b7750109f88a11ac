"""One transport of the served sockets: what it waits for, and the size of its next read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twisted.internet.unix import Server as UnixConnection

from gearman_tx.large_body import LARGE_BODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearman_tx.link.input import Input
    from gearman_tx.link.output import Output

SMALL_PACKET: Final = 100
"""The size that a packet is expected to have, in bytes, unless earlier packets were larger."""

LITTLE_READ: Final = 479
"""Bytes of the first read, and of one after a small read: they need no large buffer."""

MANY_READ: Final = 64 * 1024
"""The most bytes in one read of one connection."""

LARGE_READ: Final = 256 * 1024
"""The most bytes in one read of a large packet, which are only kept and so cost little."""

FIRST_READ: Final = 4096
"""Bytes of a read where a large packet may begin: those behind its header are copied."""


class SocketEntry:
    """A transport that waits for something.

    Attributes:
        events: the events that it waits for.
        news: the events that happened, while it waits for its turn.
        recv: reads from its socket; None if its transport has to read.
        input: the input of its protocol; None if that is no link.
        output: the output of its protocol; None if that is no link.
        is_direct: whether the input takes the bytes of a read directly.
        receive: takes them otherwise.
        size: about how many bytes the last reads had.
        units: how many packets the last read had.
        is_greedy: whether the last read was full.
        is_waiting: whether it waits for its turn.
        is_ending: whether its connection, or the reading half, has ended and is not told yet.
    """

    __slots__ = (
        "events",
        "input",
        "is_direct",
        "is_ending",
        "is_greedy",
        "is_waiting",
        "news",
        "output",
        "receive",
        "recv",
        "size",
        "transport",
        "units",
    )

    def __init__(self, transport: Any) -> None:
        self.transport = transport
        self.events = 0
        self.news = 0
        self.size = 0
        self.units = 0
        self.is_greedy = False
        self.is_waiting = False
        self.is_ending = False
        self.recv: Callable[[int], bytes] | None = None
        if not isinstance(transport, UnixConnection):
            self.recv = transport.getHandle().recv
        protocol = transport.protocol
        self.receive: Callable[[bytes], None] = protocol.dataReceived
        self.input: Input | None = getattr(protocol, "input", None)
        self.output: Output | None = getattr(protocol, "output", None)
        self.is_direct: bool = getattr(protocol, "receives_directly", False)

    def read_size(self, share: int) -> int:
        """Return how many bytes to read: about ``share`` packets of the size of the last ones."""
        link = self.input
        # min() and max() have two arguments each, because the compiler inlines only these.
        most = min(share * SMALL_PACKET, MANY_READ)
        if link is not None:
            size, missing = link.unit_size, link.missing
            if missing and (size >= LARGE_BODY or missing >= LARGE_BODY):
                most = min(missing, LARGE_READ)
            elif size >= LARGE_BODY:
                most = FIRST_READ
            else:
                most = min(share * max(size, SMALL_PACKET), MANY_READ)
                most = min(most, max(self.size * 4, LITTLE_READ))
                if missing:
                    most = max(most, missing + LITTLE_READ)  # with the bytes behind it
        return most

"""One transport of the socket set: what it waits for, and how much of it is read at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from twisted.internet.unix import Server as UnixConnection

from gearman_tx.large_body import LARGE_BODY

if TYPE_CHECKING:
    from collections.abc import Callable

    from gearman_tx.link.input import Input
    from gearman_tx.link.output import Output

SMALL_PACKET: Final = 100
"""How many bytes a packet is thought to have, unless those before it had more."""

LITTLE_READ: Final = 479
"""How many bytes are read at first, and where little was found before: it needs no large buffer."""

MANY_READ: Final = 64 * 1024
"""How many bytes are read of one connection at a time, at most."""

LARGE_READ: Final = 256 * 1024
"""How many of one large packet are read at a time: they are only kept, which costs little."""

FIRST_READ: Final = 4096
"""How many are read where another large packet may begin: what comes with its head is copied."""


class SocketEntry:
    """What is known of a transport that waits for something.

    Attributes:
        events: what it waits for.
        news: what the epoll told of it, if it has to wait for its turn.
        recv: reads from its socket; None if its transport reads in a way of its own.
        input: the input of its protocol; None if that is no link.
        output: the output of its protocol; None if that is no link.
        is_direct: whether what was read goes to the input itself.
        receive: where it goes otherwise.
        size: about how many bytes were read lately.
        units: how many packets these were.
        is_greedy: whether the last read found as much as it asked for.
        is_waiting: whether it waits for its turn.
        is_ending: whether its connection has ended, or half of it, and is to be told.
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
        """Return how many bytes to read: about ``share`` packets, as those before them were."""
        link = self.input
        # Each minimum and maximum is of two, because the compiler makes something of that.
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
                    most = max(most, missing + LITTLE_READ)  # with what comes behind it
        return most

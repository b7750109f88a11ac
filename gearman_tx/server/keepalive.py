"""TCP keep-alive: how a peer whose machine or network died is noticed."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from twisted.protocols.policies import ProtocolWrapper

if TYPE_CHECKING:
    from twisted.internet.interfaces import ITCPTransport

SYSTEM: Final = -1
"""Leave a value to the operating system; Linux waits two hours before the first probe."""

DEFAULT_IDLE: Final = 120
DEFAULT_INTERVAL: Final = 30
DEFAULT_COUNT: Final = 4


@frozen
class Keepalive:
    """When probes are sent on a silent connection; a peer that answers none is lost.

    Attributes:
        idle: seconds of silence before the first probe.
        interval: seconds between two probes.
        count: probes without an answer after which the connection is lost.
    """

    idle: int = DEFAULT_IDLE
    interval: int = DEFAULT_INTERVAL
    count: int = DEFAULT_COUNT

    def apply(self, transport: ITCPTransport) -> None:
        """Switch keep-alive on for an accepted connection, unless it stays on this machine."""
        plain: Any = transport
        while isinstance(plain, ProtocolWrapper):  # TLS hands out its own handle, not the socket
            plain = plain.transport
        handle = plain.getHandle()
        if handle.family == socket.AF_UNIX:  # Twisted says of these, too, that they are TCP
            return
        transport.setTcpKeepAlive(True)  # Twisted's signature
        for option, value in (
            (socket.TCP_KEEPIDLE, self.idle),
            (socket.TCP_KEEPINTVL, self.interval),
            (socket.TCP_KEEPCNT, self.count),
        ):
            if value != SYSTEM:
                handle.setsockopt(socket.IPPROTO_TCP, option, value)

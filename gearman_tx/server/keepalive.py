"""TCP keep-alive: notice a peer whose machine or network died."""

from __future__ import annotations

import socket
from typing import Any, Final

from attrs import frozen

from gearman_tx.link import tcp_socket

SYSTEM: Final = -1
"""Leave a value to the operating system, as 0 does; Linux waits two hours before it probes."""

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

    def apply(self, transport: Any) -> None:
        """Switch keep-alive on for an accepted connection, if it is over TCP."""
        plain = tcp_socket(transport)
        if plain is None:
            return
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in (
            (socket.TCP_KEEPIDLE, self.idle),
            (socket.TCP_KEEPINTVL, self.interval),
            (socket.TCP_KEEPCNT, self.count),
        ):
            if value > 0:
                plain.setsockopt(socket.IPPROTO_TCP, option, value)

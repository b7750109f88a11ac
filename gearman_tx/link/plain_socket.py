"""Find the TCP socket below a transport, to set options that only TCP has."""

from __future__ import annotations

import contextlib
import socket
from typing import Any, Final

from twisted.internet.tcp import Connection
from twisted.protocols.policies import ProtocolWrapper

_QUICK_ACK: Final = getattr(socket, "TCP_QUICKACK", None)  # only Linux has it


def tcp_socket(transport: Any) -> socket.socket | None:
    """Return the TCP socket that ``transport`` writes to, also when TLS is in between.

    Unix sockets and TLS over anything provide Twisted's interface of TCP transports too, so the
    interface does not tell.

    Args:
        transport: the transport that Twisted gave to a protocol.

    Returns:
        The socket, or None if there is none, as for a Unix socket.
    """
    while isinstance(transport, ProtocolWrapper):
        transport = transport.transport
    if not isinstance(transport, Connection):
        return None
    found: socket.socket = transport.getHandle()
    return found if found.family in {socket.AF_INET, socket.AF_INET6} else None


def acknowledge_at_once(plain: socket.socket) -> None:
    """Acknowledge the bytes just read, if the operating system offers that.

    A sender with small buffers, such as libgearman's, waits for the acknowledgement of each one,
    and the kernel delays it by 40 ms: eight mebibytes would take five seconds.
    """
    if _QUICK_ACK is not None:
        with contextlib.suppress(OSError):  # the connection is lost, and the next read finds that
            plain.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)

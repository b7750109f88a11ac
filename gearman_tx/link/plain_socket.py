"""Find the TCP socket below a transport, to set what only TCP has."""

from __future__ import annotations

import contextlib
import socket
from typing import Any, Final

from twisted.internet.tcp import Connection
from twisted.protocols.policies import ProtocolWrapper

_QUICK_ACK: Final = getattr(socket, "TCP_QUICKACK", None)  # of Linux alone


def tcp_socket(transport: Any) -> socket.socket | None:
    """Return the TCP socket that ``transport`` writes to, also when TLS is in between.

    Twisted says that Unix sockets are TCP transports and that TLS over anything is one, so its
    interfaces are of no help.

    Args:
        transport: what Twisted gave to a protocol.

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
    """Have what was just read acknowledged now, if the operating system can be asked to.

    A sender with small buffers, as libgearman's are, waits for it with each buffer, and the kernel
    else takes 40 ms over each: eight mebibytes then take five seconds.
    """
    if _QUICK_ACK is not None:
        with contextlib.suppress(OSError):  # lost already, as the next read will tell
            plain.setsockopt(socket.IPPROTO_TCP, _QUICK_ACK, 1)

"""Find the TCP socket below a transport, to set what only TCP has."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.tcp import Connection
from twisted.protocols.policies import ProtocolWrapper


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

"""Connections: bytes in, handlers called, output gathered and bounded. Knows nothing of jobs.

:class:`PacketLink` is the Twisted protocol that job server, client and worker share; a
:class:`Turn` gathers their output of one reactor turn. Client and worker also share the following:
:func:`parse_servers` reads the names of job servers, :class:`Reconnecting` keeps a connection to
one of them, :class:`OutgoingLink` is that connection. :func:`keep_steady` is for all reactors.
"""

from gearman_tx.addresses import DEFAULT_PORT, parse_address
from gearman_tx.link.backoff import Backoff
from gearman_tx.link.handler import SUSPEND, Handler
from gearman_tx.link.heartbeat import DEFAULT_HEARTBEAT, Heartbeat
from gearman_tx.link.limits import OutputLimits
from gearman_tx.link.outgoing import PROBE, LinkLimits, OutgoingLink, outgoing_handlers
from gearman_tx.link.output import Hole, Output
from gearman_tx.link.packet_link import PacketLink
from gearman_tx.link.plain_socket import tcp_socket
from gearman_tx.link.receipts import Receipt
from gearman_tx.link.reconnecting import Reconnecting
from gearman_tx.link.servers import Server, make_endpoint, parse_server, parse_servers
from gearman_tx.link.socket_set import SocketSet
from gearman_tx.link.steady_time import keep_steady
from gearman_tx.link.turn import Turn

__all__ = [
    "DEFAULT_HEARTBEAT",
    "DEFAULT_PORT",
    "PROBE",
    "SUSPEND",
    "Backoff",
    "Handler",
    "Heartbeat",
    "Hole",
    "LinkLimits",
    "OutgoingLink",
    "Output",
    "OutputLimits",
    "PacketLink",
    "Receipt",
    "Reconnecting",
    "Server",
    "SocketSet",
    "Turn",
    "keep_steady",
    "make_endpoint",
    "outgoing_handlers",
    "parse_address",
    "parse_server",
    "parse_servers",
    "tcp_socket",
]

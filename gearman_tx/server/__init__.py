"""Gearman over connections: parse each packet, call one verb of the core, send the answer.

An endpoint listens with :class:`GearmanFactory`. ``handlers`` is the table from packet to
handler; ``client_side``, ``worker_side`` and ``text_side`` hold the handlers of each kind of peer.
:class:`Wiring` puts a whole job server together.
"""

from gearman_tx.server.connection import Connection
from gearman_tx.server.durable_queue import DurableQueue
from gearman_tx.server.factory import ConnectionLimits, GearmanFactory
from gearman_tx.server.keepalive import Keepalive
from gearman_tx.server.log import ServerLog
from gearman_tx.server.wiring import Wiring

__all__ = [
    "Connection",
    "ConnectionLimits",
    "DurableQueue",
    "GearmanFactory",
    "Keepalive",
    "ServerLog",
    "Wiring",
]

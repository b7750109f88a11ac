"""Connections: bytes in, handlers called, output gathered and bounded. Knows nothing of jobs.

:class:`PacketLink` is the Twisted protocol that job server, client and worker share; a
:class:`Turn` gathers what all of them write in one reactor turn.
"""

from gearman_tx.link.limits import OutputLimits
from gearman_tx.link.output import Hole, Output
from gearman_tx.link.packet_link import SUSPEND, PacketLink
from gearman_tx.link.turn import Turn

__all__ = ["SUSPEND", "Hole", "Output", "OutputLimits", "PacketLink", "Turn"]

"""The Gearman protocol as bytes: one table, a decoder, encoders. Pure Python, no sockets.

:data:`PACKETS` is the protocol; :class:`PacketDecoder` turns received bytes into packets and
text lines; :func:`request` and :func:`response` build packets.
"""

from gearman_tx.wire.compiled import IS_COMPILED
from gearman_tx.wire.decoder import TEXT, TOO_LARGE, WRONG_MAGIC, PacketDecoder
from gearman_tx.wire.encoder import limited, request, response, response_header
from gearman_tx.wire.limits import DEFAULT_MAX_PACKET, DEFAULT_MAX_TEXT_LINE
from gearman_tx.wire.numbers import leading_number
from gearman_tx.wire.oversized import OversizedPacket
from gearman_tx.wire.packets import (
    BY_TYPE,
    HEADER_SIZE,
    LAST_PACKET_TYPE,
    PACKETS,
    REQUEST_MAGIC,
    RESPONSE_MAGIC,
    Packet,
    PacketType,
    Sender,
)

__all__ = [
    "BY_TYPE",
    "DEFAULT_MAX_PACKET",
    "DEFAULT_MAX_TEXT_LINE",
    "HEADER_SIZE",
    "IS_COMPILED",
    "LAST_PACKET_TYPE",
    "PACKETS",
    "REQUEST_MAGIC",
    "RESPONSE_MAGIC",
    "TEXT",
    "TOO_LARGE",
    "WRONG_MAGIC",
    "OversizedPacket",
    "Packet",
    "PacketDecoder",
    "PacketType",
    "Sender",
    "leading_number",
    "limited",
    "request",
    "response",
    "response_header",
]

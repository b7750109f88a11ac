"""Packets out: a header in front of a body, arguments joined by NUL bytes.

:func:`request` and :func:`response` check their arguments against the table.
:func:`response_header` checks nothing: it is for the server's hot path, which builds the bodies.
"""

from __future__ import annotations

from struct import Struct
from typing import Final

from gearman_tx.errors import LocalProtocolError, TooLarge
from gearman_tx.wire.limits import LARGEST_SIZE
from gearman_tx.wire.packets import (
    BY_TYPE,
    HEADER_SIZE,
    LAST_PACKET_TYPE,
    REQUEST_MAGIC,
    RESPONSE_MAGIC,
    Packet,
)

_pack: Final = Struct(">III").pack
_REQUEST: Final = int.from_bytes(REQUEST_MAGIC, "big")
_RESPONSE: Final = int.from_bytes(RESPONSE_MAGIC, "big")

_LAST_TYPE: Final = LAST_PACKET_TYPE  # compiled, it is a plain number here
_SMALL: Final = 512
# The headers of bodies below _SMALL bytes, by type and size, made when they are first used.
_small_headers: Final[list[list[bytes]]] = [[] for _ in range(_LAST_TYPE + 1)]


def request(packet_type: int, *arguments: bytes) -> bytes:
    """Return a whole packet for a job server.

    Args:
        packet_type: a type that the server receives.
        arguments: as many as the table says; only the last one may contain NUL bytes.

    Raises:
        LocalProtocolError: the packet goes the other way, or the arguments do not fit it.
    """
    row = _row(packet_type)
    if not row.to_server:
        raise LocalProtocolError(f"{row.type.name} is sent by the server only")
    body = _body(row, arguments)
    return _pack(_REQUEST, packet_type, len(body)) + body


def response(packet_type: int, *arguments: bytes) -> bytes:
    """Return a whole packet from a job server.

    Args:
        packet_type: a type that the server sends.
        arguments: as many as the table says; only the last one may contain NUL bytes.

    Raises:
        LocalProtocolError: the packet goes the other way, or the arguments do not fit it.
    """
    row = _row(packet_type)
    if not row.from_server:
        raise LocalProtocolError(f"{row.type.name} is sent to the server only")
    body = _body(row, arguments)
    return _pack(_RESPONSE, packet_type, len(body)) + body


def response_header(packet_type: int, size: int) -> bytes:
    """Return the 12-byte header of a response whose body has ``size`` bytes, unchecked."""
    if size >= _SMALL or packet_type > _LAST_TYPE:
        return _pack(_RESPONSE, packet_type, size)
    row = _small_headers[packet_type]
    if not row:
        row += [b""] * _SMALL
    header = row[size]
    if not header:
        header = row[size] = _pack(_RESPONSE, packet_type, size)
    return header


def limited(packet: bytes, largest: int, setting: str) -> bytes:
    """Return ``packet``, if its body has no more than ``largest`` bytes.

    Args:
        packet: a whole packet.
        largest: most bytes of its body.
        setting: the name of the setting that is the limit.

    Raises:
        TooLarge: it has more.
    """
    size = len(packet) - HEADER_SIZE
    if size > largest:
        raise TooLarge(size, largest, setting)
    return packet


def _row(packet_type: int) -> Packet:
    row = BY_TYPE.get(packet_type)
    if row is None:
        raise LocalProtocolError(f"there is no packet type {packet_type}")
    return row


def _body(row: Packet, arguments: tuple[bytes, ...]) -> bytes:
    """Join ``arguments`` after checking them against the table."""
    names = row.arguments
    if len(arguments) != len(names):
        text = f"{row.type.name} takes {len(names)} arguments, not {len(arguments)}"
        raise LocalProtocolError(text)
    for name, argument in zip(names[:-1], arguments, strict=False):
        if b"\0" in argument:
            raise LocalProtocolError(f"{row.type.name}: {name} contains NUL: {argument[:80]!r}")
    body = b"\0".join(arguments)
    if len(body) > LARGEST_SIZE:
        text = f"{row.type.name}: {len(body)} bytes are over the limit of {LARGEST_SIZE}"
        raise LocalProtocolError(text)
    return body

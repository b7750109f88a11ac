"""Bytes in, packets and text lines out.

Theory of operation. :meth:`PacketDecoder.feed` takes the bytes of a read and returns the units
that became whole. The first byte of a unit decides: NUL starts a binary packet, any other byte a
text line, so both may be mixed on one connection. A packet is cut by its size field alone; its
arguments are not parsed here, so a body cannot make the decoder read into the next one.

It owns the bytes of the one unit that is not whole yet, and nothing else. They grow with the data
received, never with the size claimed. A packet over the limit is told at once, as a unit of its
own, and its body is skipped as it arrives: so its sender can be answered, and the connection stays
in step.

What never happens: an exception. Bytes that are not the protocol set :attr:`PacketDecoder.error`
and end the decoding for good; the units before them are still returned, because the peer must get
its answers to them.

Cost: each byte is copied once into its body; twice in a body of many small reads; never in a
large body that is returned in pieces.
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING, Any, Final

from mypy_extensions import i64

from gearman_tx.errors import RemoteProtocolError
from gearman_tx.large_body import LARGE_BODY, LargeBody
from gearman_tx.wire.limits import DEFAULT_MAX_PACKET, DEFAULT_MAX_TEXT_LINE
from gearman_tx.wire.oversized import OversizedPacket
from gearman_tx.wire.packets import (
    HEADER_SIZE,
    LAST_PACKET_TYPE,
    PACKETS,
    REQUEST_MAGIC,
    RESPONSE_MAGIC,
)

if TYPE_CHECKING:
    from collections.abc import Collection

TEXT: Final = 0
"""The type of a text line in the results; no packet has type 0."""

WRONG_MAGIC: Final = -1
"""The type of a packet in the wrong direction in the results."""

TOO_LARGE: Final = -2
"""The type of a packet over the limit in the results."""

_WITH_HANDLE: Final = frozenset(
    int(row.type) for row in PACKETS if row.arguments[:1] == ("handle",)
)
_BEGINNING: Final = 1024  # so many bytes of a packet that is too large hold its handle

_LARGE_PART: Final = 16 * 1024  # a part of a body with as many bytes is kept as it came

_HEADER: Final = Struct(">III")
_LAST_TYPE: Final[i64] = LAST_PACKET_TYPE  # compiled, it is a plain number here
_TLS_HANDSHAKE: Final = b"\x16\x03"  # the beginning of its record, of any version
_R: Final = 0x52  # bytes of the magic
_E: Final = 0x45


class PacketDecoder:
    """Cut a stream of bytes into ``(type, body)`` pairs.

    Args:
        magic: the magic of the expected packets: ``REQUEST_MAGIC`` in a server,
            ``RESPONSE_MAGIC`` in a client or worker.
        max_packet: largest body in bytes.
        max_text_line: longest text line in bytes, its end included.
        in_pieces: the types of packets whose large bodies are returned as :class:`LargeBody`.

    Attributes:
        error: the reason why the decoding ended for good, or None.
    """

    __slots__ = (
        "_direction",
        "_in_pieces",
        "_kept",
        "_magic",
        "_max_line",
        "_max_packet",
        "_missing",
        "_other",
        "_parts",
        "_skipped",
        "_stays_in_pieces",
        "_type",
        "_wanted",
        "error",
    )

    def __init__(
        self,
        magic: bytes = REQUEST_MAGIC,
        max_packet: int = DEFAULT_MAX_PACKET,
        max_text_line: int = DEFAULT_MAX_TEXT_LINE,
        in_pieces: Collection[int] = (),
    ) -> None:
        other = RESPONSE_MAGIC if magic == REQUEST_MAGIC else REQUEST_MAGIC
        self._direction: i64 = magic[3]
        self._magic = int.from_bytes(magic, "big")
        self._other = int.from_bytes(other, "big")
        self._max_packet = max_packet
        self._max_line = max_text_line
        self._in_pieces = in_pieces
        # The beginning of a header or of a text line that is not whole.
        self._kept = b""
        # The parts of a body that is not whole; None if there is none. Then its type, how many
        # bytes it lacks, and whether it is returned in pieces.
        self._parts: list[bytes | bytearray] | None = None
        self._type = 0
        self._missing = 0
        self._stays_in_pieces = False
        # The size of the body that is skipped, or 0; and how many bytes of its beginning are
        # awaited before it is told, or -1 once it is.
        self._skipped = 0
        self._wanted = -1
        self.error: RemoteProtocolError | None = None

    @property
    def missing(self) -> int:
        """How many bytes the body of a partial packet lacks; 0 if there is none."""
        return self._missing if self._parts is not None else 0

    @property
    def buffered(self) -> int:
        """How many bytes of a partial unit are held."""
        return len(self._kept) + sum(map(len, self._parts or []))

    def feed(self, data: bytes) -> list[tuple[int, Any]]:  # noqa: C901  # one loop: calls cost more
        """Take ``data`` and return the units that became whole, in order.

        Args:
            data: the next bytes of the stream, of any length.

        Returns:
            ``(type, body)`` pairs: a packet's number and its body, ``(TEXT, line)`` for a text
            line without its end, ``(WRONG_MAGIC, body)`` for a packet in the wrong direction,
            ``(TOO_LARGE, OversizedPacket)`` for one over the limit, whose body is skipped.
            A body is ``bytes``; a large one of a type in ``in_pieces`` is a :class:`LargeBody`.
            Check :attr:`error` afterwards.
        """
        if self.error is not None:
            return []
        units: list[tuple[int, Any]] = []
        start: i64 = 0
        if self._parts is not None:
            start = self._fill_body(data, units)
        elif self._kept:
            data = self._kept + data
            self._kept = b""
        end: i64 = len(data)
        while start < end:
            if data[start]:
                start = self._cut_line(data, start, units)
                continue
            if end - start < HEADER_SIZE:
                self._keep_header(data, start)
                break
            packet_type: i64 = data[start + 7]
            size: i64 = (
                data[start + 8] << 24
                | data[start + 9] << 16
                | data[start + 10] << 8
                | data[start + 11]
            )
            if (
                data[start + 1] != _R
                or data[start + 2] != _E
                or data[start + 3] != self._direction
                or data[start + 4] | data[start + 5] | data[start + 6]
                or not 0 < packet_type <= _LAST_TYPE
                or size > self._max_packet
            ):
                if self._is_unsound(data, start):
                    break
                if size > self._max_packet:
                    start = self._begin_skip(data, start, units)
                    continue
                packet_type = WRONG_MAGIC
            start += HEADER_SIZE
            if end - start < size:
                self._parts = [data[start:]]
                self._type = packet_type
                self._stays_in_pieces = size >= LARGE_BODY and packet_type in self._in_pieces
                self._missing = size - (end - start)
                break
            units.append((packet_type, data[start : start + size]))
            start += size
        return units

    def _fill_body(self, data: bytes, units: list[tuple[int, Any]]) -> int:
        """Add ``data`` to the body that is not whole; return where the next unit starts."""
        if self._skipped:
            return self._skip(data, 0, units)
        parts = self._parts
        assert parts is not None, "a body is not whole"
        missing = self._missing
        if len(data) >= missing:
            # Compiled, a slice of all bytes copies them.
            parts.append(data if len(data) == missing else data[:missing])
            self._parts = None
            if self._stays_in_pieces:
                whole = LargeBody([bytes(part) for part in parts if part])
                units.append((self._type, whole))
            else:
                units.append((self._type, b"".join(parts)))
            return missing
        self._missing = missing - len(data)
        last = parts[-1]
        if len(data) >= _LARGE_PART:
            parts.append(data)
        elif isinstance(last, bytearray) and len(last) < _LARGE_PART:
            last += data  # a byte at a time must not cost an object each
        else:
            parts.append(bytearray(data))
        return len(data)

    def _begin_skip(self, data: bytes, start: int, units: list[tuple[int, Any]]) -> int:
        """Skip the packet at ``start``, which is too large; return where the next unit is."""
        _, self._type, size = _HEADER.unpack_from(data, start)
        self._parts = []
        self._missing = self._skipped = size
        self._wanted = min(size, _BEGINNING) if self._type in _WITH_HANDLE else 0
        return self._skip(data, start + HEADER_SIZE, units)

    def _skip(self, data: bytes, start: int, units: list[tuple[int, Any]]) -> int:
        """Skip what ``data`` has of the body from ``start`` on; return where the next unit is."""
        end = min(start + self._missing, len(data))
        self._missing -= end - start
        if self._wanted >= 0:
            self._kept += data[start : min(end, start + self._wanted - len(self._kept))]
            if len(self._kept) == self._wanted:
                packet = OversizedPacket(self._type, self._skipped, self._max_packet, self._kept)
                units.append((TOO_LARGE, packet))
                self._kept = b""
                self._wanted = -1
        if not self._missing:
            self._parts = None
            self._skipped = 0
        return end

    def _cut_line(self, data: bytes, start: int, units: list[tuple[int, Any]]) -> int:
        """Add the text line at ``start``, or keep its beginning; return where the next unit is."""
        if data.startswith(_TLS_HANDSHAKE, start):
            self._fail("a TLS handshake came to a port without TLS")
            return len(data)
        stop = data.find(b"\n", start, start + self._max_line)
        if stop >= 0:
            line = data[start:stop]
            units.append((TEXT, line[:-1] if line.endswith(b"\r") else line))
            return stop + 1
        if len(data) - start < self._max_line:
            self._kept = data[start:]
        else:
            self._fail(f"a text line is longer than the limit of {self._max_line} bytes")
        return len(data)

    def _keep_header(self, data: bytes, start: int) -> None:
        """Keep the beginning of a header, unless its magic is wrong already."""
        magic = data[start : start + 4]
        if REQUEST_MAGIC.startswith(magic) or RESPONSE_MAGIC.startswith(magic):
            self._kept = data[start:]
        else:
            self._fail(f"{magic!r} does not start a packet")

    def _is_unsound(self, data: bytes, start: int) -> bool:
        """Return whether a header is wrong.

        One that is only in the wrong direction, or of a packet over the limit, is not.
        """
        magic, packet_type, _ = _HEADER.unpack_from(data, start)
        if magic not in {self._magic, self._other}:
            text = f"magic 0x{magic:08x} is not \\0REQ or \\0RES; the peer does not speak Gearman"
            self._fail(text)
        elif not 0 < packet_type <= LAST_PACKET_TYPE:
            self._fail(f"packet type {packet_type} is outside 1 to {LAST_PACKET_TYPE}")
        return self.error is not None

    def _fail(self, text: str) -> None:
        self.error = RemoteProtocolError(text)

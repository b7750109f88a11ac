"""What a server sends, cut into packets and lines and written so that two servers compare.

Handles become ``{n}`` in the order of their JOB_CREATED. Of a listing (``status``, ``workers``,
``show jobs`` ...) the lines are sorted, because both servers print them in no promised order;
file descriptors become ``FD``. Nothing else is changed.
"""

from __future__ import annotations

import re
import struct
import time
from typing import Final

from attrs import define, field

from tests.differential.notation import write_body
from tests.differential.packets import HEADER_SIZE, NAMES, RESPONSE
from tests.differential.steps import Body, Due, Job, Piece, join

_HANDLE: Final = re.compile(rb"H:[^:\0\s]+:\d+")
_DESCRIPTOR: Final = re.compile(rb"\d+ (127\.0\.0\.1 )")
HARNESS_ID: Final = b"the-harness"


@define(eq=False)
class Handles:
    """The handles one server gave out in one script, in order; number 1 is the first."""

    _numbers: dict[bytes, int] = field(factory=dict)

    def learn(self, handle: bytes) -> None:
        """Give ``handle`` the next number, unless it has one."""
        self._numbers.setdefault(handle, len(self._numbers) + 1)

    def __len__(self) -> int:
        return len(self._numbers)

    def resolve(self, body: Body) -> bytes:
        """Return the bytes of ``body``; a job never created has an unknown handle."""
        by_number = {number: handle for handle, number in self._numbers.items()}
        pieces: list[bytes] = []
        for piece in body:
            match piece:
                case Job():
                    pieces.append(by_number.get(piece.number, b"H:nobody:%d" % piece.number))
                case Due():
                    pieces.append(b"%d" % (int(time.time()) + piece.seconds))
                case _:
                    pieces.append(piece)
        return b"".join(pieces)

    def rename(self, data: bytes) -> Body:
        """Return ``data`` with every known handle replaced by its number."""
        body: list[Piece] = []
        at = 0
        for match in _HANDLE.finditer(data):
            number = self._numbers.get(match[0])
            if number is not None:
                body += [data[at : match.start()], Job(number)]
                at = match.end()
        return join((*body, data[at:]))


def split(data: bytes) -> tuple[list[bytes], bytes]:
    """Cut ``data`` into whole packets and text lines; return them and the rest."""
    units: list[bytes] = []
    at = 0
    while at < len(data):
        if data[at] == 0:
            if len(data) - at < HEADER_SIZE:
                break
            end = at + HEADER_SIZE + struct.unpack_from(">L", data, at + 8)[0]
        else:
            end = data.find(b"\n", at) + 1
        if end == 0 or end > len(data):
            break
        units.append(data[at:end])
        at = end
    return units, data[at:]


def is_packet(unit: bytes, number: int) -> bool:
    """Return whether ``unit`` is a packet of type ``number``."""
    return unit[:8] == RESPONSE + struct.pack(">L", number)


def write_replies(units: list[bytes], handles: Handles, secrets: dict[bytes, bytes]) -> list[str]:
    """Return ``units`` as lines of the notation.

    Args:
        units: packets and text lines, as :func:`split` cut them.
        handles: the names of this server's handles; JOB_CREATED teaches it new ones.
        secrets: text lines that name the process (pid, version), and what stands for them.
    """
    written: list[str] = []
    listing: list[bytes] | None = None
    for unit in units:
        if unit[0] == 0:
            written.append(_write_packet(unit, handles))
        elif listing is None and unit.startswith((b"OK", b"ERR ")):
            written.append(_quote(handles.rename(secrets.get(unit, unit))))
        elif unit == b".\n":
            written += [*_write_listing(listing or [], handles), '".\\n"']
            listing = None
        else:
            listing = [*(listing or []), unit]
    if listing is not None:
        written += [*_write_listing(listing, handles), "(a listing without its end)"]
    return written


def _write_packet(unit: bytes, handles: Handles) -> str:
    number = struct.unpack_from(">L", unit, 4)[0]
    body = unit[HEADER_SIZE:]
    name = NAMES.get(number, f"#{number}")
    if name == "JOB_CREATED":
        handles.learn(body)
    prefix = "" if unit[:4] == RESPONSE else f"{unit[:4]!r}:"
    return f"{prefix}{name} {write_body(handles.rename(body))}".rstrip(" ")


def _write_listing(lines: list[bytes], handles: Handles) -> list[str]:
    seen = [_DESCRIPTOR.sub(rb"FD \1", line, count=1) for line in lines]
    return sorted(_quote(handles.rename(line)) for line in seen if HARNESS_ID not in line)


def _quote(body: Body) -> str:
    return f'"{write_body(body)}"'

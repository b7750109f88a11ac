r"""How bodies, replies and steps are written in scripts and in failures.

``|`` is the NUL between arguments, ``{3}`` the handle of the third job, ``{now+2}`` the Unix time
in two seconds, ``{64*u}`` sixty-four times ``u``; ``\r \n \t \\ \| \{ \" \x00`` are single bytes.
The writing is one to one, except that a repetition is written out: two bodies that read alike
are alike.

Items: ``SUBMIT_JOB f|u|data``, ``#43 data`` (a number without a name), ``RES:ECHO_REQ x`` (the
wrong magic), ``"status\r\n"`` (text), ``raw \x00REQ`` (bytes as they are).
"""

from __future__ import annotations

import re
from typing import Final

from tests.differential.packets import NAMES, NUMBERS, REQUEST, RESPONSE
from tests.differential.steps import (
    Await,
    Body,
    Close,
    Due,
    Item,
    Job,
    Open,
    Packet,
    Piece,
    Raw,
    Send,
    Step,
    Text,
    join,
)

_TOKEN: Final = re.compile(
    r"\\x(?P<hex>[0-9a-f]{2})|\\(?P<escape>.)|\{(?P<job>\d+)\}|\{(?P<times>\d+)\*(?P<unit>[^}]+)\}"
    r"|\{now\+(?P<due>\d+)\}|(?P<nul>\|)|(?P<plain>[^\\{|]+)"
)
_REPETITION: Final = re.compile(r"\{(?P<times>\d+)\*(?P<unit>[^}]+)\}")
_ESCAPES: Final = {"r": b"\r", "n": b"\n", "t": b"\t"}
_WRITTEN: Final = {
    ord("|"): "\\|",
    ord("{"): "\\{",
    ord("\\"): "\\\\",
    ord('"'): '\\"',
    0: "|",
    10: "\\n",
    13: "\\r",
    9: "\\t",
}


def read_body(text: str) -> Body:
    """Return the body that ``text`` writes.

    Raises:
        ValueError: ``text`` is not in the notation.
    """
    body: list[Piece] = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise ValueError(f"not in the notation at column {at}: {text!r}")
        body.append(_piece(match))
        at = match.end()
    return join(tuple(body))


def _piece(match: re.Match[str]) -> Piece:
    if match["job"]:
        return Job(int(match["job"]))
    if match["due"]:
        return Due(int(match["due"]))
    if match["nul"]:
        return b"\0"
    if match["hex"]:
        return bytes.fromhex(match["hex"])
    if match["escape"]:
        return _ESCAPES.get(match["escape"], match["escape"].encode("latin-1"))
    if match["times"]:
        return match["unit"].encode("latin-1") * int(match["times"])
    return match["plain"].encode("latin-1")


def write_body(body: Body) -> str:
    """Return how ``body`` is written."""
    return "".join(_write_piece(piece) for piece in body)


def _write_piece(piece: Piece) -> str:
    match piece:
        case Job():
            return f"{{{piece.number}}}"
        case Due():
            return f"{{now+{piece.seconds}}}"
        case _:
            return _write_bytes(piece)


def _write_bytes(data: bytes) -> str:
    return "".join(
        _WRITTEN.get(byte) or (chr(byte) if 32 <= byte < 127 else f"\\x{byte:02x}") for byte in data
    )


def spell_out(text: str) -> str:
    """Return ``text`` with its repetitions written out."""
    return _REPETITION.sub(lambda match: match["unit"] * int(match["times"]), text)


def read_item(text: str) -> Item:
    """Return the packet, line of text or raw bytes that ``text`` writes."""
    if text.startswith('"') and text.endswith('"'):
        return Text(read_body(text[1:-1]))
    name, _, rest = text.partition(" ")
    body = read_body(rest)
    if name == "raw":
        return Raw(b"".join(piece for piece in body if isinstance(piece, bytes)))
    magic = REQUEST
    if name.startswith("RES:"):
        magic, name = RESPONSE, name[4:]
    number = int(name[1:]) if name.startswith("#") else NUMBERS[name]
    return Packet(number, body, magic)


def write_item(item: Item) -> str:
    """Return how ``item`` is written."""
    if isinstance(item, Text):
        return f'"{write_body(item.line)}"'
    if isinstance(item, Raw):
        return f"raw {write_body((item.data,))}"
    name = NAMES.get(item.number, f"#{item.number}")
    prefix = "" if item.magic == REQUEST else "RES:"
    return f"{prefix}{name} {write_body(item.body)}" if item.body else f"{prefix}{name}"


def write_step(step: Step) -> str:
    """Return how ``step`` is written in a script, on one or several lines."""
    name = step.connection
    match step:
        case Open():
            return f"{name} open"
        case Close():
            return f"{name} {'half-close' if step.half else 'close'}"
        case Await():
            return f"{name} ? {step.name} {step.seconds:g}s"
        case Send():
            arrow = f">[{step.chunk}]" if step.chunk else ">"
            lines = [f"{arrow} {write_item(item)}" for item in step.items]
            lines += [f"> {step.ending}"] if step.ending else []
            margin = "\n" + " " * (len(name) + 1)
            return f"{name} {margin.join(lines)}"

"""What a script does: values, one for each kind of step, that know nothing of sockets.

A body is a tuple of pieces: bytes that are sent as they are, :class:`Job` for the handle of the
n-th job that the server at hand has created, and :class:`Due` for a time. So one script fits
both servers.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from attrs import frozen

from tests.differential.packets import NUMBERS, REQUEST


@frozen
class Job:
    """The handle of the ``number``-th job a server created in this script, from 1."""

    number: int


@frozen
class Due:
    """The time of the day, in Unix seconds, ``seconds`` after the step begins."""

    seconds: int


Piece: TypeAlias = bytes | Job | Due
Body: TypeAlias = tuple[Piece, ...]
Ending: TypeAlias = Literal["", "close", "half-close"]


@frozen
class Packet:
    """A binary packet with a sound size field."""

    number: int
    body: Body = ()
    magic: bytes = REQUEST


@frozen
class Text:
    """A text line, its line end included."""

    line: Body


@frozen
class Raw:
    """Bytes sent as they are, sound or not."""

    data: bytes


Item: TypeAlias = Packet | Text | Raw


@frozen
class Send:
    """Send ``items`` in one piece, or in chunks that the server reads one by one.

    Attributes:
        connection: whose bytes these are; it is opened at its first step.
        items: what is sent, in order.
        chunk: bytes a chunk; 0 sends all at once.
        ending: what follows at once, before any reply is read.
    """

    connection: str
    items: tuple[Item, ...]
    chunk: int = 0
    ending: Ending = ""


@frozen
class Open:
    """Open the connection."""

    connection: str


@frozen
class Close:
    """Close the connection, or only its writing half."""

    connection: str
    half: bool = False


@frozen
class Await:
    """Wait until the packet ``name`` arrives on the connection, or ``seconds`` have passed."""

    connection: str
    name: str
    seconds: float


Step: TypeAlias = Send | Open | Close | Await


def packet(name: str, *arguments: Piece) -> Packet:
    """Return the packet called ``name`` with ``arguments`` joined by NUL."""
    body: list[Piece] = []
    for argument in arguments:
        body += [b"\0", argument]
    return Packet(NUMBERS[name], join(tuple(body[1:])))


def join(body: Body) -> Body:
    """Return ``body`` with neighbouring bytes joined and empty ones left out."""
    joined: list[Piece] = []
    for piece in body:
        if isinstance(piece, bytes) and joined and isinstance(joined[-1], bytes):
            joined[-1] += piece
        elif piece != b"":
            joined.append(piece)
    return tuple(joined)

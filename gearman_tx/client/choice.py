"""Which server gets a task.

A choice puts all servers in an order of preference, and the first one that is up is taken.
``hash``, the default, gives the same unique to the same server, from every client that lists the
same servers, so that submissions of one unique meet and become one job although the servers share
nothing. When a server is added or lost, only the uniques that are its own move.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from random import Random
from typing import Final, Protocol, TypeAlias

from gearman_tx.errors import ConfigurationError

POINTS_PER_SERVER: Final = 160
"""Places of one server on the ring: enough that shares differ by a tenth or so."""


class Choice(Protocol):
    """Puts the servers in an order of preference, anew for each task."""

    def order(self, unique: bytes, /) -> Sequence[int]:
        """Return every position in the list of servers once, the preferred one first.

        Args:
            unique: what the task has in common with those it should meet; empty for most.
        """


MakeChoice: TypeAlias = Callable[[Sequence[str], Random], Choice]
"""Makes a choice for servers with these names; the random source is the client's."""


class InOrder:
    """The first server that is up, in the order of the list; the others are spares."""

    def __init__(self, names: Sequence[str], _random: Random) -> None:
        self._order = tuple(range(len(names)))

    def order(self, _unique: bytes, /) -> Sequence[int]:
        """Return the positions as they are."""
        return self._order


class RoundRobin:
    """Each server in turn; the first turn is drawn, so that clients do not march in step."""

    def __init__(self, names: Sequence[str], random: Random) -> None:
        count = len(names)
        self._orders = [tuple((i + k) % count for k in range(count)) for i in range(count)]
        self._next = random.randrange(count)

    def order(self, _unique: bytes, /) -> Sequence[int]:
        """Return the positions from the one whose turn it is."""
        order = self._orders[self._next]
        self._next = order[1] if len(order) > 1 else 0
        return order


class RandomOrder:
    """Any server."""

    def __init__(self, names: Sequence[str], random: Random) -> None:
        self._count = len(names)
        self._random = random

    def order(self, _unique: bytes, /) -> Sequence[int]:
        """Return the positions shuffled."""
        return self._random.sample(range(self._count), self._count)


class HashRing:
    """The server whose point on a ring comes next after the unique's own; the ring is stable.

    A task without a unique has nothing to meet and goes to each server in turn. Points depend on
    the names alone, not on the order in which they are listed, nor on the process.
    """

    def __init__(self, names: Sequence[str], random: Random) -> None:
        self._in_turn = RoundRobin(names, random)
        points = sorted(
            (_point(f"{name}#{number}".encode()), position)
            for position, name in enumerate(names)
            for number in range(POINTS_PER_SERVER)
        )
        self._points = [point for point, _ in points]
        self._positions = [position for _, position in points]
        self._count = len(names)
        self._known: dict[int, Sequence[int]] = {}  # orders by the place where they begin

    def order(self, unique: bytes, /) -> Sequence[int]:
        """Return the positions in the order in which the ring meets them from the unique on."""
        if not unique or self._count == 1:
            return self._in_turn.order(unique)
        place = bisect_right(self._points, _point(unique)) % len(self._points)
        order = self._known.get(place)
        if order is None:
            order = self._known[place] = self._walk(place)
        return order

    def _walk(self, place: int) -> Sequence[int]:
        positions = self._positions[place:] + self._positions[:place]
        return tuple(dict.fromkeys(positions))


def _point(key: bytes) -> int:
    """Return where ``key`` is on the ring: a number of 64 bits, the same everywhere for ever."""
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "big")


CHOICES: Final[Mapping[str, MakeChoice]] = {
    "hash": HashRing,
    "in order": InOrder,
    "random": RandomOrder,
    "round robin": RoundRobin,
}
"""The choices that a client knows by name."""


def make_choice(choice: str | MakeChoice, names: Sequence[str], random: Random) -> Choice:
    """Return the choice that a user named, or made.

    Raises:
        ConfigurationError: there is none of that name.
    """
    if not isinstance(choice, str):
        return choice(names, random)
    make = CHOICES.get(choice)
    if make is None:
        known = ", ".join(map(repr, CHOICES))
        raise ConfigurationError(f"there is no choice of servers {choice!r}; there are {known}")
    return make(names, random)

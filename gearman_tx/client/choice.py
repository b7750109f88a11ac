"""Which server gets a task.

A choice puts all servers in an order of preference, and the first one that is up gets the task.
``hash``, the default, sends the same unique to the same server, from every client that lists the
same servers. So submissions with one unique become one job, although the servers share nothing.
When a server is added or lost, only the uniques of that server move.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from hashlib import blake2b
from random import Random
from typing import Final, Protocol, TypeAlias

from gearman_tx.errors import ConfigurationError
from gearman_tx.values.kinds import check_function

POINTS_PER_SERVER: Final = 160
"""Points of one server on the ring: enough that the servers' shares differ by about a tenth."""


class Choice(Protocol):
    """Puts the servers in an order of preference, for each task."""

    def order(self, unique: bytes, /) -> Sequence[int]:
        """Return every position in the list of servers once, the preferred one first.

        Args:
            unique: the task's unique; empty for none.
        """


MakeChoice: TypeAlias = Callable[[Sequence[str], Random], Choice]
"""Makes a choice for servers with these names, given the client's random source."""


class InOrder:
    """The first server of the list that is up; the others are spares."""

    def __init__(self, names: Sequence[str], _random: Random) -> None:
        self._order = tuple(range(len(names)))

    def order(self, _unique: bytes, /) -> Sequence[int]:
        """Return the positions in the order of the list."""
        return self._order


class RoundRobin:
    """Each server in turn. The first turn is random, so that clients do not go in step."""

    def __init__(self, names: Sequence[str], random: Random) -> None:
        count = len(names)
        self._orders = [tuple((i + k) % count for k in range(count)) for i in range(count)]
        self._next = random.randrange(count)

    def order(self, _unique: bytes, /) -> Sequence[int]:
        """Return the positions, beginning with the server whose turn it is."""
        order = self._orders[self._next]
        self._next = order[1] if len(order) > 1 else 0
        return order


class RandomOrder:
    """A random server."""

    def __init__(self, names: Sequence[str], random: Random) -> None:
        self._count = len(names)
        self._random = random

    def order(self, _unique: bytes, /) -> Sequence[int]:
        """Return the positions in random order."""
        return self._random.sample(range(self._count), self._count)


class HashRing:
    """Consistent hashing: the server whose point on the ring is next after that of the unique.

    Tasks without a unique go to the servers in turn. Points depend on the servers' names alone, not
    on the order of the list or on the process.
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
        self._known: dict[int, Sequence[int]] = {}  # cached orders, by index in _points

    def order(self, unique: bytes, /) -> Sequence[int]:
        """Return the positions in the order of the ring, from the unique's point on."""
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
    """Return the point of ``key`` on the ring: 64 bits, the same in every process and version."""
    return int.from_bytes(blake2b(key, digest_size=8).digest(), "big")


CHOICES: Final[Mapping[str, MakeChoice]] = {
    "hash": HashRing,
    "in order": InOrder,
    "random": RandomOrder,
    "round robin": RoundRobin,
}
"""The choices that have a name."""


def make_choice(choice: str | MakeChoice, names: Sequence[str], random: Random) -> Choice:
    """Return the choice with a name, or the one that the user's function makes.

    Raises:
        ConfigurationError: there is no choice of that name.
    """
    if not isinstance(choice, str):
        check_function("choice", choice)
        return choice(names, random)
    make = CHOICES.get(choice)
    if make is None:
        known = ", ".join(map(repr, CHOICES))
        raise ConfigurationError(f"there is no choice of servers {choice!r}; there are {known}")
    return make(names, random)

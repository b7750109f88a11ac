"""The innermost loop of a connection: units to their handlers.

A module of its own because it is compiled where speed matters, and the Twisted protocol around it
is not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


def handle_units(
    link: Any,
    handlers: Mapping[int, Callable[[Any, bytes], bool | None]],
    units: Iterator[tuple[int, bytes]],
) -> bool:
    """Give each unit to its handler until there is none left or one suspends the rest.

    Args:
        link: the connection, for the handlers.
        handlers: for every type, what to do with it.
        units: types and bodies, from the decoder; those behind the suspending one are left in it.

    Returns:
        Whether a handler suspended the rest.
    """
    for packet_type, body in units:  # noqa: SIM110  # a generator costs more
        if handlers[packet_type](link, body):
            return True
    return False

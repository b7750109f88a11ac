"""Read the values of options: numbers, sizes, seconds, names.

Most functions here return a reader: a function that returns the value of a given word, or raises a
:class:`ConfigurationError` with the reason and the values that are accepted. The caller prepends
the name of the option.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from gearman_tx.errors import ConfigurationError
from gearman_tx.values.quantities import SIZE_FORMS, SPAN_FORMS, exact_size, read_size, read_span

if TYPE_CHECKING:
    from collections.abc import Callable

    Reader = Callable[[str], Any]

LARGEST_NUMBER: Final = 2**31 - 1
"""The largest number for an option without its own limit."""

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_PRIORITIES: Final = 3


def number(least: int = 0, most: int = LARGEST_NUMBER) -> Reader:
    """Return the reader of a whole number from ``least`` to ``most``."""

    def read(word: str) -> int:
        if _NUMBER.fullmatch(word) and least <= int(word) <= most:
            return int(word)
        raise ConfigurationError(f"{word!r} is not a whole number from {least} to {most}")

    return read


def one_of(*choices: str) -> Reader:
    """Return the reader of one of ``choices``, in upper or lower case."""

    def read(word: str) -> str:
        if word.lower() in choices:
            return word.lower()
        raise ConfigurationError(f"{word!r} is neither {' nor '.join(choices)}")

    return read


def size(least: int, most: int) -> Reader:
    """Return the reader of a number of bytes, such as ``65536``, ``64K``, ``8M`` or ``1G``."""

    def read(word: str) -> int:
        value = read_size(word)
        if value is not None and least <= value <= most:
            return value
        text = f"{word!r} is not a size from {exact_size(least)} to {exact_size(most)}"
        raise ConfigurationError(f"{text}; write {SIZE_FORMS}")

    return read


def seconds(least: float, most: float) -> Reader:
    """Return the reader of a span of time, such as ``90``, ``0.5`` or ``10m``, in seconds."""

    def read(word: str) -> float:
        value = read_span(word)
        if value is not None and least <= value <= most:
            return value
        text = f"{word!r} is not a time from {least:g} to {most:g} seconds"
        raise ConfigurationError(f"{text}; write {SPAN_FORMS}")

    return read


def choice(*names: str) -> Reader:
    """Return the reader of one of ``names``, in exactly this spelling."""

    def read(word: str) -> str:
        if word in names:
            return word
        raise ConfigurationError(f"{word!r} is not one of {', '.join(names)}")

    return read


def text(word: str) -> str:
    """Read a word that must not be empty."""
    if not word:
        raise ConfigurationError("the value is empty")
    return word


def max_queue(word: str) -> tuple[int, int, int]:
    """Read ``NUMBER`` for all priorities, or ``HIGH,NORMAL,LOW``; 0 means no limit."""
    read = number()
    parts = word.split(",")
    if len(parts) == 1:
        parts *= _PRIORITIES
    if len(parts) != _PRIORITIES:
        raise ConfigurationError(f"{word!r} is neither one number nor three, HIGH,NORMAL,LOW")
    high, normal, low = (read(part.strip()) for part in parts)
    return high, normal, low

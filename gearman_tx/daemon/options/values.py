"""Read the values of options: numbers, sizes, seconds, names.

Most functions here return a reader: a function that returns the value of a given word, or raises a
:class:`ConfigurationError` with the reason and the values that are accepted. The caller prepends
the name of the option.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from gearman_tx.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    Reader = Callable[[str], Any]

LARGEST_NUMBER: Final = 2**31 - 1
"""The largest number for an option without its own limit."""

_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_SIZE: Final = re.compile(r"([0-9]{1,15})([KMG]?)i?B?", re.IGNORECASE)
_UNITS: Final = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}
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
        found = _SIZE.fullmatch(word)
        if found is not None:
            value = int(found[1]) * _UNITS[found[2].upper()]
            if least <= value <= most:
                return value
        text = f"{word!r} is not a size from {size_text(least)} to {size_text(most)}"
        raise ConfigurationError(f"{text}; write bytes, or a number with K, M or G such as 64M")

    return read


def size_text(value: int) -> str:
    """Return a number of bytes as a word that :func:`size` reads."""
    for unit in ("G", "M", "K"):
        if value and not value % _UNITS[unit]:
            return f"{value // _UNITS[unit]}{unit}"
    return str(value)


def seconds(least: float, most: float) -> Reader:
    """Return the reader of a time in seconds; fractions such as ``0.5`` are allowed."""

    def read(word: str) -> float:
        try:
            value = float(word)
        except ValueError:
            value = float("nan")
        if least <= value <= most:  # false for NaN
            return value
        raise ConfigurationError(f"{word!r} is not a time from {least:g} to {most:g} seconds")

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

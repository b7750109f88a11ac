"""Spans of time and sizes as people write them: ``90``, ``10m``, ``2h``; ``65536``, ``128M``.

All options of all programs take them in these forms, and reports show them so.
"""

from __future__ import annotations

import re
from typing import Final

SPAN_FORMS: Final = "seconds, or a number with s, m, h, d or w such as 10m"
"""What an error message says about spans."""

SIZE_FORMS: Final = "bytes, or a number with K, M or G such as 64M"
"""What an error message says about sizes."""

_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_SPAN: Final = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,9})?(?:e[0-9])?)([smhdw]?)", re.ASCII)
_SHOWN: Final = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))

_BYTES: Final = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30}
_SIZE: Final = re.compile(r"([0-9]{1,15})([KMG]?)i?B?", re.IGNORECASE)
_LARGER: Final = "KMGTPE"
_STEP: Final = 1024
_TWO_DIGITS: Final = 9.95  # what rounds to 10.0 is shown without the decimal


def read_span(word: str) -> float | None:
    """Return the seconds that ``word`` means, or None if it is not a span.

    Args:
        word: a number of seconds, such as ``90`` or ``0.5``, or a number with ``s``, ``m``, ``h``,
            ``d`` or ``w`` for seconds, minutes, hours, days or weeks.
    """
    found = _SPAN.fullmatch(word)
    return None if found is None else float(found[1]) * _SECONDS[found[2]]


def span_text(seconds: int) -> str:
    """Return whole seconds in their two largest units: ``1h 5m``."""
    parts = []
    for unit, length in _SHOWN:
        count, seconds = divmod(seconds, length)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"


def read_size(word: str) -> int | None:
    """Return the bytes that ``word`` means, or None if it is not a size.

    Args:
        word: a number of bytes, or a number with ``K``, ``M`` or ``G`` for 1024, 1024² or 1024³
            bytes; ``KB`` and ``KiB`` mean the same as ``K``.
    """
    found = _SIZE.fullmatch(word)
    return None if found is None else int(found[1]) * _BYTES[found[2].upper()]


def exact_size(size: int) -> str:
    """Return a number of bytes as the shortest word that :func:`read_size` reads."""
    for unit in ("G", "M", "K"):
        if size and not size % _BYTES[unit]:
            return f"{size // _BYTES[unit]}{unit}"
    return str(size)


def rough_size(size: int) -> str:
    """Return a number of bytes with two or three digits and a unit: ``9``, ``1.5K``, ``128M``."""
    if size < _STEP:
        return str(size)
    power = 0
    amount = float(size)
    while amount >= _STEP - 0.5 and power < len(_LARGER):
        amount /= _STEP
        power += 1
    unit = _LARGER[power - 1]
    return f"{amount:.1f}{unit}" if amount < _TWO_DIGITS else f"{amount:.0f}{unit}"

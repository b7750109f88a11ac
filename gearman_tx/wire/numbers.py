"""Decimal numbers in packets, read as the C server's ``strtol`` reads them."""

from __future__ import annotations

import re
from typing import Final

_NUMBER: Final = re.compile(rb"[ \t\n\v\f\r]*([+-]?[0-9]{1,25})")


def leading_number(text: bytes) -> int:
    """Return the decimal number that ``text`` starts with, or 0 when it starts with none.

    Leading blanks are skipped, and the bytes behind the digits are ignored: ``b" 12x"`` is 12,
    ``b"1e3"`` is 1, ``b"abc"`` and ``b""`` are 0. At most 25 digits are read.
    """
    found = _NUMBER.match(text)
    return int(found[1]) if found else 0

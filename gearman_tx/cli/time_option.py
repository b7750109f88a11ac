"""The time that ``--at`` takes."""

from __future__ import annotations

import re
import time
from datetime import datetime
from typing import Final

import click

_SECONDS: Final = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_FROM_NOW: Final = re.compile(r"\+(?P<count>[0-9]+(?:\.[0-9]+)?)(?P<unit>[smhdw]?)")
_EPOCH: Final = re.compile(r"[0-9]+(?:\.[0-9]+)?")


def read_time(
    _context: click.Context, _parameter: click.Parameter, text: str | None
) -> float | None:
    """Return a time in seconds since 1970; a date without a zone is in the local zone.

    Raises:
        click.BadParameter: ``text`` is none of ``+90``, ``+10m``, ``2030-01-31T18:00`` and seconds
            since 1970.
    """
    if text is None:
        return None
    if found := _FROM_NOW.fullmatch(text):
        return time.time() + float(found["count"]) * _SECONDS[found["unit"]]
    if _EPOCH.fullmatch(text):
        return float(text)
    try:
        return datetime.fromisoformat(text).astimezone().timestamp()
    except (ValueError, OverflowError) as error:
        message = f"{text!r} is not a time: +90 (seconds), +10m, +2h, +1d, 2030-01-31T18:00"
        raise click.BadParameter(f"{message}, or seconds since 1970") from error

"""The ranges of ``gearman-tx check``, in the form that plugins of Nagios take them."""

from __future__ import annotations

import re
from collections.abc import Callable
from math import inf
from typing import Final

import click
from attrs import frozen
from typing_extensions import override

from gearman_tx.cli.parameters import ParameterType
from gearman_tx.values.quantities import SPAN_FORMS, read_span

_RANGE: Final = re.compile(r"(?P<inside>@?)(?:(?P<low>[^@:]*):)?(?P<high>[^@:]*)")
_COUNT: Final = re.compile(r"[0-9]{1,15}", re.ASCII)


@frozen
class Range:
    """The values of one kind that are well, or those that are not.

    Attributes:
        text: as the user wrote it.
        low: the smallest value.
        high: the largest value.
        is_alarm: whether the values from ``low`` to ``high`` raise the alarm, and not all others.
    """

    text: str
    low: float
    high: float
    is_alarm: bool

    def alarms(self, value: float) -> bool:
        """Return whether ``value`` raises the alarm."""
        return (self.low <= value <= self.high) == self.is_alarm


class RangeType(ParameterType):
    """A range: ``MAX``, ``MIN:``, ``MIN:MAX``, or with an ``@`` the values that are not well.

    Args:
        read: returns the number that a bound means, or None.
        forms: how bounds are written, for the error message.
    """

    name = "range"

    def __init__(self, read: Callable[[str], float | None], forms: str) -> None:
        self._read = read
        self._forms = forms

    @override
    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Range:
        """Click: return the value of an option."""
        found = self._find(str(value))
        if found is None:
            forms = f"MAX, MIN:, MIN:MAX or @MIN:MAX, each bound {self._forms}"
            self.fail(f"{value!r} is not a range: write {forms}", param, ctx)
        return found

    def _find(self, text: str) -> Range | None:
        """Return the range that ``text`` means."""
        found = _RANGE.fullmatch(text)
        if found is None or not (found["low"] or found["high"]):
            return None
        low = -inf if found["low"] == "~" else self._read(found["low"] or "0")
        high = self._read(found["high"]) if found["high"] else inf
        if low is None or high is None or low > high:
            return None
        return Range(text, low, high, bool(found["inside"]))


def _read_count(word: str) -> float | None:
    return float(word) if _COUNT.fullmatch(word) else None


COUNTS: Final = RangeType(_read_count, "a whole number")
"""A range of numbers, such as ``100`` or ``1:``."""

SPANS: Final = RangeType(read_span, SPAN_FORMS)
"""A range of spans of time, such as ``10m`` or ``90``; its values are in seconds."""

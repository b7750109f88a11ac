"""What a plugin of Nagios and Icinga prints: a state, what was found, and data for graphs.

The form is that of the Monitoring Plugins Development Guidelines: one line, with the data behind a
bar, and the state as the exit status.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Final

from attrs import frozen

from gearman_tx.cli.threshold import Range

_SERVICE: Final = "GEARMAN"


class State(IntEnum):
    """The state of a service; the number is the exit status."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


_FROM_GOOD_TO_BAD: Final = (State.OK, State.WARNING, State.UNKNOWN, State.CRITICAL)


@frozen
class Limits:
    """The ranges beyond which a figure raises an alarm.

    Attributes:
        warning: beyond it the state is a warning; None if there is no such limit.
        critical: beyond it the state is critical; None if there is no such limit.
    """

    warning: Range | None = None
    critical: Range | None = None

    def exceeded(self, value: float) -> tuple[State, str]:
        """Return the state for ``value``, and the limit that it exceeds in words."""
        if self.critical is not None and self.critical.alarms(value):
            return State.CRITICAL, f"critical: {self.critical.text}"
        if self.warning is not None and self.warning.alarms(value):
            return State.WARNING, f"warning: {self.warning.text}"
        return State.OK, ""


NO_LIMITS: Final = Limits()


@frozen
class Finding:
    """Something that is not well.

    Attributes:
        state: how bad it is.
        text: what it is.
    """

    state: State
    text: str


@frozen
class Figure:
    """A number for graphs.

    Attributes:
        label: what it is; an equals sign and a quote are replaced.
        value: the number.
        limits: its limits.
        unit: ``s``, or nothing for a count.
    """

    label: str
    value: int
    limits: Limits = NO_LIMITS
    unit: str = ""

    def __str__(self) -> str:
        """Return it in the form of the guidelines."""
        label = self.label.replace("=", "_").replace("'", "_").replace("|", "_")
        limits = f"{_bounds(self.limits.warning)};{_bounds(self.limits.critical)}"
        return f"'{label}'={self.value}{self.unit};{limits};0"


def worst(findings: Iterable[Finding]) -> State:
    """Return the worst state of ``findings``; a state that is not known is better than critical."""
    states = {finding.state for finding in findings}
    return max(states, key=_FROM_GOOD_TO_BAD.index, default=State.OK)


def line_of(
    state: State, summary: str, findings: Sequence[Finding], figures: Sequence[Figure]
) -> str:
    """Return what the plugin prints.

    Args:
        state: the state.
        summary: what was found if all is well.
        findings: what is not well; the worst comes first.
        figures: numbers for graphs.
    """
    by_state = sorted(findings, key=lambda one: -_FROM_GOOD_TO_BAD.index(one.state))
    text = "; ".join(finding.text for finding in by_state) or summary
    text = " ".join(text.replace("|", "/").split())  # a bar and a line end have a meaning
    data = f" | {' '.join(map(str, figures))}" if figures else ""
    return f"{_SERVICE} {state.name} - {text}{data}"


def _bounds(limit: Range | None) -> str:
    """Return a range with its bounds as plain numbers."""
    if limit is None:
        return ""
    low = "~" if limit.low < 0 else f"{limit.low:.15g}"
    high = "" if limit.high == float("inf") else f"{limit.high:.15g}"
    mark = "@" if limit.is_alarm else ""
    return f"{mark}{high}" if low == "0" and high else f"{mark}{low}:{high}"

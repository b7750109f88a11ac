"""The text of ``--help``: options in groups, wrapped to the width of the terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gearman_tx.daemon.options.option import Option
    from gearman_tx.daemon.options.table import Groups

_COLUMN: Final = 31  # the column in which the explanations start
_LEAST_WIDTH: Final = 60


def help_text(groups: Groups, width: int) -> str:
    """Return the options of ``groups`` under their headings.

    Options that are refused for the same reason are listed together with that reason.

    Args:
        groups: the options by heading.
        width: the number of columns.
    """
    width = max(width, _LEAST_WIDTH)
    return "\n".join(_group(heading, rows, width) for heading, rows in groups.items())


def _group(heading: str, rows: Sequence[Option], width: int) -> str:
    lines = [f"{heading}:"]
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row.refused:
            reasons.setdefault(row.refused, []).append(f"--{row.name}")
        else:
            lines += _option(row, width)
    for reason, names in reasons.items():
        lines += _wrapped(f"{' '.join(names)}:", 2, 4, width)
        lines += _wrapped(f"{reason}.", 6, 6, width)
    return "\n".join(lines) + "\n"


def _option(row: Option, width: int) -> list[str]:
    """Return the lines of one option: its spelling, and its explanation in the next column."""
    text = f"{row.help} (default: {row.shown})" if row.shown else row.help
    lines = _wrapped(text, _COLUMN, _COLUMN, width)
    spelled = f"  {row.spelled}"
    if len(spelled) < _COLUMN - 1:
        return [spelled.ljust(_COLUMN) + lines[0].lstrip(), *lines[1:]]
    return [spelled, *lines]


def _wrapped(text: str, first: int, others: int, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        width,
        initial_indent=" " * first,
        subsequent_indent=" " * others,
        break_long_words=False,
        break_on_hyphens=False,
    )

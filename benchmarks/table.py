"""The figures as a table for a terminal, with faults and missed targets below it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Final

from rich.table import Table

from benchmarks.rows import MISSED, Row, number
from benchmarks.targets import Verdict

if TYPE_CHECKING:
    from rich.console import Console

    from benchmarks.results import Results

WIDTH: Final = 160
"""Width of a table that is not for a terminal."""


def print_tables(console: Console, rows: Sequence[Row], columns: Mapping[str, str]) -> None:
    """Print a table for every group of kinds."""
    for group, of_group in groupby(rows, key=lambda row: row.group):
        console.print(_table(group, list(of_group), columns))


def _table(group: str, rows: Sequence[Row], columns: Mapping[str, str]) -> Table:
    ours = list(dict.fromkeys(title for row in rows for title in row.ours))
    table = Table(title=group, title_justify="left", expand=False)
    table.add_column("work", ratio=3)
    table.add_column("measured")
    for title in ours:
        table.add_column(title, justify="right")
    table.add_column("±", justify="right")
    for title in columns.values():
        table.add_column(title, justify="right")
        table.add_column("", justify="right")
    table.add_column("target")
    for kind, of_kind in groupby(rows, key=lambda row: row.kind):
        for place, row in enumerate(of_kind):
            cells = [cell for other in row.others for cell in (other.figure, other.times)]
            style = "bold red" if row.verdict == MISSED else None
            table.add_row(
                kind if place == 0 else "",
                row.metric,
                *(row.ours[title].figure if title in row.ours else "" for title in ours),
                row.spread,
                *cells,
                row.verdict,
                style=style,
            )
        table.add_section()
    return table


def print_notes(console: Console, results: Results, verdicts: Sequence[Verdict]) -> None:
    """Print missed targets, faults and absent contenders, a line each."""
    for verdict in verdicts:
        if verdict.is_met is not True:
            console.print(_sentence(verdict), highlight=False, soft_wrap=True)
    for kind, contender, fault in results.faults():
        console.print(f"failed: {kind}, {contender}: {fault}", highlight=False, soft_wrap=True)
    for line in absences(results):
        console.print(line, highlight=False, soft_wrap=True)


def _sentence(verdict: Verdict) -> str:
    what = "cannot tell" if verdict.is_met is None else "missed"
    got = "" if verdict.times is None else f"; it is {number(verdict.times)} times"
    return f"{what}: {verdict.target.kind}, {verdict.contender}: {verdict.target.text}{got}"


def absences(results: Results) -> list[str]:
    """Return the absent contenders, a line for each reason."""
    found: dict[tuple[str, str], list[str]] = {}
    for kind, result in results.kinds.items():
        for name, why in result.absent.items():
            found.setdefault((name, why), []).append(kind)
    every = len(results.kinds)
    return [
        f"without {name}{'' if len(kinds) == every else ' in ' + ', '.join(kinds)}: {why}"
        for (name, why), kinds in found.items()
    ]

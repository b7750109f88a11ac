"""The rows of a comparison: for every kind and metric the medians, the ratios and the verdict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from attrs import frozen

from benchmarks.metrics import METRICS, advantage
from benchmarks.results import KindResult, Results
from benchmarks.targets import Verdict

DASH: Final = "–"
MET: Final = "met"
MISSED: Final = "missed"
UNKNOWN: Final = "cannot tell"


@frozen
class Cell:
    """One contender's figure in a row, as text.

    Attributes:
        figure: the median, or what failed.
        times: how many times better ours is; empty in our own cells.
    """

    figure: str
    times: str = ""


@frozen
class Row:
    """One metric of one kind of work, as text.

    Attributes:
        group: the heading above it.
        kind: the title of the kind of work.
        metric: the metric and its unit.
        ours: the cells of ours, by their titles.
        spread: the spread of our rounds.
        others: the cells of those that ours is compared with, in the order of the columns.
        verdict: whether the targets on it were met; empty where there is none.
    """

    group: str
    kind: str
    metric: str
    ours: dict[str, Cell]
    spread: str
    others: tuple[Cell, ...]
    verdict: str


def rows_of(
    results: Results, verdicts: Sequence[Verdict], family: str, columns: Mapping[str, str]
) -> list[Row]:
    """Return the rows of a table.

    Args:
        results: the figures.
        verdicts: the result of :func:`benchmarks.targets.judge`.
        family: the family whose figures are compared with others'.
        columns: the others.
    """
    judged: dict[tuple[str, str], list[Verdict]] = {}
    for verdict in verdicts:
        judged.setdefault((verdict.target.kind, verdict.target.metric), []).append(verdict)
    return [
        _row(kind, metric, family, columns, judged.get((name, metric), ()))
        for name, kind in results.kinds.items()
        for metric in kind.shows
    ]


def _row(
    kind: KindResult,
    metric: str,
    family: str,
    columns: Mapping[str, str],
    verdicts: Sequence[Verdict],
) -> Row:
    mine = {key: standing for key, standing in kind.standings.items() if standing.family == family}
    ours = {standing.title: Cell(_figure(kind, key, metric)) for key, standing in mine.items()}
    first = next(iter(mine), "")
    spread = mine[first].spread(metric) if mine else None
    others = tuple(_other(kind, metric, who, first) for who in columns)
    return Row(
        kind.group,
        kind.title,
        f"{METRICS[metric].title}, {METRICS[metric].unit}",
        ours,
        DASH if spread is None else f"{spread:.0%}",
        others,
        _verdict(verdicts),
    )


def _other(kind: KindResult, metric: str, who: str, ours: str) -> Cell:
    value, mine = kind.value(who, metric), kind.value(ours, metric)
    times = None if value is None or mine is None else advantage(metric, mine, value)
    return Cell(_figure(kind, who, metric), "" if times is None else f"×{number(times)}")


def _figure(kind: KindResult, who: str, metric: str) -> str:
    standing = kind.standings.get(who)
    if standing is not None and standing.fault is not None:
        return "failed"
    value = kind.value(who, metric)
    return DASH if value is None else number(value)


def _verdict(verdicts: Sequence[Verdict]) -> str:
    if not verdicts:
        return ""
    met = [verdict.is_met for verdict in verdicts]
    if False in met:
        return MISSED
    return UNKNOWN if None in met else MET


def number(value: float) -> str:
    """Return a figure with three significant digits, and commas between the thousands."""
    size = abs(value)
    if size >= 100:  # noqa: PLR2004  # three digits before the point
        return f"{value:,.0f}"
    if size >= 10:  # noqa: PLR2004  # two
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 1 or not value else f"{value:.3g}"

"""The figures of a run: every round of every contender, their medians, and their form as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

from attrs import asdict, define, field

from benchmarks.errors import BenchmarkError
from benchmarks.metrics import METRICS, Measures

FORMAT: Final = 1
"""The number of the JSON form; it changes when an old reader would misread a new file."""

BEST: Final = "-best"
"""``c-best`` is the contender of the family ``c`` with the best figure."""


@define
class Standing:
    """The figures of one contender in one kind.

    Attributes:
        title: what the contender is called in a table.
        family: the family that it belongs to.
        rounds: the figures of each round.
        fault: what went wrong, or None.
    """

    title: str
    family: str
    rounds: list[dict[str, float]] = field(factory=list)
    fault: str | None = None

    def figures(self, metric: str) -> list[float]:
        """Return the figures of ``metric``, one for each round."""
        return [measures[metric] for measures in self.rounds if metric in measures]

    def median(self, metric: str) -> float | None:
        """Return the median of ``metric``; None when a round failed or nothing was measured."""
        figures = self.figures(metric)
        return median(figures) if figures and self.fault is None else None

    def spread(self, metric: str) -> float | None:
        """Return (largest - smallest) / median of the rounds; None if there is only one."""
        middle, figures = self.median(metric), self.figures(metric)
        return (max(figures) - min(figures)) / middle if middle and len(figures) > 1 else None


@define
class KindResult:
    """The figures of all contenders in one kind.

    Attributes:
        title: what the kind is called in a table.
        group: the heading it stands under.
        shows: the metrics of its rows.
        mode: the name of the effort it was played with.
        standings: the contenders that took part, by name.
        absent: why others did not take part, by name.
    """

    title: str
    group: str
    shows: list[str]
    mode: str
    standings: dict[str, Standing] = field(factory=dict)
    absent: dict[str, str] = field(factory=dict)

    def best_of(self, family: str, metric: str) -> str | None:
        """Return the name of the contender of ``family`` with the best median, or None."""
        of_family = [
            (value, name)
            for name, standing in self.standings.items()
            if standing.family == family and (value := standing.median(metric)) is not None
        ]
        if not of_family:
            return None
        best = max if METRICS[metric].more_is_better else min
        return best(of_family)[1]

    def value(self, who: str, metric: str) -> float | None:
        """Return the median of a contender, or of the best of a family: ``c-t4``, ``c-best``."""
        name: str | None = who
        if who.endswith(BEST):
            name = self.best_of(who.removesuffix(BEST), metric)
        standing = self.standings.get(name or "")
        return standing.median(metric) if standing else None


@define
class Results:
    """The figures of a run.

    Attributes:
        machine: the machine, as names and values.
        kinds: the kinds of work by name, in the order of the table.
    """

    machine: dict[str, str] = field(factory=dict)
    kinds: dict[str, KindResult] = field(factory=dict)

    def add(self, name: str, result: KindResult) -> None:
        """Add one kind; it replaces earlier figures of that kind."""
        self.kinds[name] = result

    def sort(self, names: Sequence[str]) -> None:
        """Put the kinds into the order of ``names``; those that are not in it go last."""
        order = {name: place for place, name in enumerate(names)}
        by_place = sorted(self.kinds.items(), key=lambda item: order.get(item[0], len(order)))
        self.kinds = dict(by_place)

    def faults(self) -> list[tuple[str, str, str]]:
        """Return kind, contender and message of each fault."""
        return [
            (kind, name, standing.fault)
            for kind, result in self.kinds.items()
            for name, standing in result.standings.items()
            if standing.fault is not None
        ]

    def dump(self) -> dict[str, Any]:
        """Return all of it as JSON has it, with medians and spreads for other programs to read."""
        data = {"format": FORMAT, **asdict(self)}
        for kind, result in self.kinds.items():
            for name, standing in result.standings.items():
                metrics = sorted({metric for measures in standing.rounds for metric in measures})
                data["kinds"][kind]["standings"][name]["medians"] = {
                    metric: standing.median(metric) for metric in metrics
                }
                data["kinds"][kind]["standings"][name]["spreads"] = {
                    metric: standing.spread(metric) for metric in metrics
                }
        return data

    def write(self, path: Path) -> None:
        """Write all of it to ``path`` as JSON."""
        path.write_text(json.dumps(self.dump(), indent=1) + "\n", encoding="utf-8")


def read(path: Path) -> Results:
    """Return what :meth:`Results.write` wrote.

    Raises:
        BenchmarkError: the file does not exist, or is not one of ours.
    """
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        if data["format"] != FORMAT:
            raise BenchmarkError(f"{path} has format {data['format']}, not {FORMAT}: measure again")
        kinds = {name: _kind(found) for name, found in data["kinds"].items()}
        return Results(dict(data["machine"]), kinds)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BenchmarkError(f"{path} holds no results: {error!r}") from error


def _kind(data: Mapping[str, Any]) -> KindResult:
    standings = {
        name: Standing(found["title"], found["family"], found["rounds"], found["fault"])
        for name, found in data["standings"].items()
    }
    return KindResult(
        data["title"], data["group"], data["shows"], data["mode"], standings, dict(data["absent"])
    )


def check(measures: Measures) -> dict[str, float]:
    """Return ``measures`` as they are kept.

    Raises:
        BenchmarkError: a name is not that of a metric, or a figure is not a number.
    """
    for name, value in measures.items():
        if name not in METRICS:
            raise BenchmarkError(f"{name} is no metric; metrics.py lists them")
        if value != value:  # noqa: PLR0124  # that is what NaN is
            raise BenchmarkError(f"{name} is not a number")
    return dict(measures)

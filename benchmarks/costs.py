"""What an option costs: our figure in a kind of work with it, beside the same work without."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from attrs import frozen

from benchmarks.metrics import METRICS, advantage
from benchmarks.results import KindResult, Results
from benchmarks.rows import number


@frozen
class Cost:
    """What is compared.

    Attributes:
        option: the option, as a user writes it.
        with_it: the kind of work with it.
        without: the same work without it.
        metric: what it changes.
    """

    option: str
    with_it: str
    without: str
    metric: str


def cost_rows(costs: Sequence[Cost], results: Results, family: str) -> Iterator[tuple[str, ...]]:
    """Yield option, work, metric, the figure without, the one with it, and how many times better.

    Unmeasured costs are left out. The figures are those of the first contender of ``family``.
    """
    for cost in costs:
        kind, other = results.kinds.get(cost.with_it), results.kinds.get(cost.without)
        if kind is None or other is None:
            continue
        value, before = (_of_family(one, family, cost.metric) for one in (kind, other))
        if value is None or before is None:
            continue
        times = advantage(cost.metric, value, before)
        metric = METRICS[cost.metric]
        yield (
            f"``{cost.option}``",
            other.title,
            f"{metric.title}, {metric.unit}",
            number(before),
            number(value),
            "" if times is None else f"×{number(times)}",
        )


def _of_family(kind: KindResult, family: str, metric: str) -> float | None:
    for name, standing in kind.standings.items():
        if standing.family == family:
            return kind.value(name, metric)
    return None

"""Targets of the figures as data, and whether a run met them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from attrs import frozen

from benchmarks.metrics import METRICS, advantage
from benchmarks.results import KindResult, Results

ALL_KINDS: Final = "*"


@frozen
class Target:
    """One figure of ours that must be good enough.

    Attributes:
        kind: the kind of work, or :data:`ALL_KINDS` for each that shows the metric.
        metric: the metric that is judged.
        times: how many times better than the other's it must be, at least; 0.5 is half as good.
        than: the other: a contender or the best of a family.
        than_kind: the kind of work of the other's figure, if it is another one.
        limit: the worst acceptable figure, where there is no other.
    """

    kind: str
    metric: str
    times: float = 0.0
    than: str = ""
    than_kind: str = ""
    limit: float | None = None

    @property
    def text(self) -> str:
        """The target as text."""
        metric = METRICS[self.metric]
        if self.limit is not None:
            side = "at least" if metric.more_is_better else "at most"
            return f"{metric.title} {side} {self.limit:,.0f} {metric.unit}"
        kind = f" in {self.than_kind}" if self.than_kind else ""
        other = self.than or "its own"
        return f"{metric.title} at least {self.times:.4g} times as good as {other}{kind}"


@frozen
class Verdict:
    """Whether a target was met.

    Attributes:
        target: the target, of one kind.
        contender: the contender that was judged.
        value: its figure, if there is one.
        times: how many times better it is than the other's; for a limit, than that.
        is_met: the verdict; None if the run cannot tell.
    """

    target: Target
    contender: str
    value: float | None
    times: float | None
    is_met: bool | None


def judge(targets: Sequence[Target], results: Results, family: str) -> list[Verdict]:
    """Return the verdicts on all contenders of ``family``.

    Targets of kinds that were not played have none. A target whose other contender was absent gets
    a verdict that says so.
    """
    return [
        _verdict(target, results, name)
        for target in _spread_out(targets, results)
        for name, standing in results.kinds[target.kind].standings.items()
        if standing.family == family
    ]


def _spread_out(targets: Sequence[Target], results: Results) -> Iterator[Target]:
    for target in targets:
        if target.kind != ALL_KINDS:
            if target.kind in results.kinds:
                yield target
            continue
        for name, kind in results.kinds.items():
            theirs = kind.standings.get(target.than)
            if target.metric in kind.shows and theirs and theirs.figures(target.metric):
                yield Target(name, target.metric, target.times, target.than)


def _verdict(target: Target, results: Results, name: str) -> Verdict:
    kind = results.kinds[target.kind]
    value = kind.value(name, target.metric)
    if target.limit is not None:
        theirs: float | None = target.limit
        needed = 1.0
    else:
        other = results.kinds.get(target.than_kind or target.kind)
        theirs = _other_value(other, target.than or name, target.metric)
        needed = target.times
    if value is None or theirs is None:
        failed = value is None and kind.standings[name].fault is not None
        return Verdict(target, name, value, None, False if failed else None)
    times = advantage(target.metric, value, theirs)
    if times is None:  # no ratio to zero
        return Verdict(target, name, value, None, value <= theirs)
    return Verdict(target, name, value, times, times >= needed)


def _other_value(kind: KindResult | None, who: str, metric: str) -> float | None:
    return kind.value(who, metric) if kind else None

"""The chart: how many times faster ours is than the others, for every kind of work, as SVG."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks.errors import BenchmarkError
from benchmarks.metrics import METRICS, advantage

if TYPE_CHECKING:
    from benchmarks.results import Results
    from benchmarks.suites import Suite

INCHES_PER_KIND: Final = 0.42
WIDTH_INCHES: Final = 9.0
COLOURS: Final = ("#1f77b4", "#ff7f0e", "#7f7f7f", "#2ca02c", "#9467bd")


def ratios(suite: Suite, results: Results) -> dict[str, dict[str, float]]:
    """Return how many times better ours is than each of the others, in each kind's first metric.

    Returns:
        The ratios by the titles of the others, by what the kind and the metric are called. Kinds
        without a ratio are left out.
    """
    found: dict[str, dict[str, float]] = {}
    for kind in results.kinds.values():
        metric = kind.shows[0]
        mine = next(
            (n for n, one in kind.standings.items() if one.family == suite.ours and one.rounds), ""
        )
        ours = kind.value(mine, metric)
        for who, title in suite.columns.items():
            theirs = kind.value(who, metric)
            times = None if ours is None or theirs is None else advantage(metric, ours, theirs)
            if times is not None:
                label = f"{kind.title}\n{METRICS[metric].title}"
                found.setdefault(label, {})[title] = times
    return found


def draw(suite: Suite, results: Results, path: Path) -> None:
    """Draw the chart of a run.

    Args:
        suite: the suite, which knows the contenders that ours is compared with.
        results: the figures.
        path: the SVG file.

    Raises:
        BenchmarkError: matplotlib is missing.
    """
    try:
        import matplotlib as mpl  # noqa: PLC0415  # only a chart needs it
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as error:
        raise BenchmarkError("a chart needs matplotlib: pip install -e '.[bench]'") from error
    found = ratios(suite, results)
    # Text stays text, and neither ids nor a date differ between two runs with the same figures.
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": suite.name, "font.size": 8}):
        figure = Figure(figsize=(WIDTH_INCHES, 1.2 + INCHES_PER_KIND * max(1, len(found))))
        _bars(figure.add_subplot(), found, suite.columns)
        figure.tight_layout()
        figure.savefig(path, format="svg", metadata={"Date": None})


def _bars(axes: Any, found: Mapping[str, Mapping[str, float]], columns: Mapping[str, str]) -> None:
    """Draw a row for every kind, the first at the top, with a bar for each other contender."""
    height = 0.8 / len(columns)
    for place, title in enumerate(columns.values()):
        bars = [
            (row + place * height, times[title])
            for row, times in enumerate(found.values())
            if title in times
        ]
        axes.barh(
            [at for at, _ in bars],
            [times - 1 for _, times in bars],
            height,
            left=1,
            label=f"beside {title}",
            color=COLOURS[place % len(COLOURS)],
        )
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks([row + 0.4 - height / 2 for row in range(len(found))], list(found))
    axes.invert_yaxis()
    axes.set_xlabel("times as good as the other, on a logarithmic scale; right of 1 is better")
    axes.grid(axis="x", which="both", linewidth=0.3)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=len(columns), frameon=False)

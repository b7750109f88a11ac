"""The metrics: names, units, and which direction is better."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from attrs import frozen

Measures: TypeAlias = Mapping[str, float]
"""Figures by the names of their metrics."""


@frozen
class Metric:
    """A metric.

    Attributes:
        title: its title in a table.
        unit: the unit of the figures.
        more_is_better: whether a larger figure is the better one.
    """

    title: str
    unit: str
    more_is_better: bool = False


METRICS: Final[Mapping[str, Metric]] = {
    "jobs_per_s": Metric("throughput", "jobs/s", more_is_better=True),
    "p50_us": Metric("median latency", "µs"),
    "p99_us": Metric("latency, 99 of 100", "µs"),
    "p999_us": Metric("latency, 999 of 1000", "µs"),
    "max_us": Metric("longest latency", "µs"),
    "cpu_us_per_job": Metric("server CPU", "µs/job"),
    "own_cpu_us_per_job": Metric("CPU of the library's process", "µs/job"),
    "load_cpu_s": Metric("CPU of the load", "s"),
    "bytes_per_job": Metric("memory of a queued job", "bytes"),
    "bytes_left": Metric("memory kept of it when the queue is empty", "bytes"),
    "first_us_per_job": Metric("CPU to submit, first tenth", "µs/job"),
    "last_us_per_job": Metric("CPU to submit, last tenth", "µs/job"),
    "growth": Metric("the last tenth's cost to the first's", "times"),
    "connection_bytes": Metric("memory of a connection", "bytes"),
    "connect_s": Metric("time to connect all", "s"),
    "round_s": Metric("time until all are back", "s"),
    "disk_growth": Metric("the queue file's growth since a tenth", "times"),
    "reply_s": Metric("time of one report", "s"),
    "served_s": Metric("time until a job is served", "s"),
    "answers_s": Metric("time until status answers", "s"),
    "disk_bytes_early": Metric("queue file after a tenth", "bytes"),
    "disk_bytes": Metric("queue file at the end", "bytes"),
}
"""All metrics. A suite may bring figures by these names only."""


def advantage(metric: str, ours: float, theirs: float) -> float | None:
    """Return how many times better ``ours`` is than ``theirs``; below 1 it is worse.

    Args:
        metric: the name of the metric, which says which direction is better.
        ours: one figure.
        theirs: the figure that it is compared with.

    Returns:
        The ratio, or None where one of them is zero or negative and a ratio says nothing.
    """
    if ours <= 0 or theirs <= 0:
        return None
    return ours / theirs if METRICS[metric].more_is_better else theirs / ours

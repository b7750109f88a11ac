"""Kinds that are one load each: the figures of a load program, as it prints them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import evolve

from benchmarks.effort import Effort
from benchmarks.job_servers import Load, Server, load
from benchmarks.kind import Kind
from benchmarks.metrics import METRICS, Measures

THROUGHPUT: Final = ("jobs_per_s", "cpu_us_per_job")
LATENCY: Final = ("p50_us", "p99_us", "jobs_per_s", "cpu_us_per_job")
BOTH: Final = ("jobs_per_s", "p99_us", "cpu_us_per_job")


def measures_of(figures: Mapping[str, float]) -> dict[str, float]:
    """Return the figures of a load program that are metrics."""
    return {name: value for name, value in figures.items() if name in METRICS}


def for_a_while(work: Load) -> Callable[[Server, Effort], Measures]:
    """Return how ``work`` is played: for as long as the effort says."""

    def play(server: Server, effort: Effort) -> Measures:
        return measures_of(load(server, evolve(work, seconds=effort.seconds), effort.patience))

    return play


def load_kind(
    name: str, title: str, group: str, work: Load, shows: tuple[str, ...], **more: Any
) -> Kind[Server]:
    """Return a kind that is one load, for as long as the effort says."""
    return Kind(name, title, group, for_a_while(work), shows, **more)

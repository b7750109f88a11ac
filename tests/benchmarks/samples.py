"""Figures and contenders to test with."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from attrs import define, field

from benchmarks.errors import BenchmarkError
from benchmarks.kind import Kind
from benchmarks.results import KindResult, Results, Standing

COLUMNS = {"c-t4": "C -t 4", "c-best": "C, best", "floor": "floor"}


def standing(title: str, family: str, *rounds: float, metric: str = "jobs_per_s") -> Standing:
    """Return what a contender did, of one metric, round after round."""
    return Standing(title, family, [{metric: figure} for figure in rounds])


def kind_result(metric: str = "jobs_per_s", **of: list[float]) -> KindResult:
    """Return the result of a kind that shows one metric; the contenders' names have _ for -."""
    standings = {}
    for word, rounds in of.items():
        name = word.replace("_", "-")
        standings[name] = standing(name, name.split("-")[0], *rounds, metric=metric)
    return KindResult("one job at a time", "Foreground", [metric], "quick", standings)


def results(**kinds: KindResult) -> Results:
    """Return the results of a run; the kinds' names have _ for -."""
    named = {name.replace("_", "-"): kind for name, kind in kinds.items()}
    return Results({"cores": "2"}, named)


@define(eq=False)
class Runner:
    """A contender that counts.

    Attributes:
        name: its name.
        log: all runners of a test write into it what happens.
        fails_in: the round in which it fails.
        why_absent: why it takes no part.
    """

    name: str
    log: list[str]
    fails_in: int = 0
    why_absent: str | None = None
    family: str = "ours"
    played: int = field(default=0, init=False)

    @property
    def title(self) -> str:
        """Its name, said loudly."""
        return self.name.upper()

    def absence(self, kind: Kind[Runner]) -> str | None:
        """Return why it takes no part."""
        del kind
        return self.why_absent

    @contextlib.contextmanager
    def open(self, kind: Kind[Runner], folder: Path) -> Iterator[Runner]:
        """Note when it is opened and closed."""
        del kind
        assert folder.is_dir()
        self.log.append(f"open {self.name}")
        yield self
        self.log.append(f"close {self.name}")

    def play(self, figure: float) -> dict[str, float]:
        """Play a round and return ``figure``.

        Raises:
            BenchmarkError: it is to fail now.
        """
        self.played += 1
        self.log.append(f"play {self.name}")
        if self.played == self.fails_in:
            raise BenchmarkError("a job was lost")
        return {"jobs_per_s": figure * self.played}

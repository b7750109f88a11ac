"""A kind of work, described by data: how it is played, which figures are shown, who is left out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

from attrs import field, frozen

from benchmarks.effort import Effort
from benchmarks.metrics import Measures

T = TypeVar("T")


@frozen
class Kind(Generic[T]):
    """One kind of work.

    Attributes:
        name: what it is called on the command line and in JSON.
        title: what it is called in a table; ``{count}`` in it becomes the count of the run.
        group: the heading it stands under.
        play: does the work once with the object that a contender opened, and returns the figures.
        shows: the metrics of its rows in the table, the most telling first.
        setting: how the contenders are set up for it; the suite gives it a meaning.
        count: the count of a full run, if the kind has one.
        is_quick: whether a quick run has it.
        is_fresh: whether every round has a contender of its own, started for it.
        most_rounds: the most rounds, if it takes long.
        without: why contenders or families take no part in it, by their names.
        open_files: how many files must be open at once.
    """

    name: str
    title: str
    group: str
    play: Callable[[T, Effort], Measures]
    shows: tuple[str, ...]
    setting: str = ""
    count: int = 0
    is_quick: bool = False
    is_fresh: bool = False
    most_rounds: int = 100
    without: Mapping[str, str] = field(factory=dict)
    open_files: int = 0

    def title_for(self, effort: Effort) -> str:
        """Return its title in a run of ``effort``."""
        return self.title.format(count=f"{effort.count(self.count):,}")

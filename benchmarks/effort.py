"""How much a run does: seconds for each load, rounds, and the share of the full counts."""

from __future__ import annotations

from typing import Final

from attrs import evolve, frozen


@frozen
class Effort:
    """How much a run does.

    Attributes:
        name: the name of the mode.
        seconds: how long one measured load lasts.
        rounds: how often each contender plays each kind.
        share: the part of a kind's full count that is done; 1.0 is all of it.
        patience: seconds after which a load fails.
    """

    name: str
    seconds: float
    rounds: int
    share: float
    patience: float

    def count(self, full: int) -> int:
        """Return how many of ``full`` things are done, at least one."""
        return max(1, round(full * self.share))

    def changed(self, rounds: int | None = None, seconds: float | None = None) -> Effort:
        """Return this effort with other rounds or seconds, where they are given."""
        return evolve(self, rounds=rounds or self.rounds, seconds=seconds or self.seconds)


QUICK: Final = Effort("quick", seconds=0.2, rounds=3, share=0.02, patience=60)
"""Under two minutes for the kinds that are marked as quick. The figures are rough."""

FULL: Final = Effort("full", seconds=2.0, rounds=5, share=1.0, patience=600)
"""The effort of the figures in the documentation."""

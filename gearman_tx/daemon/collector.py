"""The interpreter's garbage collector, in a process that may hold very many jobs.

Jobs and connections are freed the moment they end, by their counts of references. The collector
looks for cycles, finds none among them, and yet looks at all of them again and again: half a second
for a million jobs that are not compiled, in which nobody is served. So whenever many jobs have
come, everything there is *frozen*: kept out of the collector's sight, in a microsecond.
When most jobs are gone it is brought back, so that nothing is out of sight for ever.
"""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sized

FREEZE_EVERY: Final = 50_000
"""So many more jobs than at the last time make it freeze again."""

_THRESHOLDS: Final = (10_000, 20, 20)  # fewer and larger rounds among the young; a round is 0.2 ms


class Collector:
    """Keep the garbage collector from looking at jobs.

    Args:
        jobs: all live jobs; only their number is looked at.
    """

    def __init__(self, jobs: Sized) -> None:
        self._jobs = jobs
        self._frozen = 0  # how many jobs there were at the last freeze; 0 if only the program is
        self._before = gc.get_threshold()

    def start(self) -> None:
        """Freeze the program itself; from now on :meth:`adjust` is to be called once a turn."""
        gc.set_threshold(*_THRESHOLDS)
        gc.freeze()

    def adjust(self) -> None:
        """Once a turn: freeze when many jobs have come, thaw when they are gone."""
        count = len(self._jobs)
        if count >= self._frozen + FREEZE_EVERY:
            gc.freeze()
            self._frozen = count
        elif self._frozen and count < FREEZE_EVERY // 2:
            gc.unfreeze()
            self._frozen = 0

    def stop(self) -> None:
        """Leave the collector as it was."""
        gc.unfreeze()
        gc.set_threshold(*self._before)

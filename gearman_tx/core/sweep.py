"""Look at every live job once, in slices, while the server goes on.

An operator's word may concern a million jobs. The verb looks at the first slice at once; the rest
is due at once, like a timer that rings (see ``deadlines.py``), one slice per reactor turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gearman_tx.core.job import Job

SLICE: Final = 1000
"""How many jobs one step looks at: a few milliseconds if all of them change."""


class Sweep:
    """One pass over all jobs.

    Args:
        jobs: the jobs; ones that end or come meanwhile do no harm.
        visit: called with each.
    """

    __slots__ = ("_jobs", "_visit")

    def __init__(self, jobs: Iterator[Job], visit: Callable[[Job], None]) -> None:
        self._jobs = jobs
        self._visit = visit

    def step(self) -> bool:
        """Look at the next slice; return whether more jobs may be left."""
        left = SLICE
        for job in self._jobs:
            self._visit(job)
            left -= 1
            if not left:
                return True
        return False

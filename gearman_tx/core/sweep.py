"""Look at every live job once, in slices, while the server goes on.

An operator's command may concern a million jobs. The verb looks at the first slice; the others are
at once due like a deadline (see ``deadlines.py``), one slice per reactor turn.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from gearman_tx.core.job import Job

SLICE: Final = 1000
"""How many jobs one step visits: a few milliseconds if all of them change."""


class Sweep:
    """One pass over all jobs.

    Args:
        jobs: the jobs; jobs may end or come meanwhile.
        visit: called with each job.
    """

    __slots__ = ("_jobs", "_visit")

    def __init__(self, jobs: Iterator[Job], visit: Callable[[Job], None]) -> None:
        self._jobs = jobs
        self._visit = visit

    def step(self) -> bool:
        """Visit the next slice; return whether more jobs may be left."""
        left = SLICE
        for job in self._jobs:
            self._visit(job)
            left -= 1
            if not left:
                return True
        return False

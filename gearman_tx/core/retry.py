"""Decide what follows a try that did not complete; no other module does.

A try ends because its worker reports a failure, because its worker is lost, or because its time is
over. The decision is the C server's: a reported failure ends the job; a lost or timed-out job
is queued again until it was lost as often as the policy allows. Until its next try begins, the
worker whose time was over may still end it (see ``outcome.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearman_tx.core.ends import ABANDONED, FAILED
from gearman_tx.core.job import NO_PROGRESS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gearman_tx.core.dispatch import Dispatch
    from gearman_tx.core.endings import Endings
    from gearman_tx.core.events import Events
    from gearman_tx.core.job import Job
    from gearman_tx.core.ledger import Ledger
    from gearman_tx.core.tables import Tables

REPORTED: Final = 0
"""The worker sent WORK_FAIL or WORK_EXCEPTION."""

WORKER_LOST: Final = 1
"""The worker's connection ended."""

TIMED_OUT: Final = 2
"""The try took longer than the worker's time limit."""


class Retry:
    """The decision about jobs whose try ended without a result."""

    __slots__ = ("dispatch", "endings", "events", "ledger", "tables")

    def __init__(
        self,
        tables: Tables,
        ledger: Ledger,
        dispatch: Dispatch,
        endings: Endings,
        events: Events,
    ) -> None:
        self.tables = tables
        self.ledger = ledger
        self.dispatch = dispatch
        self.endings = endings
        self.events = events

    def try_ended(self, job: Job, cause: int, update: Sequence[bytes] | None = None) -> None:
        """Queue a running job again, or end it.

        Args:
            job: the job, still with its worker.
            cause: REPORTED, WORKER_LOST or TIMED_OUT.
            update: the WORK_EXCEPTION that reported the failure, encoded; None for WORK_FAIL.
        """
        if cause == REPORTED:
            self.endings.end(job, FAILED, update)
            return
        if cause == TIMED_OUT:
            worker = job.worker
            assert worker is not None, "a running job has a worker"
            worker.forgive(job.handle, job.tries)
            self.events.job_timed_out(job.handle, job.function.name)
            if self.tables.policy.fail_timed_out:
                self.endings.end(job, FAILED)
                return
        self._lose(job)

    def _lose(self, job: Job) -> None:
        """Count a lost try, then give the job up or queue it again."""
        self.dispatch.release(job)
        job.losses += 1
        job.progress = NO_PROGRESS
        job.function.lost += 1
        policy = self.tables.policy
        if 1 <= policy.job_retries <= job.losses:
            self.events.job_given_up(job.handle, job.function.name, job.losses)
            self.endings.end(job, FAILED)
        elif not job.background and not job.clients:
            self.endings.end(job, ABANDONED)
        else:
            if job.background:
                self.ledger.note(job)
            self.dispatch.enqueue(job, first=policy.requeue_first)

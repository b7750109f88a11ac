"""What the queues report to whoever keeps the log; nothing here is on the path of a normal job."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gearman_tx.core.job import Job


class Events(Protocol):
    """A listener to what operators want to know."""

    def job_timed_out(self, job: Job) -> None:
        """``job`` ran longer than its worker allowed; it is still running, about to be requeued."""

    def job_given_up(self, job: Job) -> None:
        """``job`` was lost as often as the policy allows; it is about to be dropped."""

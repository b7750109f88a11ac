"""The end of jobs: one funnel, whatever ended them.

What never happens: a background job ends because a connection did, or an ended job leaves
something behind in a queue, a count, a timer or an index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gearman_tx.core.ends import ABANDONED, COMPLETED
from gearman_tx.core.job import NO_CLIENTS
from gearman_tx.core.states import DELAYED, ENDED, KEPT, QUEUED, RUNNING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gearman_tx.core.dispatch import Dispatch
    from gearman_tx.core.job import Job
    from gearman_tx.core.ledger import Ledger
    from gearman_tx.core.tables import Tables


class Endings:
    """The verbs that take jobs out of the tables."""

    __slots__ = ("dispatch", "ledger", "tables")

    def __init__(self, tables: Tables, ledger: Ledger, dispatch: Dispatch) -> None:
        self.tables = tables
        self.ledger = ledger
        self.dispatch = dispatch

    def end(self, job: Job, how: int, update: Sequence[bytes] | None = None) -> None:
        """End a job that is queued, delayed, kept or running: count it, tell clients, forget it.

        Args:
            job: the job; a running one leaves its worker.
            how: one of :mod:`gearman_tx.core.ends`, which the function counts.
            update: the packet that ended it, encoded. All clients of a completed job get it;
                clients of a failed one get it if they asked for exceptions, else WORK_FAIL. With
                None, all clients get WORK_FAIL.
        """
        for client in job.clients:
            if update is not None and (how == COMPLETED or client.exceptions):
                client.link.update(update)
            else:
                client.link.failed(job.handle)
        function = job.function
        function.ended[how] += 1
        state = job.state
        if state == RUNNING:
            if job.worker is not None:
                self.dispatch.release(job)
        elif state == QUEUED:
            self.dispatch.dequeue(job)
        elif state == DELAYED:
            function.delayed -= 1
            self.tables.delayed.cancel(job)
        else:
            assert state == KEPT, "a job that waits for nothing is kept"
            function.kept -= 1
        self.discard(job)

    def discard(self, job: Job) -> None:
        """Forget a job that has no queue, worker or timer, and tell no client."""
        job.state = ENDED
        self.tables.remove(job)
        for client in job.clients:
            client.tasks.discard(job)
        job.clients = NO_CLIENTS
        if job.background:
            self.ledger.note(job)

    def abandon(self, job: Job) -> None:
        """End a foreground job that lost its last client, unless it runs.

        The worker of a running one may go on; its packets about the job reach no client.
        """
        if job.state in {QUEUED, DELAYED, KEPT}:
            self.end(job, ABANDONED)

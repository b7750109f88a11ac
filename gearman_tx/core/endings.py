"""Endings: a job ends, a worker is lost, a client leaves, a peer goes away.

What never happens: a background job ends because a connection did, and anything of an ended job
stays behind in a queue, a count or an index.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gearman_tx.core.job import NO_PROGRESS, NOBODY
from gearman_tx.core.states import DELAYED, ENDED, KEPT, QUEUED

if TYPE_CHECKING:
    from gearman_tx.core.dispatch import Dispatch
    from gearman_tx.core.events import Events
    from gearman_tx.core.job import Job
    from gearman_tx.core.ledger import Ledger
    from gearman_tx.core.peer import Peer
    from gearman_tx.core.tables import Tables


class Endings:
    """The verbs that take jobs and peers out of the tables."""

    __slots__ = ("dispatch", "events", "ledger", "tables")

    def __init__(self, tables: Tables, ledger: Ledger, dispatch: Dispatch, events: Events) -> None:
        self.tables = tables
        self.ledger = ledger
        self.dispatch = dispatch
        self.events = events

    def end_running(self, job: Job) -> None:
        """End a running job whose clients have been told; its handle is free of meaning now."""
        self._leave_worker(job)
        self.forget(job)

    def forget(self, job: Job) -> None:
        """Forget a job that is in no queue, with no worker and with no timer."""
        job.state = ENDED
        self.tables.remove(job)
        for client in job.clients:
            client.tasks.discard(job)
        job.clients = NOBODY
        if job.background:
            self.ledger.finish(job)

    def remove(self, job: Job) -> None:
        """End a job that is queued, delayed, kept or running, telling nobody."""
        if job.state == QUEUED:
            self.dispatch.dequeue(job)
        elif job.state == DELAYED:
            job.function.delayed -= 1
            self.tables.delayed.cancel(job)
        elif job.state == KEPT:
            job.function.kept -= 1
        else:
            worker = job.worker
            assert worker is not None, "what waits for nothing is running"
            worker.forgive(job.handle)
            self._leave_worker(job)
        self.forget(job)

    def fail(self, job: Job) -> None:
        """End a job that is queued, delayed, kept or running; its clients get WORK_FAIL, once."""
        for client in job.clients:
            client.link.failed(job.handle)
        self.remove(job)

    def abandon(self, job: Job) -> None:
        """A job that nobody was promised lost its last client: drop it unless it runs."""
        if job.state in {QUEUED, DELAYED, KEPT}:
            self.remove(job)

    def requeue(self, job: Job) -> None:
        """A running job lost its worker or its time: queue it again, or give it up."""
        self._leave_worker(job)
        job.retries += 1
        job.progress = NO_PROGRESS
        limit = self.tables.policy.job_retries
        if 1 <= limit <= job.retries:
            self.events.job_given_up(job)
            for client in job.clients:
                client.link.failed(job.handle)
            self.forget(job)
        elif not job.background and not job.clients:
            self.forget(job)
        else:
            if job.background:
                self.ledger.retry(job)
            self.dispatch.enqueue(job, first=self.tables.policy.requeue_first)

    def time_out(self, job: Job) -> None:
        """A running job ran out of time: queue it again, or end it with WORK_FAIL."""
        if self.tables.policy.fail_timed_out:
            for client in job.clients:
                client.link.failed(job.handle)
            self.end_running(job)
        else:
            self.requeue(job)

    def leave(self, peer: Peer) -> None:
        """A connection is gone: its jobs go to others, what only it waited for is dropped."""
        del self.tables.peers[peer]
        peer.asleep = False
        # As a client first: what only it waited for wakes no other worker.
        for job in list(peer.tasks):
            job.clients = [client for client in job.clients if client is not peer]
            if not (job.clients or job.background):
                self.abandon(job)
        peer.tasks.clear()
        self.dispatch.reset_abilities(peer)
        for job in reversed(list(peer.running)):
            self.requeue(job)

    def _leave_worker(self, job: Job) -> None:
        worker = job.worker
        assert worker is not None, "a running job has a worker"
        del worker.running[job]
        job.worker = None
        job.function.running -= 1
        if job.timer is not None:
            self.tables.timeouts.cancel(job)

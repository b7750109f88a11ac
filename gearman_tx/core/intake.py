"""Accept submissions: limits, coalescing, background promises, due times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearman_tx.core.job import HIGH, MOST_LOSSES, NORMAL, Job
from gearman_tx.core.policy import MAX_REDUCER
from gearman_tx.core.settings import UNLIMITED
from gearman_tx.core.states import COMMITTING, DELAYED
from gearman_tx.core.tables import BY_WORKLOAD
from gearman_tx.errors import Refused

if TYPE_CHECKING:
    from gearman_tx.core.dispatch import Dispatch
    from gearman_tx.core.endings import Endings
    from gearman_tx.core.function import Function
    from gearman_tx.core.ledger import Ledger
    from gearman_tx.core.peer import Peer
    from gearman_tx.core.records import JobRecord
    from gearman_tx.core.tables import Tables
    from gearman_tx.large_body import Body

_QUEUE_ERROR: Final = b"QUEUE_ERROR"


class Intake:
    """The verbs that bring jobs into the server."""

    __slots__ = ("dispatch", "endings", "ledger", "tables")

    def __init__(
        self, tables: Tables, ledger: Ledger, dispatch: Dispatch, endings: Endings
    ) -> None:
        self.tables = tables
        self.ledger = ledger
        self.dispatch = dispatch
        self.endings = endings

    def submit(  # noqa: PLR0913  # one argument for each field of the packets
        self,
        peer: Peer,
        name: bytes,
        unique: bytes,
        workload: Body,
        priority: int,
        *,
        background: bool,
        reducer: bytes | None = None,
        due: float = 0.0,
    ) -> Job | None:
        """Accept one submission: make a job, or join the live one with the same unique.

        Args:
            peer: the submitter, who waits for the result unless ``background``.
            name: the function's name.
            unique: the key to coalesce by; an empty one never coalesces, ``-`` compares workloads.
            workload: the data for the worker.
            priority: HIGH, NORMAL or LOW.
            background: whether the job is to run even if ``peer`` leaves.
            reducer: the reducer's name of a reduce job.
            due: the Unix time before which the job must not run; a past time means at once.

        Returns:
            The job, to be answered with JOB_CREATED now; or None when the answer comes later
            through a promise of ``peer.link``, once the job is durable.

        Raises:
            Refused: with the code and text of the ERROR to answer with.
        """
        tables = self.tables
        if len(unique) > tables.policy.max_unique or (reducer and len(reducer) > MAX_REDUCER):
            raise Refused(b"ARGUMENT_TOO_LARGE", b"Unique value too large")
        if tables.draining:
            raise Refused(_QUEUE_ERROR, b"Server is shutting down")
        function = tables.function(name)
        if unique:
            if unique == BY_WORKLOAD:
                workload = bytes(workload)  # a key of the index
            known = tables.find(function, unique, workload)
            if known is not None:
                return self._join(peer, known, len(workload), background=background)
        if not function.is_plain:
            _check_limit(function, priority)
        number, handle = tables.new_handle()
        job = Job(
            number,
            handle,
            function,
            unique,
            workload,
            priority,
            tables.now,
            background=background,
            due=due,
            reducer=reducer,
        )
        tables.add(job)
        if not background:
            job.attach(peer)
        elif self.ledger.durable:
            function.committing += 1
            self.ledger.add(job, peer.link.promise(len(workload)))
            return None
        function.submitted += 1
        self._place(job)
        return job

    def _join(self, peer: Peer, job: Job, size: int, *, background: bool) -> Job | None:
        """Attach a submission to a live job; drop its own data, priority and due time."""
        if not background:
            job.attach(peer)
            return job
        ledger = self.ledger
        if not job.background:
            job.background = True
            if ledger.durable:
                ledger.add(job, peer.link.promise(size))
                return None
        elif ledger.is_pending(job):
            ledger.join(job, peer.link.promise(size))
            return None
        return job

    def offer(self, job: Job) -> None:
        """Let a job that was COMMITTING run once it is due."""
        function = job.function
        function.committing -= 1
        function.submitted += 1
        self._place(job)

    def take_back(self, job: Job) -> None:
        """Withdraw the promise for a job that could not be stored, or that another server has.

        The job goes on as a foreground job if clients wait for it; otherwise it is forgotten.
        """
        job.background = False
        if job.state == COMMITTING:
            if job.clients:
                self.offer(job)
            else:
                job.function.committing -= 1
                self.endings.discard(job)
        elif not job.clients:
            self.endings.abandon(job)

    def restore(self, record: JobRecord) -> Job:
        """Bring back a stored job; records may come in any order of their ids."""
        tables = self.tables
        function = tables.restored_function(record.function)
        function.is_listed = True
        job = Job(
            record.id,
            record.handle,
            function,
            record.unique,
            record.workload,
            record.priority,
            # Its age cannot be negative, even if the system clock was ahead at its submission.
            min(record.submitted - tables.ahead, tables.now),
            background=True,
            due=record.due,
            reducer=record.reducer,
            losses=min(record.losses, MOST_LOSSES),
        )
        tables.restore(job)
        self._place(job)
        return job

    def _place(self, job: Job) -> None:
        """Queue ``job`` now, or delay it until it is due."""
        if job.due and job.due > self.tables.unix_time:
            job.state = DELAYED
            job.function.delayed += 1
            self.tables.delayed.start(job.due, job)
        else:
            self.dispatch.enqueue(job)


def _check_limit(function: Function, priority: int) -> None:
    """Refuse a new job of ``priority`` if the function is at its limit."""
    high, normal, low = function.settings.max_queue
    limit = normal if priority == NORMAL else high if priority == HIGH else low
    if limit > UNLIMITED and function.total + function.committing >= limit:
        raise Refused(_QUEUE_ERROR, b"Job queue is full")

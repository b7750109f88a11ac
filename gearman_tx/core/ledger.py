"""What is to be made durable, and who waits for it.

Theory of operation. Verbs note here what a store must know. Once a reactor turn the front takes
everything noted as one :class:`Batch`, commits it and comes back with :meth:`settle`, :meth:`fail`
or :meth:`put_back`; what is noted meanwhile is the next batch. A background submission is answered,
and its job offered to workers, only in :meth:`settle`.

Answers go out in the order of the submissions, because clients match them by order: one that
joined a job of the batch under way waits for those noted before it.

What never happens: a job is stored and its end is not. Ends and retries of a batch that failed go
into the next one; only new jobs are refused.

With a queue in memory (``durable`` false) there is nothing to wait for and nothing is noted.
"""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Final

from gearman_tx.core.records import Batch, JobRecord
from gearman_tx.core.states import COMMITTING, ENDED
from gearman_tx.errors import Refused

if TYPE_CHECKING:
    from gearman_tx.core.intake import Intake
    from gearman_tx.core.job import Job
    from gearman_tx.core.peer import Peer
    from gearman_tx.core.records import Committed
    from gearman_tx.core.tables import Tables

STORE_FAILED: Final = b"QUEUE_ERROR"
"""The code of the ERROR that answers a submission that could not be stored."""

AGAIN_A_BATCH: Final = 10_000
"""How many of the jobs that a store lost are in one batch: submissions need not wait for all."""


class Promise:
    """A submission that waits for durability, and its answer once that is known."""

    __slots__ = ("answer", "peer")

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self.answer: bytes | Refused | None = None


class Ledger:
    """The notes of one job server.

    Attributes:
        tables: the shared state.
        durable: whether there is a store behind it that outlives the process.
    """

    __slots__ = (
        "_added",
        "_again",
        "_again_in_flight",
        "_finished",
        "_in_flight",
        "_max_queue",
        "_promises",
        "_retries",
        "_waiting",
        "durable",
        "tables",
    )

    def __init__(self, tables: Tables, *, durable: bool) -> None:
        self.tables = tables
        self.durable = durable
        self._added: dict[Job, float] = {}  # noted, with the due time
        self._waiting: dict[Job, list[Promise]] = {}  # noted or being committed
        self._promises: deque[Promise] = deque()  # the same, oldest first
        self._finished: list[int] = []
        self._retries: dict[int, int] = {}
        self._max_queue: dict[bytes, tuple[int, int, int] | None] = {}
        self._in_flight: dict[Job, float] = {}
        self._again: dict[Job, float] = {}  # stored once, to be stored once more
        self._again_in_flight: dict[Job, float] = {}

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not (
            self._added or self._finished or self._retries or self._max_queue or self._again
        )

    @property
    def is_urgent(self) -> bool:
        """Whether somebody waits for what is noted; nobody does for the ends of jobs."""
        return bool(self._added or self._max_queue or self._again)

    @property
    def has_submissions(self) -> bool:
        """Whether somebody waits for an answer that the next batch brings."""
        return bool(self._added)

    @property
    def waiting(self) -> int:
        """How many submissions wait for an answer."""
        return len(self._promises)

    @property
    def ended(self) -> int:
        """How many stored jobs have ended without the store knowing it."""
        return len(self._finished)

    def add(self, job: Job, peer: Peer, due: float) -> None:
        """Note that ``job`` is to be stored and that ``peer`` waits for it."""
        self._added[job] = due
        self._waiting[job] = [self._promise(peer)]

    def join(self, job: Job, peer: Peer) -> bool:
        """Let ``peer`` wait for ``job`` too; return False if it is durable already."""
        waiting = self._waiting.get(job)
        if waiting is None:
            return False
        waiting.append(self._promise(peer))
        return True

    def _promise(self, peer: Peer) -> Promise:
        promise = Promise(peer)
        self._promises.append(promise)
        return promise

    def finish(self, job: Job) -> None:
        """Note the end of a background job."""
        if self.durable and job not in self._added:
            self._retries.pop(job.id, None)
            self._finished.append(job.id)

    def retry(self, job: Job) -> None:
        """Note the retry count of a background job."""
        if self.durable and job not in self._added:
            self._retries[job.id] = job.retries

    def set_max_queue(self, name: bytes, limits: tuple[int, int, int] | None) -> None:
        """Note the limits of a function, or None to forget them."""
        if self.durable:
            self._max_queue[name] = limits

    def store_again(self) -> None:
        """Note every live background job and every limit anew, because the store lost them."""
        for job in self.tables.jobs:
            if job.background and job not in self._waiting:
                self._again[job] = job.due
        for function in self.tables.functions.values():
            if function.max_queue != self.tables.policy.max_queue:
                self._max_queue.setdefault(function.name, function.max_queue)

    def take(self) -> Batch:
        """Return everything noted as one batch; only part of what a store lost.

        One of :meth:`settle`, :meth:`fail` and :meth:`put_back` must follow.
        """
        self._again_in_flight = self._take_again()
        noted = [*self._again_in_flight.items(), *self._added.items()]
        added = [_record(job, due) for job, due in noted if job.state != ENDED]
        next_id = self.tables.next_id
        batch = Batch(next_id, added, self._finished, self._retries, self._max_queue)
        self._in_flight, self._added = self._added, {}
        self._finished, self._retries, self._max_queue = [], {}, {}
        return batch

    def _take_again(self) -> dict[Job, float]:
        again = self._again
        if len(again) <= AGAIN_A_BATCH:
            self._again = {}
            return again
        some = list(islice(again, AGAIN_A_BATCH))
        return {job: again.pop(job) for job in some}

    def settle(self, committed: Committed, intake: Intake) -> None:
        """The batch is durable: answer the submissions and offer the jobs to workers."""
        jobs, self._in_flight = self._in_flight, {}
        for job, due in jobs.items():
            joined = committed.joined.get(job.id)
            self._answer(job, joined or job.handle)
            if joined is not None:
                self._retries.pop(job.id, None)
                intake.take_back(job, due)
            elif job.state == COMMITTING:
                intake.offer(job, due)

    def fail(self, batch: Batch, reason: bytes, intake: Intake) -> None:
        """The batch could not be stored: refuse its submissions, keep the rest for the next."""
        self._keep(batch)
        jobs, self._in_flight = self._in_flight, {}
        self._refuse(jobs, reason, intake)

    def put_back(self, batch: Batch) -> None:
        """The batch could not be stored, but the next one may be: keep all of it for that."""
        self._keep(batch)
        for job in self._in_flight:
            self._retries.pop(job.id, None)  # its record will say how many they are by then
        self._added = {**self._in_flight, **self._added}
        self._in_flight = {}

    def refuse(self, reason: bytes, intake: Intake) -> None:
        """Refuse the submissions that are noted, because the store cannot write anyway."""
        jobs, self._added = self._added, {}
        self._refuse(jobs, reason, intake)

    def _keep(self, batch: Batch) -> None:
        """Note for the next batch whatever of ``batch`` is not a submission."""
        self._again = {**self._again_in_flight, **self._again}
        self._again_in_flight = {}
        self._finished = [*batch.finished, *self._finished]
        self._retries = {**batch.retries, **self._retries}
        self._max_queue = {**batch.max_queue, **self._max_queue}

    def _refuse(self, jobs: dict[Job, float], reason: bytes, intake: Intake) -> None:
        refusal = Refused(STORE_FAILED, reason)
        for job, due in jobs.items():
            self._answer(job, refusal)
            self._retries.pop(job.id, None)
            if job.state != ENDED:
                intake.take_back(job, due)

    def _answer(self, job: Job, answer: bytes | Refused) -> None:
        """Give ``answer`` to all who wait for ``job``, each in its turn."""
        for promise in self._waiting.pop(job):
            promise.answer = answer
        promises = self._promises
        while promises and (ready := promises[0].answer) is not None:
            port = promises.popleft().peer.link
            if isinstance(ready, Refused):
                port.refused(ready.code, ready.text)
            else:
                port.created(ready)


def _record(job: Job, due: float) -> JobRecord:
    return JobRecord(
        job.id,
        job.handle,
        job.function.name,
        job.unique,
        job.priority,
        bytes(job.workload),
        job.reducer,
        due,
        job.retries,
        job.submitted,
    )

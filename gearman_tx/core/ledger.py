"""Changes that must be made durable, and the submissions that wait for them.

Theory of operation. Verbs note here the jobs that a store must learn of: new ones with
:meth:`Ledger.add`, stored ones that changed or ended with :meth:`Ledger.note`. A note holds no
details: the batch is made from the jobs as they are when the caller takes it. Of a job that ended
only the id is kept. Once per reactor turn the caller takes all notes as one :class:`Batch`, commits
it and calls :meth:`Ledger.settle`, :meth:`Ledger.fail` or :meth:`Ledger.put_back`. Notes made
meanwhile go into the next batch. When a batch is settled, its background submissions are answered,
and the caller offers their jobs to workers.

A submission waits for the batch with its job and for no other. Its promise keeps the place of its
answer in the output of its connection. So answers go out in the order of the submissions there, and
other connections do not wait.

What never happens: a job is stored and its end is not. Ends and changes of a batch that failed go
into the next one; only new jobs are refused. The end of a refused job is noted as well, since a
store may have kept a batch that it could not acknowledge.

With a queue in memory (``durable`` false) there is nothing to wait for, and nothing is noted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearman_tx.core.records import Batch, JobChange, JobRecord
from gearman_tx.core.states import COMMITTING, ENDED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gearman_tx.core.job import Job
    from gearman_tx.core.peer import Promise
    from gearman_tx.core.records import Committed
    from gearman_tx.core.settings import FunctionSettings
    from gearman_tx.core.tables import Tables

STORE_FAILED: Final = b"QUEUE_ERROR"
"""The code of the ERROR that answers a submission that could not be stored."""

AGAIN_A_BATCH: Final = 10_000
"""How many jobs that a store lost go into one batch, so that no submission waits for all."""


class Ledger:
    """The notes of one job server.

    Attributes:
        tables: the shared state.
        durable: whether there is a store behind it that outlives the process.
        waiting: how many submissions wait for an answer.
    """

    __slots__ = (
        "_added",
        "_added_in_flight",
        "_again",
        "_again_in_flight",
        "_changed",
        "_changed_in_flight",
        "_finished",
        "_finished_in_flight",
        "_promises",
        "_settings",
        "_settings_in_flight",
        "_survey",
        "durable",
        "tables",
        "waiting",
    )

    def __init__(self, tables: Tables, *, durable: bool) -> None:
        self.tables = tables
        self.durable = durable
        self.waiting = 0
        self._promises: dict[Job, list[Promise]] = {}  # of new jobs, noted or in flight
        self._added: dict[Job, None] = {}  # to be stored
        self._changed: dict[Job, None] = {}  # stored, and changed since
        # Ids, so that an ended job is freed before its end is stored.
        self._finished: list[int] = []
        self._settings: dict[bytes, FunctionSettings | None] = {}
        self._added_in_flight: dict[Job, None] = {}
        self._changed_in_flight: dict[Job, None] = {}
        self._finished_in_flight: list[int] = []
        self._settings_in_flight: dict[bytes, FunctionSettings | None] = {}
        # Jobs that the store lost: the walk over all jobs that finds them, and those of a batch
        # that could not be stored.
        self._survey: Iterator[Job] | None = None
        self._again: dict[Job, None] = {}
        self._again_in_flight: dict[Job, None] = {}

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not (self._finished or self._changed or self.is_urgent)

    @property
    def is_urgent(self) -> bool:
        """Whether there are notes to store at once; changes and ends of jobs can wait a moment."""
        return bool(self._added or self._settings or self._again or self._survey is not None)

    @property
    def has_submissions(self) -> bool:
        """Whether submissions wait for the next batch."""
        return bool(self._added)

    @property
    def ended(self) -> int:
        """How many stored jobs have ended and are still in the store."""
        return len(self._finished)

    def add(self, job: Job, promise: Promise) -> None:
        """Note that ``job`` is to be stored, and answer ``promise`` when it is."""
        self._added[job] = None
        self._promises[job] = [promise]
        self.waiting += 1

    def is_pending(self, job: Job) -> bool:
        """Return whether a submission waits until ``job`` is durable."""
        return job in self._promises

    def join(self, job: Job, promise: Promise) -> None:
        """Answer ``promise`` too when the pending ``job`` is stored."""
        self._promises[job].append(promise)
        self.waiting += 1

    def note(self, job: Job) -> None:
        """Note that a background job changed or ended."""
        if not self.durable or job in self._added:
            return
        if job.state != ENDED:
            self._changed[job] = None
            return
        self._finished.append(job.id)
        if self._changed:
            self._changed.pop(job, None)

    def set_settings(self, name: bytes, settings: FunctionSettings | None) -> None:
        """Note the settings of a function, or None to forget them."""
        if self.durable:
            self._settings[name] = settings

    def store_again(self) -> None:
        """Note every live background job and all settings, because the store lost its contents.

        The walk over the jobs is spread over the batches, so no step is long.
        """
        self._survey = iter(self.tables.jobs)
        usual = self.tables.policy.settings
        for function in self.tables.functions.values():
            if function.settings != usual:
                self._settings.setdefault(function.name, function.settings)

    def take(self) -> Batch:
        """Return all notes as one batch, but only a part of the jobs that a store lost.

        One of :meth:`settle`, :meth:`fail` and :meth:`put_back` must follow.
        """
        self._again_in_flight = self._take_again()
        self._added_in_flight, self._added = self._added, {}
        self._changed_in_flight, self._changed = self._changed, {}
        self._finished_in_flight, self._finished = self._finished, []
        self._settings_in_flight, self._settings = self._settings, {}
        ahead = self.tables.ahead
        added = [_record(job, ahead) for job in self._again_in_flight if job.state != ENDED]
        added += [_record(job, ahead) for job in self._added_in_flight if job.state != ENDED]
        changed = [
            JobChange(job.id, job.due, job.losses)
            for job in self._changed_in_flight
            if job.state != ENDED
        ]
        return Batch(added, changed, self._finished_in_flight, self._settings_in_flight)

    def _take_again(self) -> dict[Job, None]:
        """Return the next jobs that the store lost, :data:`AGAIN_A_BATCH` at most by the walk."""
        again, self._again = self._again, {}
        survey = self._survey
        if survey is None:
            return again
        while len(again) < AGAIN_A_BATCH:
            job = next(survey, None)
            if job is None:
                self._survey = None
                break
            if job.background and job not in self._promises:
                again[job] = None
        return again

    def settle(self, committed: Committed) -> tuple[list[Job], list[Job]]:
        """Answer the submissions of the batch, which is durable.

        Returns:
            The jobs to offer to workers, and those that joined a job of another server, both in the
            order of their submission.
        """
        jobs, self._added_in_flight = self._added_in_flight, {}
        self._land()
        joined = committed.joined
        stored: list[Job] = []
        elsewhere: list[Job] = []
        for job in jobs:
            handle = job.handle
            if joined and job.id in joined:
                handle = joined[job.id]
                self._changed.pop(job, None)
                elsewhere.append(job)
            elif job.state == COMMITTING:
                stored.append(job)
            promises = self._promises.pop(job)
            self.waiting -= len(promises)
            for promise in promises:
                promise.created(handle)
        return stored, elsewhere

    def fail(self, reason: bytes) -> list[Job]:
        """Refuse the submissions of the batch, which could not be stored; keep its other notes.

        Returns:
            The refused jobs that are still live, for :meth:`Intake.take_back`.
        """
        self._keep()
        jobs, self._added_in_flight = self._added_in_flight, {}
        return self._refuse(jobs, reason)

    def put_back(self) -> None:
        """Keep all notes of the batch for the next one, which may succeed."""
        self._keep()
        for job in self._added_in_flight:
            self._changed.pop(job, None)  # its record has the changes
        self._added = {**self._added_in_flight, **self._added}
        self._added_in_flight = {}

    def refuse(self, reason: bytes) -> list[Job]:
        """Refuse the submissions that wait for the next batch, because the store cannot write.

        Returns:
            As :meth:`fail`.
        """
        jobs, self._added = self._added, {}
        return self._refuse(jobs, reason)

    def _keep(self) -> None:
        """Keep the notes of this batch that are not submissions for the next one."""
        self._again = {**self._again_in_flight, **self._again}
        self._changed = {**self._changed_in_flight, **self._changed}
        self._finished = self._finished_in_flight + self._finished
        self._settings = {**self._settings_in_flight, **self._settings}
        self._land()

    def _land(self) -> None:
        """Forget the notes of this batch that are not submissions."""
        self._again_in_flight, self._changed_in_flight = {}, {}
        self._finished_in_flight, self._settings_in_flight = [], {}

    def _refuse(self, jobs: Iterable[Job], reason: bytes) -> list[Job]:
        refused: list[Job] = []
        for job in jobs:
            promises = self._promises.pop(job)
            self.waiting -= len(promises)
            for promise in promises:
                promise.refused(STORE_FAILED, reason)
            if job.state != ENDED:
                self._changed.pop(job, None)
                refused.append(job)
        return refused


def _record(job: Job, ahead: float) -> JobRecord:
    """Return a job as it is stored, while the system clock is ``ahead`` of the core's time."""
    return JobRecord(
        job.id,
        job.handle,
        job.function.name,
        job.unique,
        job.priority,
        bytes(job.workload),
        job.reducer,
        job.due,
        job.losses,
        job.submitted + ahead,
    )

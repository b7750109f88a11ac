"""What lookers-on may see: plain values, taken from the tables at one moment.

The values are made one by one as they are asked for, so that a report over a million jobs can be
made in slices while the server goes on. A report tells what was there when it began; what ended in
between is left out. They are tuples, which cost the least to make.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from gearman_tx.core.states import COMMITTING, RUNNING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gearman_tx.core.job import Job
    from gearman_tx.core.peer import Peer, PeerLink
    from gearman_tx.core.tables import Tables


class JobStatus(NamedTuple):
    """The answer to a status request.

    Attributes:
        known: whether the job is live.
        running: whether a worker has it.
        numerator: of the last WORK_STATUS.
        denominator: of the last WORK_STATUS.
        clients: how many submissions wait for its result.
    """

    known: bool
    running: bool
    numerator: int
    denominator: int
    clients: int


UNKNOWN: Final = JobStatus(known=False, running=False, numerator=0, denominator=0, clients=0)


class FunctionSnapshot(NamedTuple):
    """One function: counts of jobs, and of workers registered for it, busy or not.

    One that is not listed has limits and was never used; the C server would not know it.
    """

    name: bytes
    high: int
    normal: int
    low: int
    delayed: int
    running: int
    total: int
    workers: int
    max_queue: tuple[int, int, int]
    is_listed: bool = True


class JobSnapshot(NamedTuple):
    """One live job; ``worker`` is where it runs, ``due`` when it will, both None if not so."""

    handle: bytes
    function: bytes
    unique: bytes
    state: int
    priority: int
    background: bool
    retries: int
    submitted: float
    clients: int
    size: int
    progress: tuple[int, int]
    worker: PeerLink | None
    due: float | None

    @property
    def abandoned(self) -> bool:
        """Whether nobody waits for the result and nobody was promised one."""
        return not self.background and not self.clients


class PeerSnapshot(NamedTuple):
    """One connection: its link, id, functions (the last registered first) and jobs."""

    link: PeerLink
    client_id: bytes
    functions: tuple[bytes, ...]
    running: tuple[bytes, ...]
    tasks: int
    asleep: bool


class Snapshots:
    """The questions that lookers-on may ask."""

    __slots__ = ("tables",)

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def status(self, handle: bytes) -> JobStatus:
        """Return the status of the job called ``handle``."""
        return _status(self.tables.jobs.get(handle))

    def status_by_unique(self, unique: bytes) -> JobStatus:
        """Return the status of the newest job with ``unique``, of whatever function."""
        return _status(self.tables.newest(unique))

    def functions(self) -> Iterator[FunctionSnapshot]:
        """Yield every function, the oldest first."""
        for function in list(self.tables.functions.values()):
            high, normal, low = function.queues
            yield FunctionSnapshot(
                function.name,
                high.size,
                normal.size,
                low.size,
                function.delayed,
                function.running,
                function.total,
                len(function.workers),
                function.max_queue,
                function.is_listed,
            )

    def jobs(self) -> Iterator[JobSnapshot]:
        """Yield every live job that is not waiting to be made durable, the oldest first."""
        for job in self.tables.jobs:
            if job.state == COMMITTING:
                continue
            worker = job.worker
            yield JobSnapshot(
                job.handle,
                job.function.name,
                job.unique,
                job.state,
                job.priority,
                job.background,
                job.retries,
                job.submitted,
                len(job.clients),
                len(job.workload),
                job.progress,
                worker.link if worker is not None else None,
                job.due or None,
            )

    def peers(self) -> Iterator[PeerSnapshot]:
        """Yield every connected peer, the oldest first."""
        for peer in list(self.tables.peers):
            if peer in self.tables.peers:
                yield _peer(peer)


def _status(job: Job | None) -> JobStatus:
    if job is None:
        return UNKNOWN
    numerator, denominator = job.progress
    running = job.state == RUNNING
    clients = len(job.clients)
    return JobStatus(
        known=True, running=running, numerator=numerator, denominator=denominator, clients=clients
    )


def _peer(peer: Peer) -> PeerSnapshot:
    newest_first = sorted(peer.abilities.items(), key=lambda item: -item[1].number)
    return PeerSnapshot(
        peer.link,
        peer.client_id,
        tuple(function.name for function, _ in newest_first),
        tuple(job.handle for job in peer.running),
        len(peer.tasks),
        peer.asleep,
    )

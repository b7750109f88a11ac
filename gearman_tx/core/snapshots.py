"""What reports and consoles may see: plain values made from the tables.

Each value is made when the report asks for it, so that a report over a million jobs can be made in
slices while the server goes on. A report shows what was there when it began, except what ended
since. The values are tuples, which cost the least to make, and hold no live object.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from gearman_tx.core.states import COMMITTING, DELAYED, RUNNING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gearman_tx.core.function import Function
    from gearman_tx.core.job import Job
    from gearman_tx.core.peer import Peer
    from gearman_tx.core.settings import FunctionSettings
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


class PeerAddress(NamedTuple):
    """The address of a peer.

    Attributes:
        fd: the number of its file descriptor; -1 when there is none.
        host: the address of its other end; ``unix`` for a Unix socket.
    """

    fd: int
    host: str


class FunctionTotals(NamedTuple):
    """What a function has counted since it became known; no count falls.

    Attributes:
        submitted: jobs made.
        completed: jobs that ended with WORK_COMPLETE.
        failed: jobs that ended with WORK_FAIL or WORK_EXCEPTION, or were lost too often.
        cancelled: jobs that an operator ended.
        abandoned: foreground jobs whose clients all left.
        lost: tries that were lost with their worker or ran out of time.
    """

    submitted: int
    completed: int
    failed: int
    cancelled: int
    abandoned: int
    lost: int


class FunctionSnapshot(NamedTuple):
    """One function: its present jobs and workers, and its totals.

    Attributes:
        name: its name.
        high: queued jobs of high priority.
        normal: queued jobs of normal priority.
        low: queued jobs of low priority.
        delayed: jobs that wait for their time.
        running: jobs that run.
        total: all its live, durable jobs.
        workers: connections that registered it, busy or not.
        settings: what the operator decided for it.
        totals: what it has counted.
        is_listed: whether it was ever used; the C server knows no other functions.
        ready_since: the Unix time since which its first queued job could have run: that of its
            submission, or the later one until which it was delayed. None if no job is queued. Each
            priority has a queue; the earliest of their first jobs counts.
    """

    name: bytes
    high: int
    normal: int
    low: int
    delayed: int
    running: int
    total: int
    workers: int
    settings: FunctionSettings
    totals: FunctionTotals
    is_listed: bool = True
    ready_since: float | None = None


class JobSnapshot(NamedTuple):
    """One live job.

    Attributes:
        handle: its handle.
        function: the name of its function.
        unique: its unique, may be empty.
        state: one of :mod:`gearman_tx.core.states`.
        priority: 0 high, 1 normal, 2 low.
        background: whether it runs even without clients.
        tries: how many times this server gave it to a worker.
        losses: how many tries were lost with their worker or ran out of time, ever.
        submitted: when it was submitted, in Unix seconds.
        clients: how many submissions wait for its result.
        size: bytes of its workload.
        progress: numerator and denominator of the last WORK_STATUS.
        worker: the address of its worker; None if it does not run.
        due: the Unix time it waits for; None if it is not delayed.
        worker_id: the name that its worker gave itself; None if it does not run.
    """

    handle: bytes
    function: bytes
    unique: bytes
    state: int
    priority: int
    background: bool
    tries: int
    losses: int
    submitted: float
    clients: int
    size: int
    progress: tuple[int, int]
    worker: PeerAddress | None
    due: float | None
    worker_id: bytes | None

    @property
    def abandoned(self) -> bool:
        """Whether it is a foreground job without clients."""
        return not self.background and not self.clients


class PeerSnapshot(NamedTuple):
    """One connection.

    Attributes:
        address: its address.
        client_id: the name it gave itself.
        functions: the names of the functions it registered, the last one first.
        running: the handles of the jobs it has as a worker, oldest first.
        tasks: how many jobs it waits for as a client.
        asleep: whether it waits for a NOOP.
    """

    address: PeerAddress
    client_id: bytes
    functions: tuple[bytes, ...]
    running: tuple[bytes, ...]
    tasks: int
    asleep: bool


class Snapshots:
    """The queries of reports and consoles."""

    __slots__ = ("tables",)

    def __init__(self, tables: Tables) -> None:
        self.tables = tables

    def status(self, handle: bytes) -> JobStatus:
        """Return the status of the job called ``handle``."""
        return _status(self.tables.jobs.get(handle))

    def status_by_unique(self, unique: bytes) -> JobStatus:
        """Return the status of the newest job with ``unique``, over all functions."""
        return _status(self.tables.newest(unique))

    # The system clock may be set while a report is made; its times are those of the beginning.

    def functions(self) -> Iterator[FunctionSnapshot]:
        """Yield every function, the oldest first."""
        return self._functions(self.tables.ahead)

    def _functions(self, ahead: float) -> Iterator[FunctionSnapshot]:
        for function in list(self.tables.functions.values()):
            high, normal, low = function.queues
            completed, failed, cancelled, abandoned = function.ended
            yield FunctionSnapshot(
                function.name,
                high.size,
                normal.size,
                low.size,
                function.delayed,
                function.running,
                function.total,
                len(function.workers),
                function.settings,
                FunctionTotals(
                    function.submitted, completed, failed, cancelled, abandoned, function.lost
                ),
                function.is_listed,
                _ready_since(function, ahead),
            )

    def jobs(self) -> Iterator[JobSnapshot]:
        """Yield every live job that is not waiting to be made durable, the oldest first."""
        return self._jobs(self.tables.ahead)

    def _jobs(self, ahead: float) -> Iterator[JobSnapshot]:
        for job in self.tables.jobs:
            if job.state != COMMITTING:
                yield _job(job, ahead)

    def job(self, handle: bytes) -> JobSnapshot | None:
        """Return the job called ``handle``; None if there is none, or it is being made durable."""
        job = self.tables.jobs.get(handle)
        return None if job is None or job.state == COMMITTING else _job(job, self.tables.ahead)

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


def _ready_since(function: Function, ahead: float) -> float | None:
    earliest: float | None = None
    for queue in function.queues:
        job = queue.first
        if job is not None:
            since = max(job.submitted + ahead, job.due)
            if earliest is None or since < earliest:
                earliest = since
    return earliest


def _job(job: Job, ahead: float) -> JobSnapshot:
    worker = job.worker
    return JobSnapshot(
        job.handle,
        job.function.name,
        job.unique,
        job.state,
        job.priority,
        job.background,
        job.tries,
        job.losses,
        job.submitted + ahead,
        len(job.clients),
        len(job.workload),
        job.progress,
        None if worker is None else _address(worker),
        job.due if job.state == DELAYED else None,
        None if worker is None else worker.client_id,
    )


def _address(peer: Peer) -> PeerAddress:
    return PeerAddress(peer.link.fd, peer.link.host)


def _peer(peer: Peer) -> PeerSnapshot:
    newest_first = sorted(peer.abilities.items(), key=lambda item: -item[1].number)
    return PeerSnapshot(
        _address(peer),
        peer.client_id,
        tuple(function.name for function, _ in newest_first),
        tuple(job.handle for job in peer.running),
        len(peer.tasks),
        peer.asleep,
    )

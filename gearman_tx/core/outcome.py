"""The packets of workers about their jobs: progress, data, the end.

Each packet passes unchanged from the worker to every waiting client. The core does not read it: the
caller passes it as ``update``, already encoded.

A worker may send packets about the jobs that it has. It may also be late: a job whose time limit
is over waits for its next try, but its worker may still be at work. Until another try begins, what
that worker sends counts as before, so its result ends the job and no work is done twice. Only a
failure that comes late is ignored, because the job is to be tried again anyway. Once another try
has begun, all packets of the late worker are ignored. It gets no ERROR, because many workers end
when they get one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearman_tx.core.ends import COMPLETED
from gearman_tx.core.retry import REPORTED
from gearman_tx.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gearman_tx.core.endings import Endings
    from gearman_tx.core.job import Job
    from gearman_tx.core.peer import Peer
    from gearman_tx.core.retry import Retry
    from gearman_tx.core.tables import Tables

NO_JOB: Final = b"Job does not exist on server"
NO_JOB_FOR_RESULT: Final = b"Job given in work result not found"
NO_JOB_FOR_EXCEPTION: Final = b"An exception was received for a job that does not exist"

_FEW: Final = 8  # comparing so few handles is cheaper than parsing one


class Outcome:
    """The verbs of workers that have a job, or had it."""

    __slots__ = ("endings", "retry", "tables")

    def __init__(self, tables: Tables, endings: Endings, retry: Retry) -> None:
        self.tables = tables
        self.endings = endings
        self.retry = retry

    def data(self, peer: Peer, handle: bytes, update: Sequence[bytes]) -> None:
        """Pass on WORK_DATA or WORK_WARNING; the job goes on.

        Raises:
            Refused: the worker never had the job, or has ended it.
        """
        job = self._job_of(peer, handle, NO_JOB)
        if job is not None:
            for client in job.clients:
                client.link.update(update)

    def status(
        self, peer: Peer, handle: bytes, progress: tuple[int, int], update: Sequence[bytes]
    ) -> None:
        """Remember and pass on WORK_STATUS; the job goes on.

        Of a job that no worker has, no progress is remembered.

        Raises:
            Refused: the worker never had the job, or has ended it.
        """
        job = self._job_of(peer, handle, NO_JOB_FOR_RESULT)
        if job is not None:
            if job.worker is not None:
                job.progress = progress
            for client in job.clients:
                client.link.update(update)

    def complete(self, peer: Peer, handle: bytes, update: Sequence[bytes]) -> None:
        """Pass on WORK_COMPLETE and end the job.

        Raises:
            Refused: the worker never had the job, or has ended it.
        """
        job = self._job_of(peer, handle, NO_JOB_FOR_RESULT, last=True)
        if job is not None:
            self.endings.end(job, COMPLETED, update)

    def fail(self, peer: Peer, handle: bytes) -> None:
        """Handle WORK_FAIL: the try failed.

        Raises:
            Refused: the worker never had the job, or has ended it.
        """
        job = self._job_of(peer, handle, NO_JOB_FOR_RESULT, last=True, fails=True)
        if job is not None:
            self.retry.try_ended(job, REPORTED)

    def exception(self, peer: Peer, handle: bytes, update: Sequence[bytes]) -> None:
        """Handle WORK_EXCEPTION: the try failed. Clients that asked for exceptions get the packet.

        Many worker libraries send WORK_FAIL after it, which is ignored in silence. So this is
        not the worker's last packet about the job, even if the job was cancelled meanwhile.

        Raises:
            Refused: the worker never had the job, or has ended it.
        """
        job = self._job_of(peer, handle, NO_JOB_FOR_EXCEPTION, fails=True)
        if job is not None:
            self.retry.try_ended(job, REPORTED, update)
            peer.forgive(handle)

    def _job_of(
        self,
        peer: Peer,
        handle: bytes,
        refusal: bytes,
        *,
        last: bool = False,
        fails: bool = False,
    ) -> Job | None:
        """Return the job that a packet of ``peer`` is about, or None to ignore the packet.

        Args:
            peer: the worker.
            handle: the handle in its packet.
            refusal: the text of the ERROR if it may not send packets about that job.
            last: whether no packet about the job follows, so that the handle is forgiven no more.
            fails: whether the packet reports a failure, which counts only while the worker has the
                job.

        Raises:
            Refused: the worker never had the job, or has ended it.
        """
        if len(peer.running) <= _FEW:
            for own in peer.running:
                if own.handle == handle:
                    return own
        else:
            job = self.tables.jobs.get(handle)
            if job is not None and job.worker is peer:
                return job
        tries = peer.forgiven.get(handle)
        if tries is None:
            raise Refused(b"JOB_NOT_FOUND", refusal)
        if last:
            del peer.forgiven[handle]
        if fails:
            return None
        late = self.tables.jobs.get(handle)
        if late is not None and late.worker is None and late.tries == tries:
            return late
        return None

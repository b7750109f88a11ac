"""The packets of workers about their jobs: progress, data, the end.

Each packet passes unchanged from the worker to every waiting client. The core does not read it: the
caller passes it as ``update``, already encoded. A worker may send packets only about jobs that it
has.
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
    """The verbs of workers that have a job."""

    __slots__ = ("endings", "retry", "tables")

    def __init__(self, tables: Tables, endings: Endings, retry: Retry) -> None:
        self.tables = tables
        self.endings = endings
        self.retry = retry

    def data(self, peer: Peer, handle: bytes, update: Sequence[bytes]) -> None:
        """Pass on WORK_DATA or WORK_WARNING; the job goes on.

        Raises:
            Refused: the worker does not have the job.
        """
        job = self._job_of(peer, handle, NO_JOB)
        if job is not None:
            for client in job.clients:
                client.link.update(update)

    def status(
        self, peer: Peer, handle: bytes, progress: tuple[int, int], update: Sequence[bytes]
    ) -> None:
        """Remember and pass on WORK_STATUS; the job goes on.

        Raises:
            Refused: the worker does not have the job.
        """
        job = self._job_of(peer, handle, NO_JOB_FOR_RESULT)
        if job is not None:
            job.progress = progress
            for client in job.clients:
                client.link.update(update)

    def complete(self, peer: Peer, handle: bytes, update: Sequence[bytes]) -> None:
        """Pass on WORK_COMPLETE and end the job.

        Raises:
            Refused: the worker does not have the job.
        """
        job = self._job_of(peer, handle, NO_JOB_FOR_RESULT, last=True)
        if job is not None:
            self.endings.end(job, COMPLETED, update)

    def fail(self, peer: Peer, handle: bytes) -> None:
        """Handle WORK_FAIL: the try failed.

        Raises:
            Refused: the worker does not have the job.
        """
        job = self._job_of(peer, handle, NO_JOB_FOR_RESULT, last=True)
        if job is not None:
            self.retry.try_ended(job, REPORTED)

    def exception(self, peer: Peer, handle: bytes, update: Sequence[bytes]) -> None:
        """Handle WORK_EXCEPTION: the try failed. Clients that asked for exceptions get the packet.

        Many worker libraries send WORK_FAIL after it, which is ignored in silence. So this is
        not the worker's last packet about the job, even if the job was cancelled meanwhile.

        Raises:
            Refused: the worker does not have the job.
        """
        job = self._job_of(peer, handle, NO_JOB_FOR_EXCEPTION)
        if job is not None:
            self.retry.try_ended(job, REPORTED, update)
            peer.forgive(handle)

    def _job_of(
        self, peer: Peer, handle: bytes, refusal: bytes, *, last: bool = False
    ) -> Job | None:
        """Return the job that ``peer`` has under ``handle``, or None for a forgiven handle.

        Args:
            peer: the worker.
            handle: the handle in its packet.
            refusal: the text of the ERROR if it has no such job.
            last: whether no packet about the job follows, so that the handle is forgiven no more.
        """
        if len(peer.running) <= _FEW:
            for own in peer.running:
                if own.handle == handle:
                    return own
        else:
            job = self.tables.jobs.get(handle)
            if job is not None and job.worker is peer:
                return job
        if handle not in peer.forgiven:
            raise Refused(b"JOB_NOT_FOUND", refusal)
        if last:
            del peer.forgiven[handle]
        return None

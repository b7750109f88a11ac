"""A job, as an ``async def`` function of an asyncio program sees it."""

from __future__ import annotations

from typing import Any, NoReturn

from gearman_tx import worker
from gearman_tx.aio.bridge import in_reactor


class Job:
    """One job, for a function that runs in the event loop.

    Its methods wait until the job server has room for more; a cancelled one only stops waiting.
    Packets about a job that is lost or over are dropped.
    """

    def __init__(self, job: worker.WorkerJob) -> None:
        self._job = job

    @property
    def function(self) -> bytes:
        """The name under which the function was registered."""
        return self._job.function

    @property
    def workload(self) -> bytes:
        """The data that the client submitted."""
        return self._job.workload

    @property
    def data(self) -> Any:
        """The workload, decoded by the worker's encoder."""
        return self._job.data

    @property
    def handle(self) -> bytes:
        """The handle of the job at its job server."""
        return self._job.handle

    @property
    def unique(self) -> bytes:
        """The unique of the job; may be empty."""
        return self._job.unique

    @property
    def reducer(self) -> bytes:
        """The name of the reducer of a reduce job, else empty."""
        return self._job.reducer

    @property
    def server(self) -> str:
        """The name of the job server that assigned the job."""
        return self._job.server

    @property
    def is_lost(self) -> bool:
        """Whether the result is of no use any more; see :class:`gearman_tx.WorkerJob`."""
        return self._job.is_lost

    async def send_data(self, data: bytes) -> None:
        """Send a part of the result to the waiting clients (WORK_DATA).

        Args:
            data: sent as it is, without the encoder.

        Raises:
            LocalProtocolError: the data is larger than a packet may be.
        """
        await in_reactor(self._job.send_data, data)

    async def send_warning(self, text: bytes) -> None:
        """Send a warning to the waiting clients (WORK_WARNING).

        Args:
            text: sent as it is, without the encoder.

        Raises:
            LocalProtocolError: the text is larger than a packet may be.
        """
        await in_reactor(self._job.send_warning, text)

    async def send_status(self, numerator: int, denominator: int) -> None:
        """Report the progress of the job: ``numerator`` of ``denominator`` (WORK_STATUS).

        The job server keeps the last report for clients that ask.
        """
        await in_reactor(self._job.send_status, numerator, denominator)

    def fail(self, data: bytes | None = None) -> NoReturn:
        """End the job without a result (WORK_FAIL), or with an exception (WORK_EXCEPTION).

        Args:
            data: the exception's data, sent as it is; None for a plain failure.

        Raises:
            JobFailed: always, to leave the function; do not catch it. With ``data`` it is a
                JobException.
        """
        self._job.fail(data)

    def __repr__(self) -> str:
        return repr(self._job)

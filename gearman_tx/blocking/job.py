"""Jobs and requests, under python-gearman's names."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from gearman_tx.blocking.constants import (
    JOB_COMPLETE,
    JOB_CREATED,
    JOB_FAILED,
    JOB_UNKNOWN,
    PRIORITY_NONE,
)
from gearman_tx.values.redaction import size_of

if TYPE_CHECKING:
    from gearman_tx.blocking.connection import GearmanConnection
    from gearman_tx.blocking.pending_request import PendingRequest


class GearmanJob:
    """One job, in a client or worker.

    Args:
        connection: the job server that has the job; None before one has accepted it.
        handle: the job server's handle for the job, as bytes; None before one has accepted it.
        task: the function.
        unique: the key that joins submissions into one job.
        data: the workload, not encoded.
    """

    def __init__(
        self,
        connection: GearmanConnection | None,
        handle: Any,
        task: Any,
        unique: Any,
        data: Any,
    ) -> None:
        self.connection = connection
        self.handle = handle
        self.task = task
        self.unique = unique
        self.data = data

    def __repr__(self) -> str:
        names = ("connection", "handle", "task", "unique")
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__name__}({fields}, data={size_of(self.data)})"

    def to_dict(self) -> dict[str, Any]:
        """Return the job as a dictionary, which ``submit_multiple_jobs`` takes too."""
        return {
            "task": self.task,
            "job_handle": self.handle,
            "unique": self.unique,
            "data": self.data,
        }


class GearmanJobRequest:
    """The state of a job that a client submits.

    It changes only while a method of the client that was given the request runs, and in the thread
    of that call.

    Args:
        gearman_job: the job.
        initial_priority: one of the three ``PRIORITY_`` constants.
        background: whether it is a background job, without a result.
        max_attempts: how often it may be submitted when job servers are lost before accepting it.

    Attributes:
        gearman_job: the job; ``job`` is the same.
        connection_attempts: how often it was submitted.
        result: the result, decoded; None until ``state`` is ``JOB_COMPLETE``.
        exception: the data of the worker's exception, decoded; else None.
        data_updates: the data that the worker sent before the result, decoded.
        warning_updates: the worker's warnings, decoded.
        status: the last known progress; see ``GearmanClient.get_job_status``.
        state: one of the ``JOB_`` constants.
        timed_out: whether the last call that waited for the request returned before its end.
        pending: its state in the reactor's thread; only for the client.
    """

    def __init__(
        self,
        gearman_job: GearmanJob,
        initial_priority: str | None = PRIORITY_NONE,
        background: bool = False,
        max_attempts: int = 1,
    ) -> None:
        self.gearman_job = gearman_job
        self.priority = initial_priority
        self.background = background
        self.connection_attempts = 0
        self.max_connection_attempts = max_attempts
        self.initialize_request()

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(gearman_job={self.gearman_job!r}, "
            f"initial_priority={self.priority!r}, background={self.background!r}, "
            f"max_attempts={self.max_connection_attempts!r})"
        )

    def initialize_request(self) -> None:
        """Reset everything except the job and the number of attempts."""
        self.result: Any = None
        self.exception: Any = None
        self.warning_updates: deque[Any] = deque()
        self.data_updates: deque[Any] = deque()
        self.status: dict[str, Any] = {}
        self.state = JOB_UNKNOWN
        self.timed_out = False
        self.pending: PendingRequest | None = None

    def reset(self) -> None:
        """Reset everything except the job and the number of attempts."""
        self.initialize_request()

    @property
    def job(self) -> GearmanJob:
        """The job."""
        return self.gearman_job

    @property
    def unique(self) -> Any:
        """The key that joins submissions into one job."""
        return self.gearman_job.unique

    @property
    def complete(self) -> bool:
        """Whether it has ended; for a background job, whether it was accepted."""
        if self.background:
            return self.state == JOB_CREATED
        return self.state in {JOB_FAILED, JOB_COMPLETE}

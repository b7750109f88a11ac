"""What a client submits and a worker gets, in python-gearman's words."""

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

if TYPE_CHECKING:
    from gearman_tx.blocking.connection import GearmanConnection
    from gearman_tx.blocking.errand import Errand


class GearmanJob:
    """One job, as client and worker see it.

    Args:
        connection: the job server that has the job; None before one has accepted it.
        handle: the job server's name for the job, as bytes; None before one has accepted it.
        task: the function.
        unique: the key by which job servers join submissions into one job.
        data: the workload, as the program sees it: before encoding, after decoding.
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
        names = ("connection", "handle", "task", "unique", "data")
        fields = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__name__}({fields})"

    def to_dict(self) -> dict[str, Any]:
        """Return the job as a dictionary, which ``submit_multiple_jobs`` takes as well."""
        return {
            "task": self.task,
            "job_handle": self.handle,
            "unique": self.unique,
            "data": self.data,
        }


class GearmanJobRequest:
    """What a client knows of a job that it submitted.

    It changes only while a method of the client runs that was given the request, and in the thread
    that runs it.

    Args:
        gearman_job: the job.
        initial_priority: one of the three ``PRIORITY_`` constants.
        background: whether nobody waits for the result.
        max_attempts: how often it may be given to a job server that is lost before it accepts it.

    Attributes:
        gearman_job: the job; ``job`` is the same.
        connection_attempts: how often it was given to a job server.
        result: the result, decoded; None until ``state`` is ``JOB_COMPLETE``.
        exception: what the worker said of an exception, decoded; else None.
        data_updates: what the worker sent before the result, decoded.
        warning_updates: what the worker warned of, decoded.
        status: the last that is known of its progress; see ``GearmanClient.get_job_status``.
        state: one of the ``JOB_`` constants.
        timed_out: whether the last call that waited for it ended before it did.
        errand: what the reactor's thread knows of it; for the client.
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
        """Forget all that became of it."""
        self.result: Any = None
        self.exception: Any = None
        self.warning_updates: deque[Any] = deque()
        self.data_updates: deque[Any] = deque()
        self.status: dict[str, Any] = {}
        self.state = JOB_UNKNOWN
        self.timed_out = False
        self.errand: Errand | None = None

    def reset(self) -> None:
        """Forget all that became of it, but for the job and how often it was submitted."""
        self.initialize_request()

    @property
    def job(self) -> GearmanJob:
        """The job."""
        return self.gearman_job

    @property
    def unique(self) -> Any:
        """The key by which job servers join submissions into one job."""
        return self.gearman_job.unique

    @property
    def complete(self) -> bool:
        """Whether it has ended; in the background, whether it was accepted."""
        if self.background:
            return self.state == JOB_CREATED
        return self.state in {JOB_FAILED, JOB_COMPLETE}

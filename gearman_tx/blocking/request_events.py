"""What happens to a submitted request: noted in the reactor's thread, applied in the caller's.

So a request changes only inside a call of the program, and an encoder that fails raises in the call
that waited, as in python-gearman.
"""

from __future__ import annotations

import time
from typing import Any, Protocol

from attrs import frozen

from gearman_tx.blocking.connection_manager import GearmanConnectionManager
from gearman_tx.blocking.constants import JOB_COMPLETE, JOB_CREATED, JOB_FAILED, JOB_UNKNOWN
from gearman_tx.blocking.job import GearmanJobRequest
from gearman_tx.client import JobStatus


class RequestEvent(Protocol):
    """One event of a request."""

    def apply(self, request: GearmanJobRequest, manager: GearmanConnectionManager, /) -> None:
        """Change the request accordingly."""


@frozen
class Created:
    """A job server accepted the request."""

    handle: bytes
    connection: Any

    def apply(self, request: GearmanJobRequest, _manager: GearmanConnectionManager) -> None:
        """Set the job's handle and connection."""
        request.gearman_job.handle = self.handle
        request.gearman_job.connection = self.connection
        request.state = JOB_CREATED


@frozen(repr=False)
class DataReceived:
    """The worker sent a part of the result."""

    data: bytes

    def apply(self, request: GearmanJobRequest, manager: GearmanConnectionManager) -> None:
        """Append the decoded data."""
        request.data_updates.append(manager.decode_data(self.data))


@frozen(repr=False)
class WarningReceived:
    """The worker sent a warning."""

    data: bytes

    def apply(self, request: GearmanJobRequest, manager: GearmanConnectionManager) -> None:
        """Append the decoded warning."""
        request.warning_updates.append(manager.decode_data(self.data))


@frozen
class StatusReceived:
    """The worker reported progress, or the job server answered a query."""

    status: JobStatus

    def apply(self, request: GearmanJobRequest, _manager: GearmanConnectionManager) -> None:
        """Replace the status."""
        request.status = {
            "handle": request.gearman_job.handle,
            "known": self.status.known,
            "running": self.status.running,
            "numerator": self.status.numerator,
            "denominator": self.status.denominator,
            "time_received": time.time(),  # seconds since 1970, as in python-gearman
        }


@frozen(repr=False)
class Completed:
    """The job ended with a result."""

    data: bytes

    def apply(self, request: GearmanJobRequest, manager: GearmanConnectionManager) -> None:
        """Set the decoded result."""
        request.result = manager.decode_data(self.data)
        request.state = JOB_COMPLETE


@frozen(repr=False)
class Failed:
    """The job ended without a result, perhaps with an exception."""

    exception: bytes | None = None

    def apply(self, request: GearmanJobRequest, manager: GearmanConnectionManager) -> None:
        """Set the decoded exception."""
        request.state = JOB_FAILED
        if self.exception is not None:
            request.exception = manager.decode_data(self.exception)


@frozen(repr=False)
class SubmissionRefused:
    """The job server refused the request."""

    code: bytes
    text: bytes

    def apply(self, request: GearmanJobRequest, manager: GearmanConnectionManager) -> None:
        """Fail the request and call the program's hook."""
        request.state = JOB_FAILED
        manager.on_gearman_error(self.code, self.text)


@frozen
class Lost:
    """The outcome is unknown: no job server was up, or the request's own was lost."""

    def apply(self, request: GearmanJobRequest, _manager: GearmanConnectionManager) -> None:
        """Set the state to unknown."""
        request.state = JOB_UNKNOWN

"""What the reactor's thread learns of a request, told to it in the thread of the caller.

So a request never changes behind its owner's back, and an encoder that fails does so in the call
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


class News(Protocol):
    """One thing that became known."""

    def tell(self, request: GearmanJobRequest, client: GearmanConnectionManager, /) -> None:
        """Write it down in the request."""


@frozen
class Created:
    """A job server accepted it."""

    handle: bytes
    connection: Any

    def tell(self, request: GearmanJobRequest, _client: GearmanConnectionManager) -> None:
        """Write it down in the request."""
        request.gearman_job.handle = self.handle
        request.gearman_job.connection = self.connection
        request.state = JOB_CREATED


@frozen
class PartCame:
    """The worker sent a part of the result."""

    data: bytes

    def tell(self, request: GearmanJobRequest, client: GearmanConnectionManager) -> None:
        """Write it down in the request."""
        request.data_updates.append(client.decode_data(self.data))


@frozen
class WarningCame:
    """The worker warned."""

    data: bytes

    def tell(self, request: GearmanJobRequest, client: GearmanConnectionManager) -> None:
        """Write it down in the request."""
        request.warning_updates.append(client.decode_data(self.data))


@frozen
class StatusCame:
    """The worker, or the job server when it was asked, said how far the job is."""

    status: JobStatus

    def tell(self, request: GearmanJobRequest, _client: GearmanConnectionManager) -> None:
        """Write it down in the request."""
        request.status = {
            "handle": request.gearman_job.handle,
            "known": self.status.known,
            "running": self.status.running,
            "numerator": self.status.numerator,
            "denominator": self.status.denominator,
            "time_received": time.time(),  # seconds since 1970, as python-gearman says
        }


@frozen
class Completed:
    """The job ended with a result."""

    data: bytes

    def tell(self, request: GearmanJobRequest, client: GearmanConnectionManager) -> None:
        """Write it down in the request."""
        request.result = client.decode_data(self.data)
        request.state = JOB_COMPLETE


@frozen
class Failed:
    """The job ended without a result, perhaps with an exception."""

    exception: bytes | None = None

    def tell(self, request: GearmanJobRequest, client: GearmanConnectionManager) -> None:
        """Write it down in the request."""
        request.state = JOB_FAILED
        if self.exception is not None:
            request.exception = client.decode_data(self.exception)


@frozen
class WasRefused:
    """The job server did not accept it."""

    code: bytes
    text: bytes

    def tell(self, request: GearmanJobRequest, client: GearmanConnectionManager) -> None:
        """Write it down in the request, and call the client's hook."""
        request.state = JOB_FAILED
        client.on_gearman_error(self.code, self.text)


@frozen
class Lost:
    """Nobody knows what becomes of it: no job server was there, or its own was lost."""

    def tell(self, request: GearmanJobRequest, _client: GearmanConnectionManager) -> None:
        """Write it down in the request."""
        request.state = JOB_UNKNOWN

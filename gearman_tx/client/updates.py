"""Immutable values: the updates of a task, and the status of a job."""

from __future__ import annotations

from typing import TypeAlias

from attrs import field, frozen

from gearman_tx.values.redaction import beginning
from gearman_tx.wire import leading_number


@frozen
class Data:
    """A part of the result, or other data that the worker sends early: WORK_DATA.

    Attributes:
        data: the bytes, as the worker sent them; no encoder touches them.
    """

    data: bytes = field(repr=beginning)


@frozen
class Warning:  # noqa: A001  # the protocol's word; no Python warning is used here
    """A warning of the worker: WORK_WARNING.

    Attributes:
        data: the bytes, as the worker sent them; no encoder touches them.
    """

    data: bytes = field(repr=beginning)


@frozen
class Status:
    """The progress of the job: WORK_STATUS.

    Attributes:
        numerator: how much is done.
        denominator: how much there is to do; 0 when the worker does not know.
    """

    numerator: int
    denominator: int

    @property
    def fraction(self) -> float | None:
        """The progress from 0 to 1, or None when the worker does not know."""
        return self.numerator / self.denominator if self.denominator else None


Update: TypeAlias = Data | Warning | Status
"""The values that ``async for`` over a task gives."""


@frozen
class JobStatus:
    """The status of a job at a server: STATUS_RES and STATUS_RES_UNIQUE.

    Attributes:
        known: whether the job is queued or running; a job that has ended is not known.
        running: whether a worker has it.
        numerator: how much is done, by the worker's last report.
        denominator: how much there is to do, by the worker's last report; 0 without a report.
        clients: how many clients wait for it; None in the answer to a handle.
    """

    known: bool
    running: bool
    numerator: int
    denominator: int
    clients: int | None = None

    @property
    def fraction(self) -> float | None:
        """The progress from 0 to 1, or None without a report of the worker."""
        return self.numerator / self.denominator if self.denominator else None


UNKNOWN: JobStatus = JobStatus(known=False, running=False, numerator=0, denominator=0)
"""The status of a job that no server knows."""


def read_status(body: bytes) -> JobStatus:
    """Return the status in the body of STATUS_RES or STATUS_RES_UNIQUE; missing numbers are 0."""
    _, *fields = body.split(b"\0")
    known, running, numerator, denominator, *clients = (
        leading_number(field) for field in [*fields, *[b""] * (4 - len(fields))]
    )
    return JobStatus(
        known=bool(known),
        running=bool(running),
        numerator=numerator,
        denominator=denominator,
        clients=clients[0] if clients else None,
    )

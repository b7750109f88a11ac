"""What a task tells before it ends, and what a server knows of a job: values, never changed."""

from __future__ import annotations

from typing import TypeAlias

from attrs import frozen

from gearman_tx.wire import leading_number


@frozen
class Data:
    """A part of the result, or whatever the worker sends on the way: WORK_DATA.

    Attributes:
        data: the bytes, as the worker sent them; no encoder touches them.
    """

    data: bytes


@frozen
class Warning:  # noqa: A001  # the protocol's word; nothing in this room warns in Python's way
    """Something that the worker warns of: WORK_WARNING.

    Attributes:
        data: the bytes, as the worker sent them; no encoder touches them.
    """

    data: bytes


@frozen
class Status:
    """How far the job is: WORK_STATUS.

    Attributes:
        numerator: how much is done.
        denominator: how much there is to do; 0 when the worker does not know.
    """

    numerator: int
    denominator: int

    @property
    def fraction(self) -> float | None:
        """How much is done, from 0 to 1, or None when the worker does not know."""
        return self.numerator / self.denominator if self.denominator else None


Update: TypeAlias = Data | Warning | Status
"""What ``async for`` over a task gives."""


@frozen
class JobStatus:
    """What a server knows of a job: STATUS_RES and STATUS_RES_UNIQUE.

    Attributes:
        known: whether the job is queued or running; nothing is known of a job that has ended.
        running: whether a worker has it.
        numerator: how much is done, as the worker last said.
        denominator: how much there is to do, as the worker last said; 0 when it said nothing.
        clients: how many clients wait for it; None when the job was asked for by its handle.
    """

    known: bool
    running: bool
    numerator: int
    denominator: int
    clients: int | None = None

    @property
    def fraction(self) -> float | None:
        """How much is done, from 0 to 1, or None when the worker did not say."""
        return self.numerator / self.denominator if self.denominator else None


UNKNOWN: JobStatus = JobStatus(known=False, running=False, numerator=0, denominator=0)
"""The status of a job that no server knows."""


def read_status(body: bytes) -> JobStatus:
    """Return what the body of STATUS_RES or STATUS_RES_UNIQUE says; missing numbers are 0."""
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

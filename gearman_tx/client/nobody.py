"""Who stands where a submission stood that was cancelled, timed out or tried again elsewhere.

The server does not know that nobody waits any more: it answers the submission all the same, and
sends one copy of every packet about the job for it. Somebody must take them.
"""

from __future__ import annotations

from typing import ClassVar

from attrs import frozen

from gearman_tx.errors import Refused
from gearman_tx.wire import PacketType


@frozen(eq=False)
class Nobody:
    """Takes what is for a forgotten submission, and does nothing.

    Attributes:
        packet: what was sent for it.
        is_background: whether the server sends nothing more once it has accepted it.
    """

    expects: ClassVar[int] = PacketType.JOB_CREATED
    key_of_answer: ClassVar[bytes | None] = None

    packet: bytes
    is_background: bool

    def created(self, _handle: bytes, _server: object) -> None:
        """JOB_CREATED: the server accepted it."""

    def refused(self, _refusal: Refused, _server: object) -> None:
        """ERROR: the server did not."""

    def data(self, _data: bytes) -> None:
        """WORK_DATA."""

    def warning(self, _data: bytes) -> None:
        """WORK_WARNING."""

    def status(self, _numerator: int, _denominator: int) -> None:
        """WORK_STATUS."""

    def complete(self, _data: bytes) -> None:
        """WORK_COMPLETE."""

    def failed(self) -> None:
        """WORK_FAIL."""

    def exception(self, _data: bytes) -> None:
        """WORK_EXCEPTION."""

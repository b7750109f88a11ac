"""What a connection waits for an answer to, besides live submissions.

A :class:`Query` is one request with one answer. A :class:`Forgotten` replaces a submission that was
cancelled, timed out or tried again elsewhere: the server does not know that, so it still answers
the submission and sends one copy of every packet about the job for it.
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeAlias

from attrs import define, field, frozen
from twisted.internet.defer import Deferred

from gearman_tx.client.submission import Submission
from gearman_tx.errors import Refused
from gearman_tx.wire import PacketType


@define(eq=False, repr=False)
class Query:
    """A request other than a submission.

    Attributes:
        expects: the packet type of the answer.
        key_of_answer: the bytes that the answer begins with, or None when any answer fits.
        answer: fires with the body of the answer, or fails with Refused.
    """

    expects: int
    key_of_answer: bytes | None = None
    answer: Deferred[bytes] = field(factory=Deferred)

    def answered(self, body: bytes) -> None:
        """Pass the answer on, unless the caller has stopped waiting."""
        if not self.answer.called:
            self.answer.callback(body)

    def refused(self, refusal: Refused, _server: object) -> None:
        """ERROR: the server refuses the request."""
        if not self.answer.called:
            self.answer.errback(refusal)


@frozen(eq=False, repr=False)
class Forgotten:
    """Stands in the place of a submission that has left the connection; ignores every packet.

    Attributes:
        packet: the packet that was sent for the submission.
        is_background: whether the server sends nothing more once it has accepted the job.
    """

    expects: ClassVar[int] = PacketType.JOB_CREATED
    key_of_answer: ClassVar[bytes | None] = None

    packet: bytes
    is_background: bool

    def created(self, _handle: bytes, _server: object) -> None:
        """JOB_CREATED: the server accepted it."""

    def refused(self, _refusal: Refused, _server: object) -> None:
        """ERROR: the server refused it."""

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


Listener: TypeAlias = Submission[Any] | Forgotten
"""What receives the packets about one submission."""

Request: TypeAlias = Listener | Query
"""What expects an answer."""

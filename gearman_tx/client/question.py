"""What a client asks a server beside submitting: one request, one answer."""

from __future__ import annotations

from attrs import define, field
from twisted.internet.defer import Deferred

from gearman_tx.errors import Refused


@define(eq=False)
class Question:
    """A request whose answer somebody waits for.

    Attributes:
        expects: the packet type of the answer.
        key_of_answer: what the answer must begin with, or None when it may say anything.
        answer: fires with the body of the answer, or fails with Refused.
    """

    expects: int
    key_of_answer: bytes | None = None
    answer: Deferred[bytes] = field(factory=Deferred)

    def answered(self, body: bytes) -> None:
        """Note the answer; nobody may be waiting for it any more."""
        if not self.answer.called:
            self.answer.callback(body)

    def refused(self, refusal: Refused, _server: object) -> None:
        """ERROR: the server does not do what it was asked for."""
        if not self.answer.called:
            self.answer.errback(refusal)

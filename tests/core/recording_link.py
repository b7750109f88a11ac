"""A connection as the core sees it, which records the packets sent to it."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import define, field

from gearman_tx.core import PeerLink, Promise

Refusal = tuple[bytes, bytes]
Answer = bytes | Refusal | None
"""The answer to a submission: a handle, an error's code and text, or nothing yet."""

NOOP = b"NOOP"
WORK_FAIL = b"WORK_FAIL"


@define(eq=False)
class RecordingLink(PeerLink):
    """A link without a connection.

    Attributes:
        fd: the number that reports show.
        host: the address that reports show.
        said: what was sent to it unasked, in order: NOOP, WORK_FAIL with the handle, and
            everything else as the worker gave it.
        answers: the answers of its submissions, in the order in which it submitted.
    """

    fd: int = 7
    host: str = "192.0.2.7"
    said: list[tuple[bytes, ...]] = field(factory=list)
    answers: list[Answer] = field(factory=list)

    def noop(self) -> None:
        """PeerLink: wake a worker."""
        self.said.append((NOOP,))

    def promise(self, size: int) -> RecordingPromise:  # noqa: ARG002  # the core's
        """PeerLink: keep the place of an answer."""
        self.answers.append(None)
        return RecordingPromise(self.answers, len(self.answers) - 1)

    def update(self, parts: Sequence[bytes]) -> None:
        """PeerLink: send a worker's packet."""
        self.said.append(tuple(parts))

    def failed(self, handle: bytes) -> None:
        """PeerLink: a job ended without a result."""
        self.said.append((WORK_FAIL, handle))


@define(eq=False)
class RecordingPromise(Promise):
    """A submission without an answer yet.

    Attributes:
        answers: the answers of its connection.
        place: where its own goes.
    """

    answers: list[Answer]
    place: int

    def created(self, handle: bytes) -> None:
        """Promise: the job is durable."""
        self._answer(handle)

    def refused(self, code: bytes, text: bytes) -> None:
        """Promise: the job could not be stored."""
        self._answer((code, text))

    def _answer(self, answer: Answer) -> None:
        assert self.answers[self.place] is None, "a submission is answered once"
        self.answers[self.place] = answer

"""An operator's connection to a job server: lines go out, and each gets its reply."""

from __future__ import annotations

from collections import deque
from typing import Any, Final

from attrs import define
from twisted.internet.defer import Deferred
from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure
from typing_extensions import override

from gearman_tx.errors import ConnectionLost, TimedOut
from gearman_tx.link.failure_text import failure_text

END: Final = b"."
"""The last line of a report."""

_LONGEST_LINE: Final = 16 * 1024 * 1024  # a worker's line names all of its functions


@define(eq=False)
class _Question:
    """A command under way.

    Attributes:
        is_report: whether its reply is lines up to a dot; None if the first line must tell.
        answer: fires with the lines.
        lines: those that have arrived.
    """

    is_report: bool | None
    answer: Deferred[list[bytes]]
    lines: list[bytes]


class AdminConnection(LineOnlyReceiver):
    """One connection; each reply is one line, or lines up to a dot.

    Args:
        timeout: seconds that the server has to answer each command.
        reactor: the reactor.

    Attributes:
        is_lost: whether the connection has ended.
    """

    delimiter = b"\n"
    MAX_LENGTH = _LONGEST_LINE

    def __init__(self, timeout: float, reactor: Any) -> None:
        self.is_lost = False
        self._timeout = timeout
        self._reactor = reactor
        self._questions: deque[_Question] = deque()

    def ask(self, line: bytes, *, is_report: bool | None) -> Deferred[list[bytes]]:
        """Send a command; fires with the lines of its reply, a report's dot included."""
        answer: Deferred[list[bytes]] = Deferred()
        answer.addTimeout(self._timeout, self._reactor, self._timed_out)
        self._questions.append(_Question(is_report, answer, []))
        assert self.transport is not None, "the connection was made"
        # The C server cuts the last letter of "create function NAME" before a lone line feed.
        self.transport.write(line + b"\r\n")
        return answer

    def _timed_out(self, _value: object, timeout: float) -> Failure:
        """Cut the connection: a late answer would be taken for the next one."""
        assert self.transport is not None, "a question was sent"
        self.transport.abortConnection()  # type: ignore[attr-defined]  # a stream transport has it
        return Failure(TimedOut(f"the job server did not answer within {timeout:g} seconds"))

    @override
    def lineReceived(self, line: bytes) -> None:
        """Twisted: a line arrived."""
        line = line.removesuffix(b"\r")
        if not self._questions:
            return
        question = self._questions[0]
        if not question.lines:
            if question.is_report is None:
                question.is_report = line.partition(b" ")[0] not in {b"OK", b"ERR"}
            elif line.startswith(b"ERR ") and b"\t" not in line:
                question.is_report = False  # with a tab it is the row of a function called ERR
        question.lines.append(line)
        if question.is_report and line != END:
            return
        self._questions.popleft()
        if not question.answer.called:
            question.answer.callback(question.lines)

    @override
    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: the connection is gone."""
        self.is_lost = True
        questions, self._questions = self._questions, deque()
        for question in questions:
            if not question.answer.called:
                text = f"no answer from the job server: {failure_text(reason.value)}"
                question.answer.errback(ConnectionLost(text))

"""Ask a job server for reports and send it commands, over the text protocol.

It works with every job server that has the text protocol of the C server; the methods say which
commands only the server of this project has. Commands are answered in order, so any number may be
under way on the one connection.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from attrs import define
from twisted.internet.defer import Deferred, DeferredLock, succeed
from twisted.internet.endpoints import connectProtocol
from twisted.internet.protocol import connectionDone
from twisted.protocols.basic import LineOnlyReceiver
from twisted.python.failure import Failure
from typing_extensions import override

from gearman_tx.admin import replies
from gearman_tx.admin.names import escape, unescape
from gearman_tx.errors import ConnectionLost, Refused, TimedOut
from gearman_tx.link.servers import Server, make_endpoint, parse_server

T = TypeVar("T")

DEFAULT_TIMEOUT: Final = 10.0
"""Seconds that a server may take to connect, and to answer a command."""

_LONGEST_LINE: Final = 16 * 1024 * 1024  # a worker's line names all of its functions
_END: Final = b"."


@define(eq=False)
class _Question:
    """A command under way."""

    is_report: bool
    answer: Deferred[list[bytes]]
    lines: list[bytes]


class _AdminProtocol(LineOnlyReceiver):
    """One connection; each reply is one line, or lines up to a dot."""

    delimiter = b"\n"
    MAX_LENGTH = _LONGEST_LINE

    def __init__(self, timeout: float, reactor: Any) -> None:
        self.is_lost = False
        self._timeout = timeout
        self._reactor = reactor
        self._questions: deque[_Question] = deque()

    def ask(self, line: bytes, *, is_report: bool) -> Deferred[list[bytes]]:
        """Send a command; fires with the lines of its reply, without a report's dot."""
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
        is_error = not question.lines and line.startswith(b"ERR ")
        if question.is_report and not is_error and line != _END:
            question.lines.append(line)
            return
        if line != _END or not question.is_report:
            question.lines.append(line)
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
                text = f"the job server closed the connection: {reason.getErrorMessage()}"
                question.answer.errback(ConnectionLost(text))


class AdminClient:
    """An operator's connection to one job server; it connects when the first question is asked.

    Every method returns a Deferred that fails with :class:`Refused` when the server answers with
    an error, :class:`ConnectionLost` when it cannot be reached or is lost, :class:`TimedOut` when
    it does not answer in time, :class:`RemoteProtocolError` when its answer has other columns
    than expected. Cancelling one only stops the waiting. Questions need not wait for the answers
    to earlier ones. Function names and handles are ``bytes``, as the reports give them.

    Args:
        server: ``"host:port"``, ``"host"`` or a Twisted client endpoint string.
        timeout: seconds that it may take to connect, and to answer each command; 10 by default.
        reactor: the reactor; the global one if None.

    Raises:
        ConfigurationError: the name of the server is invalid.
    """

    def __init__(
        self,
        server: str | Server = "localhost",
        *,
        timeout: float = DEFAULT_TIMEOUT,
        reactor: Any = None,
    ) -> None:
        if reactor is None:
            from twisted.internet import reactor
        self._reactor = reactor
        self._timeout = timeout
        self._server = parse_server(server) if isinstance(server, str) else server
        self._endpoint = make_endpoint(self._server, reactor)
        self._connection: _AdminProtocol | None = None
        self._lock = DeferredLock()  # the first question connects, the others wait for it

    async def _ask(self, *words: bytes, is_report: bool = False) -> list[bytes]:
        connection = await self._connected()
        return await connection.ask(b" ".join(words), is_report=is_report)

    def _connected(self) -> Deferred[_AdminProtocol]:
        """Return the connection, when the questions before this one have it."""
        return self._lock.run(lambda: Deferred.fromCoroutine(self._connect()))

    async def _connect(self) -> _AdminProtocol:
        """Return the connection; make it if there is none."""
        if self._connection is not None and not self._connection.is_lost:
            return self._connection
        protocol = _AdminProtocol(self._timeout, self._reactor)
        connecting = connectProtocol(self._endpoint, protocol)
        connecting.addTimeout(self._timeout, self._reactor)
        try:
            await connecting
        except Exception as error:
            text = f"cannot connect to job server {self._server.name}: {error}"
            raise ConnectionLost(text) from error
        self._connection = protocol
        return protocol

    def _report(self, read: Callable[[bytes], T], *words: bytes) -> Deferred[list[T]]:
        return Deferred.fromCoroutine(self._read_report(read, words))

    async def _read_report(self, read: Callable[[bytes], T], words: Sequence[bytes]) -> list[T]:
        lines = await self._ask(*words, is_report=True)
        if len(lines) == 1 and lines[0].startswith(b"ERR "):
            replies.check(lines[0])
        return replies.read_rows(lines, read)

    def _command(self, *words: bytes) -> Deferred[bytes]:
        asking = Deferred.fromCoroutine(self._ask(*words))
        return asking.addCallback(lambda lines: replies.check(lines[0]))

    def status(self) -> Deferred[list[replies.FunctionStatus]]:
        """Fires with every function's jobs and workers."""
        return self._report(replies.function_status, b"status")

    def priority_status(self) -> Deferred[list[replies.PriorityStatus]]:
        """Fires with every function's queued jobs by priority."""
        return self._report(replies.priority_status, b"prioritystatus")

    def workers(self) -> Deferred[list[replies.ConnectionStatus]]:
        """Fires with every connection and the functions it registered."""
        return self._report(replies.connection_status, b"workers")

    def queued_jobs(self) -> Deferred[list[replies.QueuedJob]]:
        """Fires with the handle of every job (``show jobs``)."""
        return self._report(replies.queued_job, b"show", b"jobs")

    def unique_jobs(self) -> Deferred[list[bytes]]:
        """Fires with the unique of every job (``show unique jobs``)."""
        return self._report(unescape, b"show", b"unique", b"jobs")

    def jobs(self, function: bytes | None = None) -> Deferred[list[replies.JobDetails]]:
        """Fires with the details of every job, or of one function's; not from a C server."""
        words = [b"jobs"] if function is None else [b"jobs", _word(function)]
        return self._report(replies.job_details, *words)

    def functions(self) -> Deferred[list[replies.FunctionDetails]]:
        """Fires with every function's counts and limits; not from a C server."""
        return self._report(replies.function_details, b"functions")

    def version(self) -> Deferred[str]:
        """Fires with the server's version."""
        return self._command(b"version").addCallback(bytes.decode)

    def pid(self) -> Deferred[int]:
        """Fires with the server's process id."""
        return self._command(b"getpid").addCallback(int)

    def verbosity(self) -> Deferred[str]:
        """Fires with the level of the server's log, in capital letters, e.g. ``ERROR``."""
        return self._command(b"verbose").addCallback(bytes.decode)

    def ping(self) -> Deferred[float]:
        """Fires with the seconds between a question and its answer, without connecting."""
        return Deferred.fromCoroutine(self._ping())

    async def _ping(self) -> float:
        await self._connected()
        begun = self._reactor.seconds()
        await self.version()
        return float(self._reactor.seconds() - begun)

    def set_max_queue(
        self, function: bytes, high: int = 0, normal: int | None = None, low: int | None = None
    ) -> Deferred[bytes]:
        """Limit how many jobs a function may have, queued and running together.

        A submission over the limit is refused with ``QUEUE_ERROR``. The C server ignores the
        command without an error if it does not know the function yet.

        Args:
            function: its name.
            high: the limit for submissions of high priority, or of every priority if no other
                limit is given. 0 is no limit.
            normal: the limit for submissions of normal priority; None with ``low`` given is 0.
            low: the limit for submissions of low priority; None with ``normal`` given is 0.

        Returns:
            Fires with empty bytes when the limit is set.
        """
        limits = [high]
        if normal is not None or low is not None:
            limits = [high, normal or 0, low or 0]
        numbers = [b"%d" % limit for limit in limits]
        return self._command(b"maxqueue", _word(function), *numbers)

    def cancel(self, handle: bytes) -> Deferred[bool]:
        """End a queued or running job; its clients get WORK_FAIL.

        A worker that runs it gets no notice, and its result is dropped. The C server only marks the
        job, and lists it until its turn comes.

        Returns:
            Fires with whether there was a job with that handle.
        """
        cancelling = self._command(b"cancel", b"job", _word(handle))
        return cancelling.addCallbacks(lambda _: True, _unknown_job)

    def create_function(self, function: bytes) -> Deferred[bytes]:
        """Make a function known, as the first submission or worker would; fires with ``b""``."""
        return self._command(b"create", b"function", _word(function))

    def drop_function(self, function: bytes) -> Deferred[bytes]:
        """Forget a function that has neither workers nor running jobs, and its waiting jobs.

        Returns:
            Fires with empty bytes; fails with :class:`Refused` if the function is unknown or in
            use.
        """
        return self._command(b"drop", b"function", _word(function))

    def shutdown(self, *, graceful: bool = False) -> Deferred[bytes]:
        """Stop the server, if it was started with ``--allow-shutdown``.

        Args:
            graceful: wait for the running jobs and those that a client waits for; for every job
                if the queue is in memory.

        Returns:
            Fires with the answer; fails with :class:`Refused` if the server does not allow it.
        """
        return self._command(b"shutdown", *([b"graceful"] if graceful else []))

    def close(self) -> Deferred[None]:
        """Disconnect; a later question connects again. Fires at once."""
        connection, self._connection = self._connection, None
        if connection is not None and not connection.is_lost and connection.transport is not None:
            connection.transport.loseConnection()
        return succeed(None)


def _word(name: bytes) -> bytes:
    """Return ``name`` as one word of a command."""
    return escape(name).replace(b" ", b"\\x20")


def _unknown_job(reason: Failure) -> bool:
    reason.trap(Refused)
    if reason.value.code != b"UNKNOWN_JOB":  # type: ignore[union-attr]  # a Refused has it
        raise reason.value  # type: ignore[misc]
    return False

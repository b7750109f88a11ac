"""Ask a job server for reports and send it commands, over the text protocol.

It works with every job server that has the text protocol of the C server; the methods say which
commands only the server of this project has. Commands are answered in order, so any number may be
under way on the one connection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final, TypeVar

from twisted.internet.defer import Deferred, DeferredList, DeferredLock, succeed
from twisted.internet.endpoints import connectProtocol

from gearman_tx.admin import answers, replies
from gearman_tx.admin.connection import END, AdminConnection
from gearman_tx.admin.names import escape, unescape
from gearman_tx.admin.store_status import StoreStatus, read_store
from gearman_tx.errors import ConnectionLost, LocalProtocolError, Refused
from gearman_tx.link.servers import Server, as_server, make_endpoint
from gearman_tx.link.steady_time import keep_steady
from gearman_tx.link.unreachable import why_unreachable

T = TypeVar("T")

DEFAULT_TIMEOUT: Final = 10.0
"""Seconds that a server may take to connect, and to answer a command."""

_REPORTS: Final = frozenset(
    (
        *(b"clients", b"functions", b"help", b"job", b"jobs", b"prioritystatus", b"show"),
        *(b"status", b"store", b"workers"),
    )
)
"""The commands that are answered by lines up to a dot, unless they are refused."""

_COMMANDS: Final = frozenset(
    (b"cancel", b"create", b"drop", b"getpid", b"maxqueue", b"shutdown", b"verbose", b"version")
)
"""The commands that are answered by one line."""

_WINDOW: Final = 1000  # commands that are sent before the answer to the first of them
_UNKNOWN_JOB: Final = answers.UNKNOWN_JOB.rstrip()


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
        reactor: the reactor; the global one if None. Its timed calls follow the monotonic clock
            from then on.

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
        keep_steady(reactor)
        self._reactor = reactor
        self._timeout = timeout
        self._server = as_server(server)
        self._endpoint = make_endpoint(self._server, reactor)
        self._connection: AdminConnection | None = None
        self._lock = DeferredLock()  # the first question connects, the others wait for it

    @property
    def server(self) -> Server:
        """The job server that is asked."""
        return self._server

    async def _ask(self, *words: bytes, is_report: bool | None = False) -> list[bytes]:
        connection = await self._connected()
        return await connection.ask(b" ".join(words), is_report=is_report)

    async def _ask_report(self, *words: bytes) -> list[bytes]:
        *rows, last = await self._ask(*words, is_report=True)
        if last != END:
            replies.check(last)
        return rows

    def _connected(self) -> Deferred[AdminConnection]:
        """Return the connection, when the questions before this one have it."""
        return self._lock.run(lambda: Deferred.fromCoroutine(self._connect()))

    async def _connect(self) -> AdminConnection:
        """Return the connection; make it if there is none."""
        if self._connection is not None and not self._connection.is_lost:
            return self._connection
        protocol = AdminConnection(self._timeout, self._reactor)
        begin = self._reactor.seconds()
        connecting = connectProtocol(self._endpoint, protocol)
        connecting.addTimeout(self._timeout, self._reactor)
        try:
            await connecting
        except Exception as error:
            why = why_unreachable(error, self._reactor.seconds() - begin)
            text = f"cannot connect to job server {self._server.name}: {why}"
            raise ConnectionLost(text) from error
        self._connection = protocol
        return protocol

    def _report(self, read: Callable[[bytes], T], *words: bytes) -> Deferred[list[T]]:
        return Deferred.fromCoroutine(self._read_report(read, words))

    async def _read_report(self, read: Callable[[bytes], T], words: Sequence[bytes]) -> list[T]:
        return replies.read_rows(await self._ask_report(*words), read)

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

    def jobs(
        self, function: bytes | None = None, state: str | None = None
    ) -> Deferred[list[replies.JobDetails]]:
        """Fires with the details of jobs, the oldest first; not from a C server.

        Args:
            function: the function whose jobs are meant; None means every function's.
            state: ``delayed``, ``queued``, ``running`` or ``kept``; None means any state.
        """
        return self._report(replies.job_details, *_jobs_words(function, state))

    def job_lines(
        self, function: bytes | None = None, state: str | None = None
    ) -> Deferred[list[bytes]]:
        """Fires with the rows of the text command ``jobs``, with the arguments of :meth:`jobs`.

        A program that needs a few of very many jobs saves the time to read the others.
        """
        return Deferred.fromCoroutine(self._ask_report(*_jobs_words(function, state)))

    def functions(self) -> Deferred[list[replies.FunctionDetails]]:
        """Fires with every function's counts and limits; not from a C server."""
        return self._report(replies.function_details, b"functions")

    def job(self, handle: bytes) -> Deferred[replies.JobDetails | None]:
        """Fires with the details of one job, or with None if it is unknown; not from a C server."""
        return Deferred.fromCoroutine(self._job(handle))

    async def _job(self, handle: bytes) -> replies.JobDetails | None:
        rows = await _if_known(self._report(replies.job_details, b"job", _word(handle)))
        return None if rows is None else rows[0]

    def clients(self) -> Deferred[list[replies.ClientDetails]]:
        """Fires with what every connection does; not from a C server."""
        return self._report(replies.client_details, b"clients")

    def store(self) -> Deferred[StoreStatus]:
        """Fires with the state of the store of background jobs; not from a C server."""
        return Deferred.fromCoroutine(self._ask_report(b"store")).addCallback(read_store)

    def ask(self, command: bytes) -> Deferred[bytes]:
        """Send a text command as it is.

        Args:
            command: one line, without its end.

        Returns:
            Fires with the reply, which may be an error. It is one line, or the lines of a report
            and its dot; each line ends in LF.

        Raises:
            LocalProtocolError: the command has a line end.
        """
        if b"\n" in command:
            raise LocalProtocolError(f"{command[:200]!r} is more than one line")
        verb = command.partition(b" ")[0].lower()
        is_report = True if verb in _REPORTS else False if verb in _COMMANDS else None
        asking = Deferred.fromCoroutine(self._ask(command, is_report=is_report))
        return asking.addCallback(lambda lines: b"".join(line + b"\n" for line in lines))

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
        return Deferred.fromCoroutine(self._cancel(handle))

    async def _cancel(self, handle: bytes) -> bool:
        return await _if_known(self._command(b"cancel", b"job", _word(handle))) is not None

    def cancel_many(self, handles: Sequence[bytes]) -> Deferred[list[bool]]:
        """End jobs as :meth:`cancel` does, and send many commands before the first answer.

        Returns:
            Fires with whether there was such a job, for each handle.
        """
        return Deferred.fromCoroutine(self._cancel_many(handles))

    async def _cancel_many(self, handles: Sequence[bytes]) -> list[bool]:
        connection = await self._connected()
        found = []
        for start in range(0, len(handles), _WINDOW):
            asking = [
                connection.ask(b"cancel job " + _word(handle), is_report=False)
                for handle in handles[start : start + _WINDOW]
            ]
            outcomes: list[tuple[bool, Any]] = await DeferredList(asking, consumeErrors=True)
            for is_reply, outcome in outcomes:
                if not is_reply:
                    outcome.raiseException()
                found.append(outcome[0] != _UNKNOWN_JOB)
                if found[-1]:
                    replies.check(outcome[0])
        return found

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


def _jobs_words(function: bytes | None, state: str | None) -> list[bytes]:
    """Return the words of ``jobs``; a lone ``*`` is every function."""
    if state is not None:
        return [b"jobs", b"*" if function is None else _job_word(function), state.encode()]
    return [b"jobs"] if function is None else [b"jobs", _job_word(function)]


def _job_word(function: bytes) -> bytes:
    return b"\\x2a" if function == b"*" else _word(function)


async def _if_known(asking: Deferred[T]) -> T | None:
    """Return the answer to a question about a job; None if the server does not know the job."""
    try:
        return await asking
    except Refused as refusal:
        if refusal.code != b"UNKNOWN_JOB":
            raise
        return None

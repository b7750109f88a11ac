"""One connection of a client to a job server: requests out, answers and packets about jobs in.

Theory of operation. *Requests* is the queue of what the server has not answered yet: submissions
and queries, oldest first. A server answers in order, and ERROR answers the first request. Any other
answer goes to the first request that expects it, so a server that answers an echo before it has
stored a job does no harm. *Jobs* has the accepted submissions by handle.

Several submissions may share a handle: the server joins those with the same unique into one job and
sends every packet about it *once for each of them*. Nothing in a packet says which copy is for
which submission. So the copies are given to the sharing submissions in turn, and each submission
gets each packet once. The last packet ends the job for all of them at once, because some servers
send just one copy of it.

The first request is a greeting, OPTION_REQ. Submissions wait for its answer, which shows that the
peer is a working job server. After that, a limit on unanswered submissions bounds memory, and what
is in doubt when the server is lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall
from typing_extensions import override

from gearman_tx.client.lazy_reading import AfterRead, LazyReading
from gearman_tx.client.ports import ConnectionOwner
from gearman_tx.client.requests import Forgotten, Listener, Query, Request
from gearman_tx.client.submission import Submission
from gearman_tx.client.submit_packet import LIMIT_NAME
from gearman_tx.errors import ConnectionLost, Refused, RemoteProtocolError, TimedOut, TooLarge
from gearman_tx.link import PROBE, LinkLimits, OutgoingLink, SocketSet, Turn, outgoing_handlers
from gearman_tx.wire import TOO_LARGE, OversizedPacket, PacketType, leading_number, request

GREETING_TIMEOUT: Final = 10.0
"""Seconds that a new connection may take to answer the greeting."""

REQUEST_TIMEOUT: Final = 30.0
"""Seconds that a server may take to answer a query."""

_ABOUT_A_JOB: Final = frozenset(range(PacketType.WORK_STATUS, PacketType.WORK_FAIL + 1)) | {
    PacketType.WORK_DATA,
    PacketType.WORK_EXCEPTION,
    PacketType.WORK_WARNING,
}

WINDOW_BYTES: Final = 4 * 1024 * 1024
"""Bytes of unanswered submissions; further ones wait. A single submission may be larger."""


class ClientConnection(OutgoingLink):
    """A connection that sends submissions and queries.

    Args:
        owner: receives the events.
        server: the name of the server.
        turn: the reactor turn that output is gathered in.
        sockets: serves the connection, if it is a plain socket.
        limits: what the connection may cost.
        window: how many submissions may be unanswered.
        options: the options to ask for in the greeting, as the server spells them.
        after_read: is told when each read begins and ends.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # the server link is the only caller
        self,
        owner: ConnectionOwner,
        server: str,
        turn: Turn,
        sockets: SocketSet,
        limits: LinkLimits,
        window: int,
        options: Iterable[bytes],
        after_read: AfterRead,
    ) -> None:
        super().__init__(server, turn, _HANDLERS, limits)
        self._after_read = after_read
        self._owner = owner
        self._clock = turn.clock
        self._sockets = sockets
        self._window = window
        self._options = list(options)
        self._requests: deque[Request] = deque()
        self._jobs: dict[bytes, list[Listener]] = {}
        self._unanswered = 0
        self._unanswered_bytes = 0
        self._greeting: IDelayedCall | None = None

    @property
    def has_room(self) -> bool:
        """Whether one more submission may be sent."""
        unanswered = self._unanswered
        return unanswered == 0 or (
            unanswered < self._window and self._unanswered_bytes < WINDOW_BYTES
        )

    @override
    def connectionMade(self) -> None:
        """Twisted: the connection is open; greet the server."""
        super().connectionMade()
        self._sockets.adopt(self.transport)
        self._reading = LazyReading(self._clock, self.transport)
        self._greeting = self._clock.callLater(GREETING_TIMEOUT, self._not_greeted)
        answers = [self.ask_for(option) for option in self._options]
        DeferredList(answers, consumeErrors=True).addCallback(self._greeted)

    @override
    def dataReceived(self, data: bytes) -> None:
        """Twisted: bytes arrived."""
        self._after_read.begin()
        super().dataReceived(data)
        self._after_read.end()
        if not self._is_over:
            self._reading.has_read(len(data), len(self._jobs))

    def _greeted(self, _answers: object) -> None:
        """Go on, even when the server refused the options."""
        if not self.is_over:
            self._stop_greeting()
            self._owner.greeted(self)

    def _not_greeted(self) -> None:
        self._greeting = None
        self.protocol_failed(f"it did not answer in {GREETING_TIMEOUT:g} seconds")

    def _stop_greeting(self) -> None:
        if self._greeting is not None:
            self._greeting.cancel()
            self._greeting = None

    @override
    def ended(self) -> None:
        """OutgoingLink: the connection is over."""
        super().ended()
        self._reading.stop()
        self._stop_greeting()
        self._owner.lost(self)

    # ---------------------------------------------------------------------------- requests

    def submit(self, submission: Submission[Any]) -> None:
        """Send ``submission`` and hold it until the job ends."""
        packet = submission.packet
        self._requests.append(submission)
        self._unanswered += 1
        self._unanswered_bytes += len(packet)
        submission.holder = self
        self.send(packet)

    def ask(self, packet: bytes, expects: int, key: bytes | None = None) -> Deferred[bytes]:
        """Send a query.

        Args:
            packet: the request.
            expects: the packet type of the answer.
            key: what the answer must begin with.

        Returns:
            Fires with the body of the answer. Fails with Refused, with ConnectionLost when the
            server is lost, with TimedOut after 30 seconds. Cancelling it only stops the waiting.
        """
        query = Query(expects, key)
        query.answer.addTimeout(REQUEST_TIMEOUT, self._clock, self._not_answered)
        self._requests.append(query)
        self.send(packet)
        return query.answer

    def _not_answered(self, _result: object, timeout: float) -> None:
        raise TimedOut(f"job server {self.server} did not answer in {timeout:g} seconds")

    def ask_for(self, option: bytes) -> Deferred[bytes]:
        """Ask the server for ``option`` on this connection; see :meth:`ask`."""
        return self.ask(request(PacketType.OPTION_REQ, option), PacketType.OPTION_RES)

    def forget(self, submission: Submission[Any]) -> None:
        """Holder: put a :class:`Forgotten` in the place of ``submission``."""
        forgotten = Forgotten(submission.packet, submission.is_background)
        row: deque[Request] | list[Listener]
        row = self._jobs.get(submission.handle, []) if submission.is_accepted else self._requests
        with suppress(ValueError):  # its last packet is being handled just now
            row[row.index(submission)] = forgotten

    def release(self) -> tuple[list[Submission[Any]], list[Submission[Any]]]:
        """Give up all submissions and queries, because the connection is over.

        Queries fail with ConnectionLost.

        Returns:
            The submissions that were not answered, and those that were accepted, oldest first.
        """
        requests, self._requests = self._requests, deque()
        jobs, self._jobs = self._jobs, {}
        unanswered = [one for one in requests if isinstance(one, Submission)]
        accepted = [one for row in jobs.values() for one in row if isinstance(one, Submission)]
        for submission in [*unanswered, *accepted]:
            submission.holder = None  # a callback of the first may cancel the others
        for one in requests:
            if isinstance(one, Query) and not one.answer.called:
                one.answer.errback(self.lost_error())
        return unanswered, accepted

    def lost_error(self) -> ConnectionLost:
        """Return the error for submissions and queries that were at this server."""
        return ConnectionLost(f"job server {self.server} was lost: {self.reason}")

    # ---------------------------------------------------- handlers of packets

    def job_created(self, body: bytes) -> None:
        """JOB_CREATED: the server accepted the oldest submission."""
        listener = self._take(PacketType.JOB_CREATED)
        assert not isinstance(listener, Query), "no query expects JOB_CREATED"
        handle = body.rstrip(b"\0")
        self._answered(listener)
        if not listener.is_background:
            self._jobs.setdefault(handle, []).append(listener)
        listener.created(handle, self._owner)
        self._owner.has_room()

    def error(self, body: bytes) -> None:
        """ERROR: the server refuses the oldest request."""
        if not self._requests:
            raise RemoteProtocolError(f"an ERROR answers nothing that was asked: {body[:80]!r}")
        code, _, text = body.partition(b"\0")
        first = self._requests.popleft()
        if not isinstance(first, Query):
            self._answered(first)
        first.refused(Refused(code, text), self._owner)
        self._owner.has_room()

    def option_res(self, body: bytes) -> None:
        """OPTION_RES: the option is set on this connection."""
        self._answer(PacketType.OPTION_RES, body)

    def echo_res(self, body: bytes) -> None:
        """ECHO_RES: the bytes of an echo, or of a heartbeat, which is no query."""
        try:
            self._answer(PacketType.ECHO_RES, body, body)
        except RemoteProtocolError:
            if body != PROBE:
                raise

    def status_res(self, body: bytes) -> None:
        """STATUS_RES: the status of the job with a handle."""
        self._answer(PacketType.STATUS_RES, body, body.partition(b"\0")[0])

    def status_res_unique(self, body: bytes) -> None:
        """STATUS_RES_UNIQUE: the status of the job with a unique."""
        self._answer(PacketType.STATUS_RES_UNIQUE, body)

    def work_data(self, body: bytes) -> None:
        """WORK_DATA: a part of the result."""
        handle, _, data = body.partition(b"\0")
        listener = self._next_listener(handle)
        if listener is not None:
            listener.data(data)

    def work_warning(self, body: bytes) -> None:
        """WORK_WARNING: the worker warns."""
        handle, _, data = body.partition(b"\0")
        listener = self._next_listener(handle)
        if listener is not None:
            listener.warning(data)

    def work_status(self, body: bytes) -> None:
        """WORK_STATUS: the progress of the job."""
        handle, _, numbers = body.partition(b"\0")
        listener = self._next_listener(handle)
        if listener is not None:
            numerator, _, denominator = numbers.partition(b"\0")
            listener.status(leading_number(numerator), leading_number(denominator))

    def work_complete(self, body: bytes) -> None:
        """WORK_COMPLETE: the result, for all submissions that share the job."""
        handle, _, data = body.partition(b"\0")
        for listener in self._jobs.pop(handle, ()):
            listener.complete(data)

    def work_fail(self, body: bytes) -> None:
        """WORK_FAIL: the job failed, for all submissions that share it."""
        for listener in self._jobs.pop(body.partition(b"\0")[0], ()):
            listener.failed()

    def work_exception(self, body: bytes) -> None:
        """WORK_EXCEPTION: the job failed with an exception, for all that share it."""
        handle, _, data = body.partition(b"\0")
        for listener in self._jobs.pop(handle, ()):
            listener.exception(data)

    def too_large(self, packet: OversizedPacket) -> None:
        """A packet about a job is over the limit: fail the tasks that wait for the job."""
        if packet.type not in _ABOUT_A_JOB:
            raise RemoteProtocolError(str(packet))
        for listener in self._jobs.pop(packet.handle, ()):
            if isinstance(listener, Submission):
                listener.give_up(TooLarge(packet.size, packet.limit, LIMIT_NAME))

    def _take(self, packet_type: int, key: bytes | None = None) -> Request:
        """Remove and return the request that an answer belongs to.

        Raises:
            RemoteProtocolError: there is none.
        """
        requests = self._requests
        if requests and requests[0].expects == packet_type and key is None:
            return requests.popleft()
        for place, one in enumerate(requests):
            if one.expects == packet_type and one.key_of_answer in {None, key}:
                del requests[place]
                return one
        raise RemoteProtocolError(f"{PacketType(packet_type).name} answers nothing that was asked")

    def _answer(self, packet_type: int, body: bytes, key: bytes | None = None) -> None:
        query = self._take(packet_type, key)
        assert isinstance(query, Query), "submissions expect JOB_CREATED"
        query.answered(body)

    def _answered(self, listener: Listener) -> None:
        """Count the answer to a submission, while its packet is still known."""
        self._unanswered -= 1
        self._unanswered_bytes -= len(listener.packet)

    def _next_listener(self, handle: bytes) -> Listener | None:
        """Return the submission that gets this copy of a packet about a running job."""
        row = self._jobs.get(handle)
        if row is None:
            return None
        listener = row[0]
        if len(row) > 1:
            row.append(row.pop(0))
        return listener


_HANDLERS: Final = outgoing_handlers(
    {
        TOO_LARGE: ClientConnection.too_large,
        PacketType.JOB_CREATED: ClientConnection.job_created,
        PacketType.ERROR: ClientConnection.error,
        PacketType.OPTION_RES: ClientConnection.option_res,
        PacketType.ECHO_RES: ClientConnection.echo_res,
        PacketType.STATUS_RES: ClientConnection.status_res,
        PacketType.STATUS_RES_UNIQUE: ClientConnection.status_res_unique,
        PacketType.WORK_DATA: ClientConnection.work_data,
        PacketType.WORK_WARNING: ClientConnection.work_warning,
        PacketType.WORK_STATUS: ClientConnection.work_status,
        PacketType.WORK_COMPLETE: ClientConnection.work_complete,
        PacketType.WORK_FAIL: ClientConnection.work_fail,
        PacketType.WORK_EXCEPTION: ClientConnection.work_exception,
    }
)

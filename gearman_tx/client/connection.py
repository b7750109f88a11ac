"""One connection of a client to a job server: requests out, answers and news of jobs in.

Theory of operation. *Requests* is the row of what the server has not answered yet: submissions and
questions, oldest first. A server answers in order, and ERROR answers whatever is first; an answer
of another kind goes to the first request that expects it, so that a server which answers an echo
before it has stored a job does no harm. *Jobs* has the submissions that were accepted, by handle.

Several submissions may share a handle: the server joins those with the same unique into one job,
and sends every packet about it *once for each of them*, with nothing that says which copy is
whose. So the copies go round: each is given to the next of those who share the handle, and
everybody gets each packet once. The last packet ends the job for all at once, so that nobody
waits for a copy from a server that sends just one.

The first thing sent is a greeting, OPTION_REQ. Nothing is submitted before it is answered: only
then it is known that the peer is a job server that lives. After that the number of unanswered
submissions is bounded, which bounds memory, and what is in doubt when the server is lost.
"""

from __future__ import annotations

from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall
from typing_extensions import override

from gearman_tx.client.after_read import AfterRead
from gearman_tx.client.lazy_reading import LazyReading
from gearman_tx.client.nobody import Nobody
from gearman_tx.client.ports import ConnectionOwner
from gearman_tx.client.question import Question
from gearman_tx.client.submission import Submission
from gearman_tx.errors import ConnectionLost, Refused, RemoteProtocolError, TimedOut
from gearman_tx.link import PROBE, LinkLimits, OutgoingLink, SocketSet, Turn, make_handlers
from gearman_tx.wire import PacketType, leading_number, request

if TYPE_CHECKING:
    from collections.abc import Iterable

GREETING_TIMEOUT: Final = 10.0
"""Seconds that a new connection may take to answer the greeting."""

REQUEST_TIMEOUT: Final = 30.0
"""Seconds that a server may take to answer anything but a submission."""

DEFAULT_UNANSWERED: Final = 4096
"""Submissions that a server may leave unanswered; more wait here."""

WINDOW_BYTES: Final = 4 * 1024 * 1024
"""Bytes of such submissions, beyond which they wait here too, except for a single one."""

Listener: TypeAlias = Submission[Any] | Nobody
Request: TypeAlias = Listener | Question


class ClientConnection(OutgoingLink):
    """A connection over which tasks are submitted and asked about.

    Args:
        owner: who is told of its life.
        server: the name of the server.
        turn: the reactor turn that output is gathered in.
        sockets: serves the connection, if it is a plain socket.
        limits: what the connection may cost.
        window: how many submissions may be unanswered.
        options: what to ask for in the greeting, as the server spells it.
        after_read: told of each read.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # the line is the only caller
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
        """Twisted: the connection is there; greet the server."""
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
        """Go on: a server that refuses the options lives as well."""
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
        """OutgoingLink: the server takes part no more."""
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
        """Send a request that has an answer.

        Args:
            packet: the request.
            expects: the packet type of the answer.
            key: what the answer must begin with.

        Returns:
            Fires with the body of the answer; fails with Refused, with ConnectionLost when the
            server is lost, with TimedOut when it does not answer. Cancelling it only stops the
            waiting.
        """
        question = Question(expects, key)
        question.answer.addTimeout(REQUEST_TIMEOUT, self._clock, self._not_answered)
        self._requests.append(question)
        self.send(packet)
        return question.answer

    def _not_answered(self, _result: object, timeout: float) -> None:
        raise TimedOut(f"job server {self.server} did not answer in {timeout:g} seconds")

    def ask_for(self, option: bytes) -> Deferred[bytes]:
        """Ask the server for ``option`` on this connection; see :meth:`ask`."""
        return self.ask(request(PacketType.OPTION_REQ, option), PacketType.OPTION_RES)

    def forget(self, submission: Submission[Any]) -> None:
        """Holder: let somebody else take what arrives for ``submission``."""
        nobody = Nobody(submission.packet, submission.is_background)
        row: deque[Request] | list[Listener]
        row = self._jobs.get(submission.handle, []) if submission.is_accepted else self._requests
        with suppress(ValueError):  # its last packet is being dealt with just now
            row[row.index(submission)] = nobody

    def release(self) -> tuple[list[Submission[Any]], list[Submission[Any]]]:
        """Give up everything, because the connection is over.

        Questions fail with ConnectionLost.

        Returns:
            The submissions that were not answered, and those that were accepted, oldest first.
        """
        requests, self._requests = self._requests, deque()
        jobs, self._jobs = self._jobs, {}
        unanswered = [one for one in requests if isinstance(one, Submission)]
        accepted = [one for row in jobs.values() for one in row if isinstance(one, Submission)]
        for submission in [*unanswered, *accepted]:
            submission.holder = None  # whoever is told of the first may cancel the others
        for one in requests:
            if isinstance(one, Question) and not one.answer.called:
                one.answer.errback(self.lost_error())
        return unanswered, accepted

    def lost_error(self) -> ConnectionLost:
        """Return the error of whoever waited for this server."""
        return ConnectionLost(f"job server {self.server} was lost: {self.reason}")

    # ---------------------------------------------------- answers: the handlers of packets

    def job_created(self, body: bytes) -> None:
        """JOB_CREATED: the oldest submission is a job now."""
        listener = self._take(PacketType.JOB_CREATED)
        assert not isinstance(listener, Question), "no question expects JOB_CREATED"
        handle = body.rstrip(b"\0")
        self._answered(listener)
        if not listener.is_background:
            self._jobs.setdefault(handle, []).append(listener)
        listener.created(handle, self._owner)
        self._owner.has_room()

    def error(self, body: bytes) -> None:
        """ERROR: the server does not do what was asked first."""
        if not self._requests:
            raise RemoteProtocolError(f"an ERROR answers nothing that was asked: {body[:80]!r}")
        code, _, text = body.partition(b"\0")
        first = self._requests.popleft()
        if not isinstance(first, Question):
            self._answered(first)
        first.refused(Refused(code, text), self._owner)
        self._owner.has_room()

    def option_res(self, body: bytes) -> None:
        """OPTION_RES: the option is set on this connection."""
        self._answer(PacketType.OPTION_RES, body)

    def echo_res(self, body: bytes) -> None:
        """ECHO_RES: the bytes that were sent; those of the heartbeat are for nobody."""
        try:
            self._answer(PacketType.ECHO_RES, body, body)
        except RemoteProtocolError:
            if body != PROBE:
                raise

    def status_res(self, body: bytes) -> None:
        """STATUS_RES: what the server knows of a handle."""
        self._answer(PacketType.STATUS_RES, body, body.partition(b"\0")[0])

    def status_res_unique(self, body: bytes) -> None:
        """STATUS_RES_UNIQUE: what the server knows of a unique."""
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
        """WORK_STATUS: how far the job is."""
        handle, _, numbers = body.partition(b"\0")
        listener = self._next_listener(handle)
        if listener is not None:
            numerator, _, denominator = numbers.partition(b"\0")
            listener.status(leading_number(numerator), leading_number(denominator))

    def work_complete(self, body: bytes) -> None:
        """WORK_COMPLETE: the result, for all who share the job."""
        handle, _, data = body.partition(b"\0")
        for listener in self._jobs.pop(handle, ()):
            listener.complete(data)

    def work_fail(self, body: bytes) -> None:
        """WORK_FAIL: there is no result, for all who share the job."""
        for listener in self._jobs.pop(body.partition(b"\0")[0], ()):
            listener.failed()

    def work_exception(self, body: bytes) -> None:
        """WORK_EXCEPTION: there is no result and the worker says why, for all who share the job."""
        handle, _, data = body.partition(b"\0")
        for listener in self._jobs.pop(handle, ()):
            listener.exception(data)

    def _take(self, packet_type: int, key: bytes | None = None) -> Request:
        """Take the request that an answer belongs to out of the row.

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
        name = PacketType(packet_type).name
        raise RemoteProtocolError(f"{name} answers nothing that was asked")

    def _answer(self, packet_type: int, body: bytes, key: bytes | None = None) -> None:
        question = self._take(packet_type, key)
        assert isinstance(question, Question), "submissions expect JOB_CREATED"
        question.answered(body)

    def _answered(self, listener: Listener) -> None:
        """Note that a submission was answered, while its packet is still known."""
        self._unanswered -= 1
        self._unanswered_bytes -= len(listener.packet)

    def _next_listener(self, handle: bytes) -> Listener | None:
        """Return who gets this copy of a packet about a job that goes on."""
        row = self._jobs.get(handle)
        if row is None:
            return None
        listener = row[0]
        if len(row) > 1:
            row.append(row.pop(0))
        return listener


_HANDLERS: Final = make_handlers(
    {
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

"""One submission from start to end, over any number of tries and servers.

Theory of operation. A submission is always in one state: *waiting* at a server or for any server,
*sent* to a server that has not answered yet, *accepted* by one, or *done*. Its ``holder`` is the
object that has it, and only the holder moves it:

    waiting  -> sent                    a connection takes it
    sent     -> accepted                JOB_CREATED; a background task is done then
    sent     -> waiting                 the server was lost or shuts down; this costs no retry
    accepted -> done                    WORK_COMPLETE, or a failed try when no retries are left
    accepted -> waiting                 a failed try when retries are left
    any      -> done                    cancelled, or timed out: the holder must forget it

What never happens: it ends twice, or never. Every Deferred that was returned fires when it ends.
Deferreds are made on demand: a task whose result alone is awaited has one Deferred. A failure that
no caller has asked for is logged when the last reference to the task goes away.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Final, Generic, TypeVar

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger

from gearman_tx.client.ports import (
    NO_CALLBACKS,
    AcceptingServer,
    Callbacks,
    Holder,
    SubmissionRouter,
)
from gearman_tx.client.update_stream import UpdateStream
from gearman_tx.client.updates import Data, Status, Update
from gearman_tx.client.updates import Warning as WarningUpdate
from gearman_tx.errors import ConnectionLost, JobException, JobFailed, Refused, TimedOut
from gearman_tx.wire import PacketType

T = TypeVar("T")

_NOT_SEEN: Final = "a task of {function} failed and no caller asked for its result: {error}"

_log = Logger()


@define(eq=False)
class _UnseenFailure:
    """The failure of a task for whose result no caller has asked; logged when it is deleted.

    Only the submission refers to it. It exists for failures only: a finalizer on every submission
    would cost those that succeed.
    """

    function: bytes
    error: Exception
    is_seen: bool = field(default=False, init=False)

    def __del__(self) -> None:
        if not self.is_seen:
            name = self.function.decode("utf-8", "replace")
            _log.warn(_NOT_SEEN, function=name, error=self.error)


@define(eq=False, repr=False)
class Submission(Generic[T]):
    """The state of one task: its request, its place and its outcome.

    Attributes:
        router: finds a server for it.
        function: the function's name, without the client's namespace.
        key: decides which server is preferred.
        packet: the whole packet; empty once it cannot be needed again.
        decode: turns the result's bytes into the caller's value.
        is_background: whether it is done when it is accepted.
        retries: how many further tries may follow failed ones.
        try_timeout: seconds that one try may take, or None.
        callbacks: the caller's functions for updates and retries.
        handle: the server's handle of the job; empty before the first server accepted it.
        holder: the object that has it; None when done, and briefly while it moves.
        server: the server that accepted it last.
        is_accepted: whether the server that it was last sent to has accepted it.
        is_done: whether it has ended.
        doubts: how many servers were lost while it was the first that they had not answered.
        deadline: until when it may be without a server; None if it never was without one.
        on_end: called once, when it has ended.
    """

    expects: ClassVar[int] = PacketType.JOB_CREATED
    key_of_answer: ClassVar[bytes | None] = None

    router: SubmissionRouter
    function: bytes
    key: bytes
    packet: bytes
    decode: Callable[[bytes], T]
    is_background: bool = False
    retries: int = 0
    try_timeout: float | None = None
    callbacks: Callbacks = NO_CALLBACKS
    handle: bytes = field(default=b"", init=False)
    holder: Holder | None = field(default=None, init=False)
    server: AcceptingServer | None = field(default=None, init=False)
    is_accepted: bool = field(default=False, init=False)
    is_done: bool = field(default=False, init=False)
    doubts: int = field(default=0, init=False)
    deadline: float | None = field(default=None, init=False)
    on_end: Callable[[], None] | None = field(default=None, init=False)
    _value: T | bytes | None = field(default=None, init=False)
    _error: Exception | None = field(default=None, init=False)
    _is_seen: bool = field(default=False, init=False)
    _unseen: _UnseenFailure | None = field(default=None, init=False)
    _accepting: list[Deferred[bytes]] | None = field(default=None, init=False)
    _ending: list[Deferred[Any]] | None = field(default=None, init=False)
    _updates: UpdateStream | None = field(default=None, init=False)
    _timer: IDelayedCall | None = field(default=None, init=False)
    _try_timer: IDelayedCall | None = field(default=None, init=False)

    # --------------------------------------------------------------------- called by the caller

    def start(self, timeout: float | None) -> None:
        """Begin the first try.

        Args:
            timeout: seconds until it ends with TimedOut, even if tries are left; or None.
        """
        if timeout is not None:
            self._timer = self.router.clock.callLater(timeout, self._time_is_up, timeout)
        self.router.opened()
        self._begin_try()
        self.router.place(self)

    def when_accepted(self) -> Deferred[bytes]:
        """Return a Deferred with the handle; see ``Task.accepted``."""
        self._see()
        if self.handle:
            return succeed(self.handle)
        if self._error is not None:
            return fail(self._error)
        waiting: Deferred[bytes] = Deferred(self._cancel_from)
        if self._accepting is None:
            self._accepting = []
        self._accepting.append(waiting)
        return waiting

    def when_done(self) -> Deferred[Any]:
        """Return a Deferred with the result; see ``Task.result``."""
        self._see()
        if self._error is not None:
            return fail(self._error)
        if self.is_done:
            return succeed(self._value)
        waiting: Deferred[Any] = Deferred(self._cancel_from)
        if self._ending is None:
            self._ending = []
        self._ending.append(waiting)
        return waiting

    def outcome(self) -> Any:
        """Return the result of a submission that has ended; see ``Task.result``.

        Raises:
            Exception: the error that it failed with.
        """
        self._see()
        if self._error is not None:
            raise self._error
        return self._value

    @property
    def updates(self) -> UpdateStream:
        """The updates that the caller has not read yet."""
        if self._updates is None:
            self._updates = UpdateStream()
            if self.is_done:
                self._updates.end()
        return self._updates

    def cancel(self) -> None:
        """End with CancelledError; do nothing if it has ended."""
        self._see()
        self.give_up(CancelledError())

    def give_up(self, error: Exception) -> None:
        """End with ``error``, in whatever state it is; late packets about it are ignored."""
        if not self.is_done:
            self._leave()
            self._end(None, error)

    # -------------------------------------------------------------------- called by the holder

    def created(self, handle: bytes, server: AcceptingServer) -> None:
        """JOB_CREATED: ``server`` accepted it as the job ``handle``."""
        self.handle = handle
        self.server = server
        self.is_accepted = True
        self.deadline = None
        if self.is_background:
            self.holder = None
            self._end(handle, None)
        else:
            if not self.retries:
                self.packet = b""
            waiting, self._accepting = self._accepting, None
            for one in waiting or ():
                one.callback(handle)
        self.router.settled()  # last: it may close the client, whose callbacks may cancel this

    def refused(self, refusal: Refused, server: AcceptingServer) -> None:
        """ERROR: ``server`` refused it; a server that shuts down is treated as lost."""
        if server.is_leaving(refusal):
            self.holder = None
            self.router.place(self)
        else:
            self._try_failed(refusal, avoid=server)

    def lost(self, error: ConnectionLost) -> None:
        """Fail the try: the server that accepted it was lost."""
        self._try_failed(error)

    def data(self, data: bytes) -> None:
        """WORK_DATA."""
        if self.callbacks.on_data is not None:
            self._call(self.callbacks.on_data, data)
        self._keep(Data, data)

    def warning(self, data: bytes) -> None:
        """WORK_WARNING."""
        if self.callbacks.on_warning is not None:
            self._call(self.callbacks.on_warning, data)
        self._keep(WarningUpdate, data)

    def status(self, numerator: int, denominator: int) -> None:
        """WORK_STATUS."""
        if self.callbacks.on_status is not None:
            self._call(self.callbacks.on_status, numerator, denominator)
        self._keep(Status, numerator, denominator)

    def complete(self, data: bytes) -> None:
        """WORK_COMPLETE."""
        if self.is_done:
            return  # cancelled by a callback of another submission that shares the job
        self.holder = None
        try:
            value = self.decode(data)
        except Exception as error:  # noqa: BLE001  # whatever the caller's encoder raises
            self._end(None, error)
        else:
            self._end(value, None)

    def failed(self) -> None:
        """WORK_FAIL."""
        self._try_failed(JobFailed(self.function, self.handle))

    def exception(self, data: bytes) -> None:
        """WORK_EXCEPTION."""
        self._try_failed(JobException(self.function, self.handle, data))

    # ------------------------------------------------------------------------- tries and the end

    def _begin_try(self) -> None:
        if self.try_timeout is not None:
            clock = self.router.clock
            self._try_timer = clock.callLater(self.try_timeout, self._try_is_over)

    def _try_is_over(self) -> None:
        self._try_timer = None
        self._leave()
        self._try_failed(TimedOut(f"a try took more than {self.try_timeout:g} seconds"))

    def _time_is_up(self, timeout: float) -> None:
        self._timer = None
        self.give_up(TimedOut(f"the task took more than {timeout:g} seconds"))

    def _try_failed(self, error: Exception, avoid: Holder | None = None) -> None:
        """Begin another try, or end with ``error``; its holder has dropped it already."""
        if self.is_done:
            return
        self.holder = None
        if not self.retries:
            self._end(None, error)
            return
        self.retries -= 1
        if self.callbacks.on_retry is not None:
            self._call(self.callbacks.on_retry, error)
        if not self.is_done:
            self._stop_try_timer()
            if self.is_accepted:
                self.is_accepted = False
                self.router.opened()
            self._begin_try()
            self.router.place(self, avoid)

    def _leave(self) -> None:
        holder, self.holder = self.holder, None
        if holder is not None:
            holder.forget(self)

    def _end(self, value: T | bytes | None, error: Exception | None) -> None:
        self.is_done = True
        self._value, self._error = value, error
        if error is not None and not self._is_seen:
            self._unseen = _UnseenFailure(self.function, error)
        self.packet = b""
        self._stop_try_timer()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self.is_accepted:
            self.router.settled()
        accepting, self._accepting = self._accepting, None
        ending, self._ending = self._ending, None
        for one in [*(accepting or ()), *(ending or ())]:
            if error is None:
                one.callback(value)
            else:
                one.errback(error)
        if self._updates is not None:
            self._updates.end()
        if self.on_end is not None:
            self.on_end()

    def _see(self) -> None:
        """Note that a caller has asked for the outcome."""
        self._is_seen = True
        if self._unseen is not None:
            self._unseen.is_seen = True

    def _stop_try_timer(self) -> None:
        if self._try_timer is not None:
            self._try_timer.cancel()
            self._try_timer = None

    def _cancel_from(self, _waiting: Deferred[Any]) -> None:
        self.cancel()

    def _keep(self, kind: Callable[..., Update], *values: Any) -> None:
        """Keep an update for a caller who iterates, or may begin to."""
        if self.callbacks is NO_CALLBACKS or (self._updates is not None and self._updates.is_read):
            self.updates.put(kind(*values))

    def _call(self, callback: Callable[..., object], *arguments: Any) -> None:
        try:
            callback(*arguments)
        except Exception:  # noqa: BLE001  # an error of the caller must not end the connection
            _log.failure("a callback of a task of {function!r} failed", function=self.function)

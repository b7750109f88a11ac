"""One connection of a worker to a job server: announce functions, ask for jobs, send results.

Theory of operation. ``Slots`` says when to send a grab request; several may be unanswered once the
first was answered with a job. Some servers do not know GRAB_JOB_ALL: Perl's answers ERROR, and
``gear`` does not answer at all. So when a connection ends, or is dropped, with its first grab
request unanswered, the next connection sends GRAB_JOB_UNIQ, and the one after that GRAB_JOB;
``ServerLinks`` keeps the count. A server that has answered GRAB_JOB_ALL once is known to understand
it: a later lost connection proves nothing, and must not make jobs come without their uniques.

Functions are withdrawn (CANT_DO) one by one, each when no grab request is unanswered and none of
its jobs runs: the C server gives a running job of a withdrawn function to another worker, and
refuses its result. While a function that waits for that moment still gets jobs, the connection
sends no grab requests, so the moment comes.

A job may be assigned again while it runs, because its time limit has passed. It stays the same
``WorkerJob`` then, and goes on sending its packets.

What never happens: a job that was not asked for is run; the result of a lost job is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.protocol import connectionDone
from twisted.internet.threads import blockingCallFromThread
from twisted.logger import Logger
from twisted.python.failure import Failure
from typing_extensions import override

from gearman_tx.errors import RemoteProtocolError, TooLarge
from gearman_tx.link import LinkLimits, OutgoingLink, SocketSet, Turn, outgoing_handlers
from gearman_tx.wire import TOO_LARGE, OversizedPacket, PacketType, limited, request
from gearman_tx.worker.execution import LIMIT_NAME
from gearman_tx.worker.functions import WorkerFunction
from gearman_tx.worker.job import WorkerJob, is_same, split_arguments
from gearman_tx.worker.ports import ConnectionOwner
from gearman_tx.worker.waiters import Waiters

FIRST_SECONDS: Final = 5.0
"""Seconds that a job server has to answer the first grab request, which it may not know."""

GRAB_SECONDS: Final = 30.0
"""Seconds that it has to answer every other one; meanwhile the request takes a slot."""

_MILLISECONDS: Final = 1000
_GRABS: Final = (
    request(PacketType.GRAB_JOB_ALL),
    request(PacketType.GRAB_JOB_UNIQ),
    request(PacketType.GRAB_JOB),
)
_ASSIGNS: Final = {
    PacketType.JOB_ASSIGN,
    PacketType.JOB_ASSIGN_ALL,
    PacketType.JOB_ASSIGN_UNIQ,
}
_PRE_SLEEP: Final = request(PacketType.PRE_SLEEP)
_log = Logger("gearman_tx.worker")


class WorkerConnection(OutgoingLink):
    """A connection over which jobs come.

    Args:
        owner: the worker.
        server: the name of the job server.
        turn: the reactor turn that output is gathered in.
        sockets: serves the connection, if it is a plain socket.
        limits: what the connection may cost.
        misunderstood: how many connections to the server, one after the other, ended with the first
            grab request unanswered.

    Attributes:
        jobs: the jobs that came over this connection and are not over, by handle.
        misunderstood: the same count for the next connection to the server.
        is_understood: whether the server answered GRAB_JOB_ALL.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # the worker is the only caller
        self,
        owner: ConnectionOwner,
        server: str,
        turn: Turn,
        sockets: SocketSet,
        limits: LinkLimits,
        misunderstood: int,
    ) -> None:
        super().__init__(server, turn, HANDLERS, limits)
        self._owner = owner
        self._clock = turn.clock
        self._sockets = sockets
        self._slots = owner.slots
        self._largest = limits.packet
        self.jobs: dict[bytes, tuple[WorkerJob, WorkerFunction]] = {}
        self.misunderstood = misunderstood
        self.is_understood = False
        self._grab = _GRABS[misunderstood % len(_GRABS)]
        self._seconds = FIRST_SECONDS
        self._asked_at = 0.0
        self._leaving: dict[bytes, WorkerFunction] = {}  # to be withdrawn
        self._is_full = False
        self._room: Waiters[None] = Waiters()

    @override
    def connectionMade(self) -> None:
        """Twisted: the connection is open; send the client id and the functions."""
        super().connectionMade()
        self._sockets.adopt(self.transport)
        if self._owner.client_id:
            self.send(request(PacketType.SET_CLIENT_ID, self._owner.client_id))
        for function in self._owner.functions.values():
            self.announce(function)
        self._owner.connected(self)

    def announce(self, function: WorkerFunction) -> None:
        """Tell the server that this worker can do ``function``."""
        if function.timeout > 0:
            limit = b"%d" % max(1, round(function.timeout * _MILLISECONDS))
            self.send(request(PacketType.CAN_DO_TIMEOUT, function.name, limit))
        else:
            self.send(request(PacketType.CAN_DO, function.name))

    def add(self, function: WorkerFunction, replaced: WorkerFunction | None) -> None:
        """Offer ``function`` from now on, in place of ``replaced``."""
        replaced = self._leaving.pop(function.name, replaced)
        if replaced is None or replaced.timeout != function.timeout:
            self.announce(function)
        if not self._leaving:
            self._slots.release(self)
        self._settle()
        # The server sends a sleeping worker no NOOP for jobs that waited for this function.
        self._slots.has_work(self)

    def withdraw(self, *functions: WorkerFunction) -> None:
        """Withdraw functions, each as soon as none of its jobs runs."""
        for function in functions:
            self._leaving.setdefault(function.name, function)
        self._settle()

    def _settle(self) -> None:
        """Withdraw what can be withdrawn; close if the worker stops and no job is left."""
        if self._is_over or self._slots.is_asked(self):
            return
        if self._owner.is_stopping and not self.jobs:
            self.close()
        elif self._leaving:
            self._withdraw_idle()

    def _withdraw_idle(self) -> None:
        """Withdraw the functions that run no job; ask for jobs again when none is left."""
        running = {function.name for _, function in self.jobs.values()}
        for name in [name for name in self._leaving if name not in running]:
            del self._leaving[name]
            self.send(request(PacketType.CANT_DO, name))
        if not self._leaving:
            self._slots.release(self)

    def grab(self) -> None:
        """JobSource: ask for a job."""
        if self._slots.grabs(self) == 1:
            self._asked_at = self._clock.seconds()
        self.send(self._grab)

    def check_time(self, now: float) -> None:
        """Drop a server that has not answered a grab request in time."""
        if self._slots.is_asked(self) and now - self._asked_at >= self._seconds:
            self._fail(f"it did not say in {self._seconds:g} seconds whether it has a job")

    def heard_noop(self, _body: bytes) -> None:
        """NOOP: the server may have a job."""
        self._slots.has_work(self)

    def heard_no_job(self, _body: bytes) -> None:
        """NO_JOB: sleep until the server sends NOOP."""
        self._check_asked()
        self._slots.no_job(self)
        self._settle()
        if not (self._owner.is_stopping or self._slots.is_asked(self)):
            self.send(_PRE_SLEEP)

    def heard_job_assign(self, body: bytes) -> None:
        """JOB_ASSIGN: a job, without its unique."""
        handle, name, workload = split_arguments(body, 3)
        self._take(handle, name, workload)

    def heard_job_assign_uniq(self, body: bytes) -> None:
        """JOB_ASSIGN_UNIQ: a job with its unique."""
        handle, name, unique, workload = split_arguments(body, 4)
        self._take(handle, name, workload, unique)

    def heard_job_assign_all(self, body: bytes) -> None:
        """JOB_ASSIGN_ALL: a job with its unique and reducer."""
        handle, name, unique, reducer, workload = split_arguments(body, 5)
        self._take(handle, name, workload, unique, reducer)

    def heard_too_large(self, packet: OversizedPacket) -> None:
        """A job is over the limit: fail it, because it would come again and again."""
        if packet.type not in _ASSIGNS:
            raise RemoteProtocolError(str(packet))
        handle, name, _ = split_arguments(packet.beginning, 3)
        self._take(handle, name, b"", error=TooLarge(packet.size, packet.limit, LIMIT_NAME))

    def heard_error(self, body: bytes) -> None:
        """ERROR: the server refused a packet, usually a result that came too late."""
        code, _, text = body.partition(b"\0")
        _log.warn(
            "job server {server} refused: {code}: {text}",
            server=self.server,
            code=code.decode("ascii", "backslashreplace"),
            text=text.decode("utf-8", "backslashreplace"),
        )

    def _check_asked(self) -> None:
        if not self._slots.is_asked(self):
            raise RemoteProtocolError("it answered a grab request that was not sent")
        self.misunderstood = 0
        self.is_understood |= self._grab is _GRABS[0]
        self._seconds = GRAB_SECONDS
        self._asked_at = self._clock.seconds()

    def _take(  # noqa: PLR0913, PLR0917  # a job has as many fields
        self,
        handle: bytes,
        name: bytes,
        workload: bytes,
        unique: bytes = b"",
        reducer: bytes = b"",
        error: Exception | None = None,
    ) -> None:
        """Run a job, or fail it with ``error``."""
        self._check_asked()
        function = self._leaving.get(name) or self._owner.functions.get(name)
        if function is None:
            raise RemoteProtocolError(f"a job came of {name[:80]!r}, which was not offered")
        own_name = name.removeprefix(self._owner.namespace)
        job = WorkerJob(own_name, workload, handle, unique, reducer, self.server, send=self._report)
        if handle in self.jobs:
            earlier, _ = self.jobs[handle]
            if is_same(earlier, job):
                job = earlier
            else:
                earlier.is_lost = True
        self.jobs[handle] = job, function
        if self._leaving:
            self._slots.hold(self)
        self._slots.got_job(self)
        if self._leaving:
            self._settle()
            if name not in self._leaving:
                self._slots.release(self)
        self._owner.take(self, job, function if error is None else function.failing(error))

    def _report(self, job: WorkerJob, packet: bytes) -> Deferred[None]:
        """Send a packet about a running job, from any thread."""
        limited(packet, self._largest, LIMIT_NAME)
        if self._owner.is_in_reactor():
            return self._report_here(job, packet)
        report: Callable[[WorkerJob, bytes], Any] = self._report_here
        blockingCallFromThread(self._owner.reactor, report, job, packet)
        return succeed(None)

    def _report_here(self, job: WorkerJob, packet: bytes) -> Deferred[None]:
        """Send a packet about ``job``, unless the job is over or lost.

        Returns:
            Fires when the server has room for more, so that a job that sends much can wait.
        """
        if not self._holds(job):
            return succeed(None)
        self.send(packet)
        return self._room.add() if self._is_full else succeed(None)

    def _holds(self, job: WorkerJob) -> bool:
        held = self.jobs.get(job.handle)
        return held is not None and held[0] is job

    def end(self, job: WorkerJob, packets: bytes) -> None:
        """Send the last packets about ``job``, if there are any, unless it is lost."""
        if self._holds(job):
            del self.jobs[job.handle]
            if packets:
                self.send(packets)
            self._settle()

    def sleep_after(self, function: WorkerFunction) -> None:
        """Sleep after a job of ``function``, unless the server was asked for the next job.

        The C server does not stop the timeout of a job that has ended. When the worker neither asks
        nor sleeps until then, the server counts the job as running forever, or exits.
        """
        if function.timeout > 0 and not (self.is_over or self._slots.is_asked(self)):
            self.send(_PRE_SLEEP)

    @override
    def output_is_high(self) -> None:
        """PacketLink: the server does not read; jobs that send more wait until it does."""
        self._is_full = True

    @override
    def output_is_low(self) -> None:
        """PacketLink: the server reads again."""
        self._is_full = False
        self._room.fire(None)

    @override
    def ended(self) -> None:
        """PacketLink: the connection is over; the server gives its jobs to other workers."""
        super().ended()
        if self._seconds == FIRST_SECONDS and self._slots.is_asked(self):
            self.misunderstood += 1
        lost = [job for job, _ in self.jobs.values()]
        for job in lost:
            job.is_lost = True
        self.jobs.clear()
        self.output_is_low()
        self._owner.disconnected(self, lost)

    @override
    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: the connection is closed."""
        super().connectionLost(reason)
        self._owner.closed(self)


HANDLERS: Final[dict[int, Callable[[Any, bytes], bool | None]]] = outgoing_handlers(
    {
        TOO_LARGE: WorkerConnection.heard_too_large,
        PacketType.NOOP: WorkerConnection.heard_noop,
        PacketType.NO_JOB: WorkerConnection.heard_no_job,
        PacketType.JOB_ASSIGN: WorkerConnection.heard_job_assign,
        PacketType.JOB_ASSIGN_UNIQ: WorkerConnection.heard_job_assign_uniq,
        PacketType.JOB_ASSIGN_ALL: WorkerConnection.heard_job_assign_all,
        PacketType.ERROR: WorkerConnection.heard_error,
    }
)
"""How a worker handles each packet that a job server may send it."""

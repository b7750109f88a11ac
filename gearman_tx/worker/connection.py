"""One connection of a worker to a job server: announce functions, ask for jobs, send results.

Theory of operation. ``Slots`` says when a question for a job is asked; several may be under way
once the first was answered with a job. Some servers do not know GRAB_JOB_ALL: Perl's says ERROR,
that of ``gear`` says nothing. So a connection that ends, or is given up, with its first question
unanswered makes the next one ask with GRAB_JOB_UNIQ, and that one the next with GRAB_JOB; ``Lines``
keeps the count. A server that has answered GRAB_JOB_ALL once knows it: the loss of a connection to
that one tells nothing, and jobs must not come without their uniques because of it.

Functions are taken back (CANT_DO) one by one, each at a moment when no question is under way and
none of its jobs runs: the C server gives a running job of a function that is taken back to another
worker, and refuses its result. A function that still gets jobs while it waits for that moment
holds the questions back, so the moment comes.

What never happens: a job that was not asked for is run; the result of a lost job is sent.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.protocol import connectionDone
from twisted.internet.threads import blockingCallFromThread
from twisted.logger import Logger
from twisted.python.failure import Failure
from typing_extensions import override

from gearman_tx.errors import RemoteProtocolError
from gearman_tx.link import LinkLimits, OutgoingLink, SocketSet, Turn, make_handlers
from gearman_tx.wire import PacketType, request
from gearman_tx.worker.execution import check_size
from gearman_tx.worker.functions import WorkerFunction
from gearman_tx.worker.job import WorkerJob
from gearman_tx.worker.waiters import Waiters

if TYPE_CHECKING:
    from gearman_tx.worker.worker import Worker

FIRST_SECONDS: Final = 5.0
"""Seconds that a job server has to answer the first question for a job, which it may not know."""

GRAB_SECONDS: Final = 30.0
"""Seconds that it has to answer every other question; meanwhile that takes a slot."""

_MILLISECONDS: Final = 1000
_GRABS: Final = (
    request(PacketType.GRAB_JOB_ALL),
    request(PacketType.GRAB_JOB_UNIQ),
    request(PacketType.GRAB_JOB),
)
_PRE_SLEEP: Final = request(PacketType.PRE_SLEEP)
_log = Logger("gearman_tx.worker")


class WorkerConnection(OutgoingLink):
    """A connection over which jobs come.

    Args:
        worker: whose functions are announced and whose slots the jobs take.
        server: the name of the job server.
        turn: the reactor turn that output is gathered in.
        sockets: serves the connection, if it is a plain socket.
        limits: what the connection may cost.
        misunderstood: how many connections to the server ended with the first question unanswered.

    Attributes:
        jobs: the jobs that came over this connection and are not over, by handle.
        misunderstood: the same for the next connection to the server.
        is_understood: whether the server answered the question in its fullest form.
    """

    def __init__(  # noqa: PLR0913, PLR0917  # the worker is the only caller
        self,
        worker: Worker,
        server: str,
        turn: Turn,
        sockets: SocketSet,
        limits: LinkLimits,
        misunderstood: int,
    ) -> None:
        super().__init__(server, turn, HANDLERS, limits)
        self._worker = worker
        self._clock = turn.clock
        self._sockets = sockets
        self._slots = worker.slots
        self._largest = limits.packet
        self.jobs: dict[bytes, tuple[WorkerJob, WorkerFunction]] = {}
        self.misunderstood = misunderstood
        self.is_understood = False
        self._grab = _GRABS[misunderstood % len(_GRABS)]
        self._seconds = FIRST_SECONDS
        self._asked_at = 0.0
        self._leaving: dict[bytes, WorkerFunction] = {}  # to be taken back
        self._is_full = False
        self._room: Waiters[None] = Waiters()

    @override
    def connectionMade(self) -> None:
        """Twisted: the connection is there; tell the server who we are and what we can do."""
        super().connectionMade()
        self._sockets.adopt(self.transport)
        if self._worker.client_id:
            self.send(request(PacketType.SET_CLIENT_ID, self._worker.client_id))
        for function in self._worker.functions.values():
            self.announce(function)
        self._worker.connected(self)

    def announce(self, function: WorkerFunction) -> None:
        """Tell the server that this worker can do ``function``."""
        if function.timeout > 0:
            limit = b"%d" % max(1, round(function.timeout * _MILLISECONDS))
            self.send(request(PacketType.CAN_DO_TIMEOUT, function.name, limit))
        else:
            self.send(request(PacketType.CAN_DO, function.name))

    def add(self, function: WorkerFunction, replaced: WorkerFunction | None) -> None:
        """Offer ``function`` from now on, in the place of another of that name."""
        replaced = self._leaving.pop(function.name, replaced)
        if replaced is None or replaced.timeout != function.timeout:
            self.announce(function)
        if not self._leaving:
            self._slots.release(self)
        self._settle()
        # A sleeping worker is not told of jobs that waited for this function.
        self._slots.has_work(self)

    def withdraw(self, *functions: WorkerFunction) -> None:
        """Take functions back, each as soon as no job of it runs."""
        for function in functions:
            self._leaving.setdefault(function.name, function)
        self._settle()

    def _settle(self) -> None:
        """Take back what can be; then close if nothing is left to be done for a stopping worker."""
        if self._is_over or self._slots.is_asked(self):
            return
        if self._worker.is_stopping and not self.jobs:
            self.close()
        elif self._leaving:
            self._take_back()

    def _take_back(self) -> None:
        """Take back the functions of which no job runs, and ask again when none is left."""
        running = {function.name for _, function in self.jobs.values()}
        for name in [name for name in self._leaving if name not in running]:
            del self._leaving[name]
            self.send(request(PacketType.CANT_DO, name))
        if not self._leaving:
            self._slots.release(self)

    def grab(self) -> None:
        """JobSource: ask for a job."""
        if self._slots.questions(self) == 1:
            self._asked_at = self._clock.seconds()
        self.send(self._grab)

    def look_at_time(self, now: float) -> None:
        """Drop a server that does not answer the question for a job."""
        if self._slots.is_asked(self) and now - self._asked_at >= self._seconds:
            self._fail(f"it did not say in {self._seconds:g} seconds whether it has a job")

    def heard_noop(self, _body: bytes) -> None:
        """NOOP: the server may have a job."""
        self._slots.has_work(self)

    def heard_no_job(self, _body: bytes) -> None:
        """NO_JOB: sleep until the server says NOOP."""
        self._check_asked()
        self._slots.nothing(self)
        self._settle()
        if not (self._worker.is_stopping or self._slots.is_asked(self)):
            self.send(_PRE_SLEEP)

    def heard_job_assign(self, body: bytes) -> None:
        """JOB_ASSIGN: a job, without its unique."""
        handle, name, workload = _split(body, 3)
        self._take(handle, name, workload)

    def heard_job_assign_uniq(self, body: bytes) -> None:
        """JOB_ASSIGN_UNIQ: a job with its unique."""
        handle, name, unique, workload = _split(body, 4)
        self._take(handle, name, workload, unique)

    def heard_job_assign_all(self, body: bytes) -> None:
        """JOB_ASSIGN_ALL: a job with its unique and reducer."""
        handle, name, unique, reducer, workload = _split(body, 5)
        self._take(handle, name, workload, unique, reducer)

    def heard_error(self, body: bytes) -> None:
        """ERROR: the server refused something; a result that came too late, most of the time."""
        code, _, text = body.partition(b"\0")
        _log.warn(
            "job server {server} refused: {code}: {text}",
            server=self.server,
            code=code.decode("ascii", "backslashreplace"),
            text=text.decode("utf-8", "backslashreplace"),
        )

    def _check_asked(self) -> None:
        if not self._slots.is_asked(self):
            raise RemoteProtocolError("an answer came to a question that was not asked")
        self.misunderstood = 0
        self.is_understood |= self._grab is _GRABS[0]
        self._seconds = GRAB_SECONDS
        self._asked_at = self._clock.seconds()

    def _take(
        self,
        handle: bytes,
        name: bytes,
        workload: bytes,
        unique: bytes = b"",
        reducer: bytes = b"",
    ) -> None:
        self._check_asked()
        function = self._leaving.get(name) or self._worker.functions.get(name)
        if function is None:
            raise RemoteProtocolError(f"a job came of {name[:80]!r}, which was not offered")
        earlier = self.jobs.get(handle)
        if earlier is not None:  # it took too long, and the server gave it out again
            earlier[0].is_lost = True
        own_name = name.removeprefix(self._worker.namespace)
        job = WorkerJob(own_name, workload, handle, unique, reducer, self.server, say=self._say)
        self.jobs[handle] = job, function
        if self._leaving:
            self._slots.hold(self)
        self._slots.got_job(self)
        if self._leaving:
            self._settle()
            if name not in self._leaving:
                self._slots.release(self)
        self._worker.take(self, job, function)

    def _say(self, job: WorkerJob, packet: bytes) -> Deferred[None]:
        """Send a packet about a job that goes on; called from whatever thread runs the job."""
        check_size(packet, self._largest)
        if self._worker.is_in_reactor():
            return self._say_here(job, packet)
        said: Callable[[WorkerJob, bytes], Any] = self._say_here
        blockingCallFromThread(self._worker.reactor, said, job, packet)
        return succeed(None)

    def _say_here(self, job: WorkerJob, packet: bytes) -> Deferred[None]:
        """Send a packet about ``job``, unless it is over, or is somebody else's by now.

        Returns:
            Fires when the server takes more, so that a job that says much can wait.
        """
        if not self._holds(job):
            return succeed(None)
        self.send(packet)
        return self._room.add() if self._is_full else succeed(None)

    def _holds(self, job: WorkerJob) -> bool:
        held = self.jobs.get(job.handle)
        return held is not None and held[0] is job

    def end(self, job: WorkerJob, packets: bytes) -> None:
        """Send the last packets about ``job``, unless it is somebody else's by now."""
        if self._holds(job):
            del self.jobs[job.handle]
            self.send(packets)
            self._settle()

    def rest(self, function: WorkerFunction) -> None:
        """A job of ``function`` is over; if the next question goes elsewhere, sleep meanwhile.

        The C server does not stop the clock of a job that ended: when the worker neither asks nor
        sleeps until the time is up, it counts the job as running for ever, or exits.
        """
        if function.timeout > 0 and not (self.is_over or self._slots.is_asked(self)):
            self.send(_PRE_SLEEP)

    @override
    def output_is_high(self) -> None:
        """PacketLink: the server does not read; jobs that say more wait until it does."""
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
        lost = len(self.jobs)
        for job, _ in self.jobs.values():
            job.is_lost = True
        self.jobs.clear()
        self.output_is_low()
        self._worker.disconnected(self, lost)

    @override
    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: the connection is gone."""
        super().connectionLost(reason)
        self._worker.closed(self)


def _split(body: bytes, count: int) -> list[bytes]:
    """Return the ``count`` arguments of a packet.

    Raises:
        RemoteProtocolError: there are fewer.
    """
    arguments = body.split(b"\0", count - 1)
    if len(arguments) != count:
        text = f"a job came with {len(arguments)} fields, not {count}: {body[:80]!r}"
        raise RemoteProtocolError(text)
    return arguments


HANDLERS: Final[dict[int, Callable[[Any, bytes], bool | None]]] = make_handlers(
    {
        PacketType.NOOP: WorkerConnection.heard_noop,
        PacketType.NO_JOB: WorkerConnection.heard_no_job,
        PacketType.JOB_ASSIGN: WorkerConnection.heard_job_assign,
        PacketType.JOB_ASSIGN_UNIQ: WorkerConnection.heard_job_assign_uniq,
        PacketType.JOB_ASSIGN_ALL: WorkerConnection.heard_job_assign_all,
        PacketType.ERROR: WorkerConnection.heard_error,
    }
)
"""What a worker does with each packet that a job server may send it."""

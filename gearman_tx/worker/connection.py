"""One connection of a worker to a job server: announce functions, ask for jobs, send results."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from twisted.internet.defer import Deferred, succeed
from twisted.internet.threads import blockingCallFromThread
from twisted.logger import Logger
from typing_extensions import override

from gearman_tx.errors import RemoteProtocolError
from gearman_tx.link import LinkLimits, OutgoingLink, Turn, make_handlers
from gearman_tx.wire import PacketType, request
from gearman_tx.worker.functions import WorkerFunction
from gearman_tx.worker.job import WorkerJob

if TYPE_CHECKING:
    from gearman_tx.worker.worker import Worker

_MILLISECONDS: Final = 1000
_GRAB: Final = request(PacketType.GRAB_JOB_ALL)
_PRE_SLEEP: Final = request(PacketType.PRE_SLEEP)
_log = Logger("gearman_tx.worker")


class WorkerConnection(OutgoingLink):
    """A connection over which jobs come.

    Args:
        worker: whose functions are announced and whose slots the jobs take.
        server: the name of the job server.
        turn: the reactor turn that output is gathered in.
        limits: what the connection may cost.

    Attributes:
        jobs: the jobs that came over this connection and are not over, by handle.
    """

    def __init__(self, worker: Worker, server: str, turn: Turn, limits: LinkLimits) -> None:
        super().__init__(server, turn, HANDLERS, limits)
        self._worker = worker
        self.jobs: dict[bytes, WorkerJob] = {}
        self._is_full = False
        self._waiting_to_say: list[Deferred[None]] = []

    @override
    def connectionMade(self) -> None:
        """Twisted: the connection is there; tell the server who we are and what we can do."""
        super().connectionMade()
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

    def withdraw(self, name: bytes) -> None:
        """Tell the server that this worker does the function ``name`` no more."""
        self.send(request(PacketType.CANT_DO, name))

    def grab(self) -> None:
        """JobSource: ask for a job."""
        self.send(_GRAB)

    def heard_noop(self, _body: bytes) -> None:
        """NOOP: the server may have a job."""
        self._worker.slots.has_work(self)

    def heard_no_job(self, _body: bytes) -> None:
        """NO_JOB: sleep until the server says NOOP."""
        self.send(_PRE_SLEEP)
        self._worker.slots.nothing(self)

    def heard_job_assign(self, body: bytes) -> None:
        """JOB_ASSIGN: a job, without its unique."""
        handle, function, workload = _split(body, 3)
        self._take(handle, function, workload)

    def heard_job_assign_uniq(self, body: bytes) -> None:
        """JOB_ASSIGN_UNIQ: a job with its unique."""
        handle, function, unique, workload = _split(body, 4)
        self._take(handle, function, workload, unique)

    def heard_job_assign_all(self, body: bytes) -> None:
        """JOB_ASSIGN_ALL: a job with its unique and reducer."""
        handle, function, unique, reducer, workload = _split(body, 5)
        self._take(handle, function, workload, unique, reducer)

    def heard_error(self, body: bytes) -> None:
        """ERROR: the server refused something; a result that came too late, most of the time."""
        code, _, text = body.partition(b"\0")
        _log.warn(
            "job server {server} refused: {code}: {text}",
            server=self.server,
            code=code.decode("ascii", "backslashreplace"),
            text=text.decode("utf-8", "backslashreplace"),
        )

    def _take(
        self,
        handle: bytes,
        function: bytes,
        workload: bytes,
        unique: bytes = b"",
        reducer: bytes = b"",
    ) -> None:
        job = WorkerJob(function, workload, handle, unique, reducer, say=self._say)
        self.jobs[handle] = job
        self._worker.slots.got_job(self)
        self._worker.take(self, job)

    def _say(self, job: WorkerJob, packet: bytes) -> Deferred[None]:
        """Send a packet about a job that goes on; called from whatever thread runs the job."""
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
        if self.jobs.get(job.handle) is not job:
            return succeed(None)
        self.send(packet)
        if not self._is_full:
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._waiting_to_say.append(waiting)
        return waiting

    def end(self, job: WorkerJob, packet: bytes) -> None:
        """Send the last packet about ``job``, unless it is somebody else's by now."""
        if self.jobs.get(job.handle) is job:
            del self.jobs[job.handle]
            self.send(packet)

    @override
    def output_is_high(self) -> None:
        """PacketLink: the server does not read; jobs that say more wait until it does."""
        self._is_full = True

    @override
    def output_is_low(self) -> None:
        """PacketLink: the server reads again."""
        self._is_full = False
        waiting, self._waiting_to_say = self._waiting_to_say, []
        for deferred in waiting:
            deferred.callback(None)

    @override
    def ended(self) -> None:
        """PacketLink: the connection is over; the server gives its jobs to other workers."""
        super().ended()
        for job in self.jobs.values():
            job.is_lost = True
        self._worker.disconnected(self)
        self.jobs.clear()
        self.output_is_low()


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

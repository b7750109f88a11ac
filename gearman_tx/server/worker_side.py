"""The packets of workers: each handler parses, calls one verb, answers. No queue logic here.

A worker's packet about a job goes to clients with a new header and the same body, so no workload
and no result is ever decoded. Handles are read up to the first NUL byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearman_tx.core import MAX_CLIENT_ID
from gearman_tx.server.arguments import split, until_nul
from gearman_tx.wire import PacketType, leading_number, response, response_header

if TYPE_CHECKING:
    from gearman_tx.core import Job, JobServer
    from gearman_tx.large_body import Body
    from gearman_tx.server.peer_link import ServerPeerLink

_NUL: Final = b"\0"
_NO_JOB: Final = response(PacketType.NO_JOB)
# Plain numbers, because a member of an enumeration takes long to look up.
_JOB_ASSIGN: Final = int(PacketType.JOB_ASSIGN)
_JOB_ASSIGN_UNIQ: Final = int(PacketType.JOB_ASSIGN_UNIQ)
_WORK_COMPLETE: Final = int(PacketType.WORK_COMPLETE)
_WORK_DATA: Final = int(PacketType.WORK_DATA)
_MILLISECONDS: Final = 1000.0
_PROGRESS_RANGE: Final = 2**32  # the C server keeps 32 bits of numerator and denominator


class WorkerSide:
    """The handlers of packets from workers.

    Args:
        job_server: the core.
    """

    def __init__(self, job_server: JobServer) -> None:
        self._dispatch = job_server.dispatch
        self._outcome = job_server.outcome

    def can_do(self, link: ServerPeerLink, body: bytes) -> None:
        """CAN_DO: register a function; no reply."""
        self._dispatch.can_do(link.peer, body)

    def can_do_timeout(self, link: ServerPeerLink, body: bytes) -> None:
        """CAN_DO_TIMEOUT: register a function with a time limit in milliseconds; no reply.

        Anything but a positive number means no limit: npm's worker sends four binary bytes. The
        core raises a limit that is too short.
        """
        function, timeout = split(body, PacketType.CAN_DO_TIMEOUT)
        seconds = max(0, leading_number(timeout)) / _MILLISECONDS
        self._dispatch.can_do(link.peer, function, seconds)

    def cant_do(self, link: ServerPeerLink, body: bytes) -> None:
        """CANT_DO: take a registration back; no reply."""
        self._dispatch.cant_do(link.peer, body)

    def reset_abilities(self, link: ServerPeerLink, _body: bytes) -> None:
        """RESET_ABILITIES: take all registrations back; no reply."""
        self._dispatch.reset_abilities(link.peer)

    def set_client_id(self, link: ServerPeerLink, body: bytes) -> None:
        """SET_CLIENT_ID: set the name of this connection in reports; no reply."""
        link.peer.client_id = body[:MAX_CLIENT_ID]

    def pre_sleep(self, link: ServerPeerLink, _body: bytes) -> None:
        """PRE_SLEEP: NOOP when there is a job, now or later."""
        self._dispatch.pre_sleep(link.peer)

    def grab_job(self, link: ServerPeerLink, _body: bytes) -> None:
        """GRAB_JOB: JOB_ASSIGN or NO_JOB."""
        job = self._dispatch.grab(link.peer)
        if job is None:
            link.output.send(_NO_JOB)
            return
        handle, name, workload = job.handle, job.function.name, job.workload
        link.assigned = handle
        size = len(handle) + len(name) + len(workload) + 2
        header = response_header(_JOB_ASSIGN, size)
        if isinstance(workload, bytes):
            link.output.send_parts((header, handle, _NUL, name, _NUL, workload))
        else:
            link.output.send_parts((header, handle, _NUL, name, _NUL, *workload.pieces))

    def grab_job_uniq(self, link: ServerPeerLink, _body: bytes) -> None:
        """GRAB_JOB_UNIQ: JOB_ASSIGN_UNIQ or NO_JOB."""
        job = self._dispatch.grab(link.peer)
        if job is None:
            link.output.send(_NO_JOB)
            return
        _assign_uniq(link, job)

    def grab_job_all(self, link: ServerPeerLink, _body: bytes) -> None:
        """GRAB_JOB_ALL: JOB_ASSIGN_ALL for a job with a reducer, else as GRAB_JOB_UNIQ."""
        job = self._dispatch.grab(link.peer)
        if job is None:
            link.output.send(_NO_JOB)
            return
        if job.reducer is None:
            _assign_uniq(link, job)
        else:
            workload = bytes(job.workload)
            parts = (job.handle, job.function.name, job.unique, job.reducer, workload)
            body = _NUL.join(parts)
            link.output.send_parts((response_header(PacketType.JOB_ASSIGN_ALL, len(body)), body))

    def work_data(self, link: ServerPeerLink, body: Body) -> None:
        """WORK_DATA: pass it on; the job goes on."""
        handle, update = _relay(link, _WORK_DATA, body)
        self._outcome.data(link.peer, handle, update)

    def work_warning(self, link: ServerPeerLink, body: Body) -> None:
        """WORK_WARNING: pass it on; the job goes on."""
        handle, update = _relay(link, PacketType.WORK_WARNING, body)
        self._outcome.data(link.peer, handle, update)

    def work_status(self, link: ServerPeerLink, body: bytes) -> None:
        """WORK_STATUS: keep the progress and pass it on unchanged; the job goes on."""
        handle, numerator, denominator = split(body, PacketType.WORK_STATUS)
        progress = (
            leading_number(numerator) % _PROGRESS_RANGE,
            leading_number(denominator) % _PROGRESS_RANGE,
        )
        update = (response_header(PacketType.WORK_STATUS, len(body)), body)
        self._outcome.status(link.peer, handle, progress, update)

    def work_complete(self, link: ServerPeerLink, body: Body) -> None:
        """WORK_COMPLETE: pass the result on; the job ends."""
        handle, update = _relay(link, _WORK_COMPLETE, body)
        self._outcome.complete(link.peer, handle, update)

    def work_fail(self, link: ServerPeerLink, body: bytes) -> None:
        """WORK_FAIL: pass it on; the job ends."""
        self._outcome.fail(link.peer, until_nul(body))

    def work_exception(self, link: ServerPeerLink, body: Body) -> None:
        """WORK_EXCEPTION: pass it on to clients that asked for it; the job ends."""
        handle, update = _relay(link, PacketType.WORK_EXCEPTION, body)
        self._outcome.exception(link.peer, handle, update)


def _assign_uniq(link: ServerPeerLink, job: Job) -> None:
    handle, name, unique, workload = job.handle, job.function.name, job.unique, job.workload
    link.assigned = handle
    size = len(handle) + len(name) + len(unique) + len(workload) + 3
    header = response_header(_JOB_ASSIGN_UNIQ, size)
    if isinstance(workload, bytes):
        link.output.send_parts((header, handle, _NUL, name, _NUL, unique, _NUL, workload))
    else:
        parts = (header, handle, _NUL, name, _NUL, unique, _NUL, *workload.pieces)
        link.output.send_parts(parts)


def _relay(link: ServerPeerLink, packet_type: int, body: Body) -> tuple[bytes, tuple[bytes, ...]]:
    """Return the handle that ``body`` starts with and the packet for the clients.

    Perl's worker leaves the NUL out when the data is empty; clients need it.
    """
    if not isinstance(body, bytes):
        arguments, _ = body.split(1)
        handle = arguments[0]
        return handle, (response_header(packet_type, len(body)), *body.pieces)
    handle = link.assigned  # nearly always the packet is about this job
    end = len(handle)
    if len(body) <= end or body[end] or not body.startswith(handle):
        end = body.find(b"\0")
        if end < 0:
            return body, (response_header(packet_type, len(body) + 1), body, b"\0")
        handle = body[:end]
    return handle, (response_header(packet_type, len(body)), body)

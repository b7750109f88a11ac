"""The packets of clients: each handler parses, calls one verb, answers. No queue logic here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearman_tx.core import HIGH, LOW, NORMAL
from gearman_tx.errors import Refused
from gearman_tx.link import Receipt
from gearman_tx.server.arguments import split, until_nul
from gearman_tx.wire import PacketType, leading_number, response, response_header

if TYPE_CHECKING:
    from gearman_tx.core import Job, JobServer, JobStatus
    from gearman_tx.large_body import Body
    from gearman_tx.server.clocks import Clocks
    from gearman_tx.server.peer_link import ServerPeerLink

# Plain numbers, because a member of an enumeration takes long to look up.
_CREATED: Final = int(PacketType.JOB_CREATED)
_SUBMIT_JOB: Final = int(PacketType.SUBMIT_JOB)
_SUBMIT_JOB_BG: Final = int(PacketType.SUBMIT_JOB_BG)
_LARGEST_EPOCH: Final = 2**63 - 1
_EXCEPTIONS: Final = b"exceptions"
_OPTION_SIZE: Final = 64  # the C server knows no option of this size or above


class ClientSide:
    """The handlers of packets from clients.

    Args:
        job_server: the core.
        clocks: tell the core the time of the system clock, which delayed jobs follow.
    """

    def __init__(self, job_server: JobServer, clocks: Clocks) -> None:
        self._clocks = clocks
        self._intake = job_server.intake
        self._snapshots = job_server.snapshots

    def submit_job(self, link: ServerPeerLink, body: Body) -> bool:
        """SUBMIT_JOB: foreground, normal priority."""
        return self._submit(link, body, _SUBMIT_JOB, NORMAL, background=False)

    def submit_job_bg(self, link: ServerPeerLink, body: Body) -> bool:
        """SUBMIT_JOB_BG: background, normal priority."""
        return self._submit(link, body, _SUBMIT_JOB_BG, NORMAL, background=True)

    def submit_job_high(self, link: ServerPeerLink, body: Body) -> bool:
        """SUBMIT_JOB_HIGH: foreground, high priority."""
        return self._submit(link, body, PacketType.SUBMIT_JOB_HIGH, HIGH, background=False)

    def submit_job_high_bg(self, link: ServerPeerLink, body: Body) -> bool:
        """SUBMIT_JOB_HIGH_BG: background, high priority."""
        return self._submit(link, body, PacketType.SUBMIT_JOB_HIGH_BG, HIGH, background=True)

    def submit_job_low(self, link: ServerPeerLink, body: Body) -> bool:
        """SUBMIT_JOB_LOW: foreground, low priority."""
        return self._submit(link, body, PacketType.SUBMIT_JOB_LOW, LOW, background=False)

    def submit_job_low_bg(self, link: ServerPeerLink, body: Body) -> bool:
        """SUBMIT_JOB_LOW_BG: background, low priority."""
        return self._submit(link, body, PacketType.SUBMIT_JOB_LOW_BG, LOW, background=True)

    def submit_job_epoch(self, link: ServerPeerLink, body: bytes) -> bool:
        """SUBMIT_JOB_EPOCH: background, normal priority, not before a Unix time."""
        function, unique, epoch, workload = split(body, PacketType.SUBMIT_JOB_EPOCH)
        due = leading_number(epoch)
        if abs(due) > _LARGEST_EPOCH:
            text = b"SUBMIT_JOB_EPOCH: the epoch %b is over the limit of %d"
            raise Refused(b"INVALID_ARGUMENT", text % (epoch[:40], _LARGEST_EPOCH))
        self._clocks.tell()
        job = self._intake.submit(
            link.peer, function, unique, workload, NORMAL, background=True, due=due
        )
        return _answer(link, job)

    def submit_reduce_job(self, link: ServerPeerLink, body: bytes) -> bool:
        """SUBMIT_REDUCE_JOB: foreground, normal priority, with a reducer."""
        return self._submit_reduce(link, body, PacketType.SUBMIT_REDUCE_JOB, background=False)

    def submit_reduce_job_background(self, link: ServerPeerLink, body: bytes) -> bool:
        """SUBMIT_REDUCE_JOB_BACKGROUND: background, normal priority, with a reducer."""
        packet_type = PacketType.SUBMIT_REDUCE_JOB_BACKGROUND
        return self._submit_reduce(link, body, packet_type, background=True)

    def _submit(
        self,
        link: ServerPeerLink,
        body: Body,
        packet_type: int,
        priority: int,
        *,
        background: bool,
    ) -> bool:
        workload: Body
        if isinstance(body, bytes):
            arguments = body.split(b"\0", 2)
            if len(arguments) != 3:  # noqa: PLR2004  # function, unique, workload
                arguments = split(body, packet_type)  # raises the error
            workload = arguments[2]
        else:
            arguments, workload = body.split(2)
            if len(arguments) != 2:  # noqa: PLR2004  # function, unique
                split(bytes(body), packet_type)
        job = self._intake.submit(
            link.peer,
            arguments[0],
            arguments[1],
            workload,
            priority,
            background=background,
        )
        return _answer(link, job)

    def _submit_reduce(
        self, link: ServerPeerLink, body: bytes, packet_type: PacketType, *, background: bool
    ) -> bool:
        function, unique, reducer, _, workload = split(body, packet_type)
        job = self._intake.submit(
            link.peer,
            function,
            unique,
            workload,
            NORMAL,
            background=background,
            reducer=reducer or None,
        )
        return _answer(link, job)

    def get_status(self, link: ServerPeerLink, body: bytes) -> None:
        """GET_STATUS: by handle."""
        handle = until_nul(body)
        fields = _fields(self._snapshots.status(handle))
        link.output.send(response(PacketType.STATUS_RES, handle, *fields[:-1]))

    def get_status_unique(self, link: ServerPeerLink, body: bytes) -> None:
        """GET_STATUS_UNIQUE: the newest job with a unique, over all functions."""
        unique = until_nul(body)
        fields = _fields(self._snapshots.status_by_unique(unique))
        link.output.send(response(PacketType.STATUS_RES_UNIQUE, unique, *fields))

    def option_req(self, link: ServerPeerLink, body: bytes) -> None:
        """OPTION_REQ: ``exceptions`` is the only option."""
        if len(body) >= _OPTION_SIZE or until_nul(body).lower() != _EXCEPTIONS:
            raise Refused(b"UNKNOWN_OPTION", b"Server does not recognize given option")
        link.peer.exceptions = True
        link.output.send(response(PacketType.OPTION_RES, body))

    def echo_req(self, link: ServerPeerLink, body: bytes) -> None:
        """ECHO_REQ: the same bytes back."""
        link.output.send_parts((response_header(PacketType.ECHO_RES, len(body)), body))


def _answer(link: ServerPeerLink, job: Job | None) -> bool:
    """Answer a submission now, unless it is answered later, when the job is durable.

    Returns:
        Whether the units after it must wait.
    """
    if job is None:
        return link.is_full
    handle, output = job.handle, link.output
    if output.backlog.size:
        output.send(Receipt(response_header(_CREATED, len(handle)) + handle))
    else:
        output.send_parts((response_header(_CREATED, len(handle)), handle))
    return False


def _fields(status: JobStatus) -> tuple[bytes, ...]:
    return (
        b"%d" % status.known,
        b"%d" % status.running,
        b"%d" % status.numerator,
        b"%d" % status.denominator,
        b"%d" % status.clients,
    )

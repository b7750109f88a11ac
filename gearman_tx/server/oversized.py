"""The handler of packets over the limit, whose bodies the decoder skips."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearman_tx.errors import Refused
from gearman_tx.wire import PacketType, response_header

if TYPE_CHECKING:
    from gearman_tx.core import JobServer
    from gearman_tx.server.peer_link import ServerPeerLink
    from gearman_tx.wire import OversizedPacket

_CODE: Final = b"ARGUMENT_TOO_LARGE"

_OF_A_RESULT: Final = frozenset(
    map(
        int,
        (
            PacketType.WORK_COMPLETE,
            PacketType.WORK_DATA,
            PacketType.WORK_EXCEPTION,
            PacketType.WORK_WARNING,
        ),
    )
)


class Oversized:
    """What happens instead of a packet that is too large.

    Args:
        job_server: the core.
    """

    def __init__(self, job_server: JobServer) -> None:
        self._outcome = job_server.outcome

    def too_large(self, link: ServerPeerLink, packet: OversizedPacket) -> None:
        """Answer ERROR; or end the job of which a worker sent too much.

        The job would fail in the same way in every worker, so its clients are told why and it is
        not tried again. The worker gets no reply: many workers end when they get an ERROR.

        Raises:
            Refused: the packet is not a worker's about a job that it has.
        """
        text = b"A packet of %d bytes is over the limit of %d, which --max-packet sets"
        text %= packet.size, packet.limit
        if packet.type not in _OF_A_RESULT:
            raise Refused(_CODE, text)
        handle = packet.handle
        size = len(handle) + len(text) + 1
        header = response_header(PacketType.WORK_EXCEPTION, size)
        self._outcome.exception(link.peer, handle, (header, handle, b"\0", text))
        if link.connection is not None:
            link.connection.tell_refused(_CODE, b"%b: %b" % (handle, text))

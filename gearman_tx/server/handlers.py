"""The table from packet type to handler, for every packet that the server may receive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gearman_tx.errors import Refused
from gearman_tx.server.client_side import ClientSide
from gearman_tx.server.oversized import Oversized
from gearman_tx.server.worker_side import WorkerSide
from gearman_tx.wire import LAST_PACKET_TYPE, TEXT, TOO_LARGE, WRONG_MAGIC, PacketType

if TYPE_CHECKING:
    from gearman_tx.core import JobServer
    from gearman_tx.link import Handler
    from gearman_tx.server.clocks import Clocks
    from gearman_tx.server.peer_link import ServerPeerLink


IN_PIECES: Final = frozenset(
    map(
        int,
        (
            PacketType.SUBMIT_JOB,
            PacketType.SUBMIT_JOB_BG,
            PacketType.SUBMIT_JOB_HIGH,
            PacketType.SUBMIT_JOB_HIGH_BG,
            PacketType.SUBMIT_JOB_LOW,
            PacketType.SUBMIT_JOB_LOW_BG,
            PacketType.WORK_COMPLETE,
            PacketType.WORK_DATA,
            PacketType.WORK_EXCEPTION,
            PacketType.WORK_WARNING,
        ),
    )
)
"""The types whose handlers take a large body in pieces, as it came."""

BACKGROUND: Final = frozenset(
    map(
        int,
        (
            PacketType.SUBMIT_JOB_BG,
            PacketType.SUBMIT_JOB_HIGH_BG,
            PacketType.SUBMIT_JOB_LOW_BG,
            PacketType.SUBMIT_JOB_EPOCH,
            PacketType.SUBMIT_REDUCE_JOB_BACKGROUND,
        ),
    )
)
"""The submissions whose jobs run although their client is gone."""


def wrong_magic(_link: ServerPeerLink, _body: bytes) -> None:
    """Refuse a packet with the magic of responses."""
    raise Refused(b"INVALID_MAGIC", b"Request magic expected")


def unexpected(_link: ServerPeerLink, _body: bytes) -> None:
    """Refuse a packet that only the server sends, or that this server does not offer."""
    raise Refused(b"INVALID_COMMAND", b"Command not expected")


def make_handlers(job_server: JobServer, clocks: Clocks, text: Handler) -> dict[int, Handler]:
    """Return a handler for each kind of unit that the decoder may return.

    Args:
        job_server: the core.
        clocks: tell the core the time of the system clock.
        text: the handler of text lines.
    """
    client, worker = ClientSide(job_server, clocks), WorkerSide(job_server)
    handlers: dict[int, Handler] = dict.fromkeys(range(1, LAST_PACKET_TYPE + 1), unexpected)
    handlers |= {
        TEXT: text,
        WRONG_MAGIC: wrong_magic,
        TOO_LARGE: Oversized(job_server).too_large,
        PacketType.CAN_DO: worker.can_do,
        PacketType.CANT_DO: worker.cant_do,
        PacketType.RESET_ABILITIES: worker.reset_abilities,
        PacketType.PRE_SLEEP: worker.pre_sleep,
        PacketType.SUBMIT_JOB: client.submit_job,
        PacketType.GRAB_JOB: worker.grab_job,
        PacketType.WORK_STATUS: worker.work_status,
        PacketType.WORK_COMPLETE: worker.work_complete,
        PacketType.WORK_FAIL: worker.work_fail,
        PacketType.GET_STATUS: client.get_status,
        PacketType.ECHO_REQ: client.echo_req,
        PacketType.SUBMIT_JOB_BG: client.submit_job_bg,
        PacketType.SUBMIT_JOB_HIGH: client.submit_job_high,
        PacketType.SET_CLIENT_ID: worker.set_client_id,
        PacketType.CAN_DO_TIMEOUT: worker.can_do_timeout,
        PacketType.WORK_EXCEPTION: worker.work_exception,
        PacketType.OPTION_REQ: client.option_req,
        PacketType.WORK_DATA: worker.work_data,
        PacketType.WORK_WARNING: worker.work_warning,
        PacketType.GRAB_JOB_UNIQ: worker.grab_job_uniq,
        PacketType.SUBMIT_JOB_HIGH_BG: client.submit_job_high_bg,
        PacketType.SUBMIT_JOB_LOW: client.submit_job_low,
        PacketType.SUBMIT_JOB_LOW_BG: client.submit_job_low_bg,
        PacketType.SUBMIT_JOB_EPOCH: client.submit_job_epoch,
        PacketType.SUBMIT_REDUCE_JOB: client.submit_reduce_job,
        PacketType.SUBMIT_REDUCE_JOB_BACKGROUND: client.submit_reduce_job_background,
        PacketType.GRAB_JOB_ALL: worker.grab_job_all,
        PacketType.GET_STATUS_UNIQUE: client.get_status_unique,
    }
    return handlers

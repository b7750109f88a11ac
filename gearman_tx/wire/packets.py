"""The Gearman binary protocol as one table.

All code that knows packets is derived from :data:`PACKETS`: the decoder's range check, the
encoders, the reference page of the documentation and the strategies of the tests. A packet is
a 12-byte header (4 bytes magic, 4 bytes big-endian type, 4 bytes big-endian size of the body)
and a body: the arguments separated by one NUL byte each, the last one without a NUL.

Source: the protocol text of Gearman, corrected where the C server 1.1.20 does otherwise
(SUBMIT_REDUCE_JOB has five fields, STATUS_RES_UNIQUE starts with the unique).
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import Final

from attrs import frozen

REQUEST_MAGIC: Final = b"\0REQ"
RESPONSE_MAGIC: Final = b"\0RES"
HEADER_SIZE: Final = 12


class PacketType(IntEnum):
    """The packet types by their number on the wire; names are spelled as in the protocol text."""

    CAN_DO = 1
    CANT_DO = 2
    RESET_ABILITIES = 3
    PRE_SLEEP = 4
    NOOP = 6
    SUBMIT_JOB = 7
    JOB_CREATED = 8
    GRAB_JOB = 9
    NO_JOB = 10
    JOB_ASSIGN = 11
    WORK_STATUS = 12
    WORK_COMPLETE = 13
    WORK_FAIL = 14
    GET_STATUS = 15
    ECHO_REQ = 16
    ECHO_RES = 17
    SUBMIT_JOB_BG = 18
    ERROR = 19
    STATUS_RES = 20
    SUBMIT_JOB_HIGH = 21
    SET_CLIENT_ID = 22
    CAN_DO_TIMEOUT = 23
    ALL_YOURS = 24
    WORK_EXCEPTION = 25
    OPTION_REQ = 26
    OPTION_RES = 27
    WORK_DATA = 28
    WORK_WARNING = 29
    GRAB_JOB_UNIQ = 30
    JOB_ASSIGN_UNIQ = 31
    SUBMIT_JOB_HIGH_BG = 32
    SUBMIT_JOB_LOW = 33
    SUBMIT_JOB_LOW_BG = 34
    SUBMIT_JOB_SCHED = 35
    SUBMIT_JOB_EPOCH = 36
    SUBMIT_REDUCE_JOB = 37
    SUBMIT_REDUCE_JOB_BACKGROUND = 38
    GRAB_JOB_ALL = 39
    JOB_ASSIGN_ALL = 40
    GET_STATUS_UNIQUE = 41
    STATUS_RES_UNIQUE = 42


LAST_PACKET_TYPE: Final = int(max(PacketType))
"""The highest type number; a packet with a higher one, or with 0, ends the connection."""


class Sender(Enum):
    """The sender of a packet, which decides the magic."""

    CLIENT = "client to server"
    WORKER = "worker to server"
    ANY = "client or worker to server"
    SERVER = "server to client or worker"
    RELAYED = "worker to server, then server to clients"


@frozen
class Packet:
    """One row of the protocol.

    Attributes:
        type: the number and the name.
        sender: the party that sends it.
        arguments: the names of the body's arguments, in order; the last one takes the rest.
    """

    type: PacketType
    sender: Sender
    arguments: tuple[str, ...] = ()

    @property
    def to_server(self) -> bool:
        """Whether the job server receives this packet: magic NUL ``REQ``."""
        return self.sender is not Sender.SERVER

    @property
    def from_server(self) -> bool:
        """Whether the job server sends this packet: magic NUL ``RES``."""
        return self.sender in {Sender.SERVER, Sender.RELAYED}


_T = PacketType
_JOB = ("function", "unique", "workload")
_REDUCE_JOB = ("function", "unique", "reducer", "unused", "workload")
_STATUS = ("known", "running", "numerator", "denominator")
_SCHEDULE = ("minute", "hour", "day_of_month", "month", "day_of_week")

PACKETS: Final = (
    Packet(_T.CAN_DO, Sender.WORKER, ("function",)),
    Packet(_T.CANT_DO, Sender.WORKER, ("function",)),
    Packet(_T.RESET_ABILITIES, Sender.WORKER),
    Packet(_T.PRE_SLEEP, Sender.WORKER),
    Packet(_T.NOOP, Sender.SERVER),
    Packet(_T.SUBMIT_JOB, Sender.CLIENT, _JOB),
    Packet(_T.JOB_CREATED, Sender.SERVER, ("handle",)),
    Packet(_T.GRAB_JOB, Sender.WORKER),
    Packet(_T.NO_JOB, Sender.SERVER),
    Packet(_T.JOB_ASSIGN, Sender.SERVER, ("handle", "function", "workload")),
    Packet(_T.WORK_STATUS, Sender.RELAYED, ("handle", "numerator", "denominator")),
    Packet(_T.WORK_COMPLETE, Sender.RELAYED, ("handle", "data")),
    Packet(_T.WORK_FAIL, Sender.RELAYED, ("handle",)),
    Packet(_T.GET_STATUS, Sender.CLIENT, ("handle",)),
    Packet(_T.ECHO_REQ, Sender.ANY, ("data",)),
    Packet(_T.ECHO_RES, Sender.SERVER, ("data",)),
    Packet(_T.SUBMIT_JOB_BG, Sender.CLIENT, _JOB),
    Packet(_T.ERROR, Sender.SERVER, ("code", "text")),
    Packet(_T.STATUS_RES, Sender.SERVER, ("handle", *_STATUS)),
    Packet(_T.SUBMIT_JOB_HIGH, Sender.CLIENT, _JOB),
    Packet(_T.SET_CLIENT_ID, Sender.WORKER, ("client_id",)),
    Packet(_T.CAN_DO_TIMEOUT, Sender.WORKER, ("function", "timeout")),
    Packet(_T.ALL_YOURS, Sender.WORKER),
    Packet(_T.WORK_EXCEPTION, Sender.RELAYED, ("handle", "data")),
    Packet(_T.OPTION_REQ, Sender.ANY, ("option",)),
    Packet(_T.OPTION_RES, Sender.SERVER, ("option",)),
    Packet(_T.WORK_DATA, Sender.RELAYED, ("handle", "data")),
    Packet(_T.WORK_WARNING, Sender.RELAYED, ("handle", "data")),
    Packet(_T.GRAB_JOB_UNIQ, Sender.WORKER),
    Packet(_T.JOB_ASSIGN_UNIQ, Sender.SERVER, ("handle", "function", "unique", "workload")),
    Packet(_T.SUBMIT_JOB_HIGH_BG, Sender.CLIENT, _JOB),
    Packet(_T.SUBMIT_JOB_LOW, Sender.CLIENT, _JOB),
    Packet(_T.SUBMIT_JOB_LOW_BG, Sender.CLIENT, _JOB),
    Packet(_T.SUBMIT_JOB_SCHED, Sender.CLIENT, ("function", "unique", *_SCHEDULE, "workload")),
    Packet(_T.SUBMIT_JOB_EPOCH, Sender.CLIENT, ("function", "unique", "epoch", "workload")),
    Packet(_T.SUBMIT_REDUCE_JOB, Sender.CLIENT, _REDUCE_JOB),
    Packet(_T.SUBMIT_REDUCE_JOB_BACKGROUND, Sender.CLIENT, _REDUCE_JOB),
    Packet(_T.GRAB_JOB_ALL, Sender.WORKER),
    Packet(
        _T.JOB_ASSIGN_ALL, Sender.SERVER, ("handle", "function", "unique", "reducer", "workload")
    ),
    Packet(_T.GET_STATUS_UNIQUE, Sender.CLIENT, ("unique",)),
    Packet(_T.STATUS_RES_UNIQUE, Sender.SERVER, ("unique", *_STATUS, "clients")),
)
"""Every packet type of the protocol, by number."""

BY_TYPE: Final[dict[int, Packet]] = {packet.type: packet for packet in PACKETS}
"""The rows of :data:`PACKETS` by type number."""

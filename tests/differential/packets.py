"""The packet numbers, written down once more: a differential test must not trust what it tests.

Source: the packet table of the protocol text, in the C server's spelling.
"""

from __future__ import annotations

import struct
from typing import Final

REQUEST: Final = b"\0REQ"
RESPONSE: Final = b"\0RES"
HEADER_SIZE: Final = 12


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


NAMES: Final = dict(
    enumerate(
        _words("""
            CAN_DO CANT_DO RESET_ABILITIES PRE_SLEEP UNUSED
            NOOP SUBMIT_JOB JOB_CREATED GRAB_JOB NO_JOB
            JOB_ASSIGN WORK_STATUS WORK_COMPLETE WORK_FAIL GET_STATUS
            ECHO_REQ ECHO_RES SUBMIT_JOB_BG ERROR STATUS_RES
            SUBMIT_JOB_HIGH SET_CLIENT_ID CAN_DO_TIMEOUT ALL_YOURS WORK_EXCEPTION
            OPTION_REQ OPTION_RES WORK_DATA WORK_WARNING GRAB_JOB_UNIQ
            JOB_ASSIGN_UNIQ SUBMIT_JOB_HIGH_BG SUBMIT_JOB_LOW SUBMIT_JOB_LOW_BG SUBMIT_JOB_SCHED
            SUBMIT_JOB_EPOCH SUBMIT_REDUCE_JOB SUBMIT_REDUCE_JOB_BACKGROUND GRAB_JOB_ALL
            JOB_ASSIGN_ALL GET_STATUS_UNIQUE STATUS_RES_UNIQUE
        """),
        start=1,
    )
)
"""The names by their numbers, from 1 to 42, five a line but for the last two."""

NUMBERS: Final = {name: number for number, name in NAMES.items()}

FOREGROUND: Final = _words("SUBMIT_JOB SUBMIT_JOB_HIGH SUBMIT_JOB_LOW SUBMIT_REDUCE_JOB")
BACKGROUND: Final = _words(
    "SUBMIT_JOB_BG SUBMIT_JOB_HIGH_BG SUBMIT_JOB_LOW_BG SUBMIT_JOB_EPOCH "
    "SUBMIT_REDUCE_JOB_BACKGROUND"
)
SUBMISSIONS: Final = FOREGROUND + BACKGROUND
GRABS: Final = _words("GRAB_JOB GRAB_JOB_UNIQ GRAB_JOB_ALL")
ENDINGS: Final = _words("WORK_COMPLETE WORK_FAIL WORK_EXCEPTION")
RESULTS: Final = {
    **dict.fromkeys(
        ("WORK_DATA", "WORK_WARNING"), "ERROR JOB_NOT_FOUND|Job does not exist on server"
    ),
    **dict.fromkeys(
        ("WORK_STATUS", "WORK_COMPLETE", "WORK_FAIL"),
        "ERROR JOB_NOT_FOUND|Job given in work result not found",
    ),
    "WORK_EXCEPTION": (
        "ERROR JOB_NOT_FOUND|An exception was received for a job that does not exist"
    ),
}
"""What workers say about their jobs, and what is answered when a job is not theirs."""

REFUSED: Final = {
    "UNUSED": 0,
    "NOOP": 0,
    "JOB_CREATED": 1,
    "NO_JOB": 0,
    "JOB_ASSIGN": 3,
    "ECHO_RES": 1,
    "ERROR": 2,
    "STATUS_RES": 5,
    "ALL_YOURS": 0,
    "OPTION_RES": 1,
    "JOB_ASSIGN_UNIQ": 4,
    "SUBMIT_JOB_SCHED": 8,
    "JOB_ASSIGN_ALL": 5,
    "STATUS_RES_UNIQUE": 6,
}
"""What a server refuses with ERROR ``INVALID_COMMAND``, and how many arguments it has."""


def encode(number: int, body: bytes = b"", magic: bytes = REQUEST) -> bytes:
    """Return the packet of type ``number`` with ``body`` under ``magic``."""
    return magic + struct.pack(">LL", number, len(body)) + body

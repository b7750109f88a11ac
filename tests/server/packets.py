"""Packets built by hand, so that expectations do not come from the tested code."""

from __future__ import annotations

import struct

CAN_DO, CANT_DO, RESET_ABILITIES, PRE_SLEEP, NOOP, SUBMIT_JOB, JOB_CREATED = 1, 2, 3, 4, 6, 7, 8
GRAB_JOB, NO_JOB, JOB_ASSIGN, WORK_STATUS, WORK_COMPLETE, WORK_FAIL = 9, 10, 11, 12, 13, 14
GET_STATUS, ECHO_REQ, ECHO_RES, SUBMIT_JOB_BG, ERROR, STATUS_RES = 15, 16, 17, 18, 19, 20
SUBMIT_JOB_HIGH, SET_CLIENT_ID, CAN_DO_TIMEOUT, ALL_YOURS, WORK_EXCEPTION = 21, 22, 23, 24, 25
OPTION_REQ, OPTION_RES, WORK_DATA, WORK_WARNING, GRAB_JOB_UNIQ, JOB_ASSIGN_UNIQ = range(26, 32)
SUBMIT_JOB_HIGH_BG, SUBMIT_JOB_LOW, SUBMIT_JOB_LOW_BG, SUBMIT_JOB_SCHED = range(32, 36)
SUBMIT_JOB_EPOCH, SUBMIT_REDUCE_JOB, SUBMIT_REDUCE_JOB_BACKGROUND, GRAB_JOB_ALL = range(36, 40)
JOB_ASSIGN_ALL, GET_STATUS_UNIQUE, STATUS_RES_UNIQUE = range(40, 43)

FULL_BODIES = {
    CAN_DO: b"f",
    CANT_DO: b"f",
    SUBMIT_JOB: b"f\0u\0data",
    WORK_STATUS: b"H:stage:1\x005\x0010",
    WORK_COMPLETE: b"H:stage:1\0data",
    WORK_FAIL: b"H:stage:1",
    GET_STATUS: b"H:stage:1",
    ECHO_REQ: b"data",
    SUBMIT_JOB_BG: b"f\0u\0data",
    SUBMIT_JOB_HIGH: b"f\0u\0data",
    SET_CLIENT_ID: b"id",
    CAN_DO_TIMEOUT: b"f\x001000",
    WORK_EXCEPTION: b"H:stage:1\0data",
    OPTION_REQ: b"exceptions",
    WORK_DATA: b"H:stage:1\0data",
    WORK_WARNING: b"H:stage:1\0data",
    SUBMIT_JOB_HIGH_BG: b"f\0u\0data",
    SUBMIT_JOB_LOW: b"f\0u\0data",
    SUBMIT_JOB_LOW_BG: b"f\0u\0data",
    SUBMIT_JOB_EPOCH: b"f\0u\x000\0data",
    SUBMIT_REDUCE_JOB: b"f\0u\0r\0\0data",
    SUBMIT_REDUCE_JOB_BACKGROUND: b"f\0u\0r\0\0data",
    GET_STATUS_UNIQUE: b"u",
}
"""A body with every argument for each type that takes any."""


def packet(magic: bytes, packet_type: int, body: bytes) -> bytes:
    """Return a packet of any magic, type and body."""
    return magic + struct.pack(">II", packet_type, len(body)) + body


def req(packet_type: int, *arguments: bytes) -> bytes:
    """Return a packet to the server, its arguments joined by NUL."""
    return packet(b"\0REQ", packet_type, b"\0".join(arguments))


def res(packet_type: int, *arguments: bytes) -> bytes:
    """Return a packet from the server, its arguments joined by NUL."""
    return packet(b"\0RES", packet_type, b"\0".join(arguments))


def error(code: bytes, text: bytes) -> bytes:
    """Return an ERROR packet."""
    return res(ERROR, code, text)


def created(number: int) -> bytes:
    """Return JOB_CREATED for the job with this number on the stage."""
    return res(JOB_CREATED, handle(number))


def handle(number: int) -> bytes:
    """Return the handle of the job with this number on the stage."""
    return b"H:stage:%d" % number


NO_JOB_PACKET = res(NO_JOB)
NOOP_PACKET = res(NOOP)
NOT_FOUND = error(b"JOB_NOT_FOUND", b"Job does not exist on server")
NOT_FOUND_FOR_RESULT = error(b"JOB_NOT_FOUND", b"Job given in work result not found")

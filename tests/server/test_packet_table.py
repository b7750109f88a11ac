"""Every packet type is handled or refused as the C server does, byte for byte."""

from __future__ import annotations

import pytest

from gearman_tx.errors import Refused
from gearman_tx.server.handlers import make_handlers
from gearman_tx.wire import LAST_PACKET_TYPE, PACKETS, TOO_LARGE
from tests.link.logs import LogBook
from tests.server import packets as p
from tests.server.packets import FULL_BODIES, error, packet, req, res
from tests.server.server_fixture import ServerFixture

UNEXPECTED = error(b"INVALID_COMMAND", b"Command not expected")
REFUSED_TYPES = (5, 6, 8, 10, 11, 17, 19, 20, 24, 27, 31, 35, 40, 42)
SILENT = (p.CAN_DO, p.CANT_DO, p.RESET_ABILITIES, p.PRE_SLEEP, p.SET_CLIENT_ID)

ANSWERS = {
    p.SUBMIT_JOB: p.created(1),
    p.GRAB_JOB: p.NO_JOB_PACKET,
    p.WORK_STATUS: p.NOT_FOUND_FOR_RESULT,
    p.WORK_COMPLETE: p.NOT_FOUND_FOR_RESULT,
    p.WORK_FAIL: p.NOT_FOUND_FOR_RESULT,
    p.GET_STATUS: res(p.STATUS_RES, b"H:stage:1", b"0", b"0", b"0", b"0"),
    p.ECHO_REQ: res(p.ECHO_RES, b"data"),
    p.SUBMIT_JOB_BG: p.created(1),
    p.SUBMIT_JOB_HIGH: p.created(1),
    p.WORK_EXCEPTION: error(
        b"JOB_NOT_FOUND", b"An exception was received for a job that does not exist"
    ),
    p.OPTION_REQ: res(p.OPTION_RES, b"exceptions"),
    p.WORK_DATA: p.NOT_FOUND,
    p.WORK_WARNING: p.NOT_FOUND,
    p.GRAB_JOB_UNIQ: p.NO_JOB_PACKET,
    p.SUBMIT_JOB_HIGH_BG: p.created(1),
    p.SUBMIT_JOB_LOW: p.created(1),
    p.SUBMIT_JOB_LOW_BG: p.created(1),
    p.SUBMIT_JOB_EPOCH: p.created(1),
    p.SUBMIT_REDUCE_JOB: p.created(1),
    p.SUBMIT_REDUCE_JOB_BACKGROUND: p.created(1),
    p.GRAB_JOB_ALL: p.NO_JOB_PACKET,
    p.GET_STATUS_UNIQUE: res(p.STATUS_RES_UNIQUE, b"u", b"0", b"0", b"0", b"0", b"0"),
}
"""The answer of a server without jobs to each of them; those left out get none."""


@pytest.mark.parametrize("packet_type", range(1, LAST_PACKET_TYPE + 1))
def test_each_type_is_answered_as_the_table_says(stage: ServerFixture, packet_type: int) -> None:
    """A fresh server answers each type with exactly its packet, and goes on serving."""
    peer = stage.connect()
    body = FULL_BODIES.get(packet_type, b"")
    expected = UNEXPECTED if packet_type in REFUSED_TYPES else ANSWERS.get(packet_type, b"")
    assert peer.asks(req(packet_type, body)) == expected
    assert peer.asks(req(p.ECHO_REQ, b"alive")) == res(p.ECHO_RES, b"alive")


@pytest.mark.parametrize("packet_type", SILENT)
def test_announcements_of_workers_are_not_answered(stage: ServerFixture, packet_type: int) -> None:
    """Libgearman's workers expect nothing after these packets, not even an error."""
    assert stage.connect().asks(req(packet_type, FULL_BODIES.get(packet_type, b""))) == b""


@pytest.mark.parametrize(
    "packet_type", [p.GRAB_JOB, p.PRE_SLEEP, p.RESET_ABILITIES, p.GRAB_JOB_ALL]
)
def test_extra_bytes_are_ignored_where_no_body_is_expected(
    stage: ServerFixture, packet_type: int
) -> None:
    """A body on a packet that takes none is ignored."""
    peer = stage.connect()
    assert peer.asks(req(packet_type, b"abc")) == ANSWERS.get(packet_type, b"")


@pytest.mark.parametrize("packet_type", [p.ECHO_REQ, p.JOB_CREATED])
def test_a_response_is_refused_and_the_connection_goes_on(
    stage: ServerFixture, packet_type: int, log: LogBook
) -> None:
    """A packet in the wrong direction is answered with INVALID_MAGIC."""
    peer = stage.connect()
    wrong = packet(b"\0RES", packet_type, b"body")
    assert peer.asks(wrong) == error(b"INVALID_MAGIC", b"Request magic expected")
    assert peer.asks(req(p.ECHO_REQ, b"alive")) == res(p.ECHO_RES, b"alive")
    assert len(log.warnings) == 1


def test_the_table_has_a_handler_for_everything_the_decoder_returns(stage: ServerFixture) -> None:
    """Packets, text, the wrong magic and too large: nothing else can come, none is missing."""
    handlers = make_handlers(stage.jobs, stage.factory.clocks, lambda _connection, _line: None)
    assert sorted(handlers) == list(range(TOO_LARGE, LAST_PACKET_TYPE + 1))
    for row in PACKETS:
        if row.type in REFUSED_TYPES:
            with pytest.raises(Refused):
                handlers[row.type](stage.connect().connection.link, b"")


def test_packets_of_one_read_are_answered_in_order(stage: ServerFixture) -> None:
    """A client may send any number of requests without waiting for answers."""
    peer = stage.connect()
    requests = [
        req(p.ECHO_REQ, b"1"),
        req(p.SUBMIT_JOB, b"f", b"", b""),
        req(p.NOOP),
        req(p.GET_STATUS, p.handle(1)),
        req(p.SUBMIT_JOB_BG, b"f", b"", b""),
        b"version\n",
        req(p.ECHO_REQ, b"2"),
    ]
    answers = [
        res(p.ECHO_RES, b"1"),
        p.created(1),
        UNEXPECTED,
        res(p.STATUS_RES, p.handle(1), b"1", b"0", b"0", b"0"),
        p.created(2),
        b"OK 1.2.3\n",
        res(p.ECHO_RES, b"2"),
    ]
    assert peer.asks(*requests) == b"".join(answers)

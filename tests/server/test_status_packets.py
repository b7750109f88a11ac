"""Status requests, options and echoes."""

from __future__ import annotations

import pytest

from gearman_tx.core import Policy
from tests.server import packets as p
from tests.server.packets import error, handle, req, res
from tests.server.server_fixture import ServerFixture

UNKNOWN_OPTION = error(b"UNKNOWN_OPTION", b"Server does not recognize given option")


def test_the_status_of_a_job_through_its_life(stage: ServerFixture) -> None:
    """Known, then running with its progress, then unknown at once."""
    client, worker = stage.connect(), stage.worker(b"f")
    ask = req(p.GET_STATUS, handle(1))
    client.queues(1, b"f")
    assert client.asks(ask) == res(p.STATUS_RES, handle(1), b"1", b"0", b"0", b"0")
    worker.grabs(1, b"f")
    worker.tells(req(p.WORK_STATUS, handle(1), b"3", b"10"))
    assert client.asks(ask) == res(p.STATUS_RES, handle(1), b"1", b"1", b"3", b"10")
    worker.tells(req(p.WORK_COMPLETE, handle(1), b""))
    assert client.asks(ask) == res(p.STATUS_RES, handle(1), b"0", b"0", b"0", b"0")


def test_the_status_by_unique_counts_the_waiting_clients(stage: ServerFixture) -> None:
    """STATUS_RES_UNIQUE begins with the unique and ends with how many submissions wait."""
    one, two = stage.connect(), stage.connect()
    one.submits(1, b"f", b"u")
    two.submits(1, b"f", b"u")
    answer = two.asks(req(p.GET_STATUS_UNIQUE, b"u"))
    assert answer == res(p.STATUS_RES_UNIQUE, b"u", b"1", b"0", b"0", b"0", b"2")


def test_the_status_by_unique_looks_over_all_functions(stage: ServerFixture) -> None:
    """Of several jobs with one unique under different functions the newest is reported."""
    client, worker = stage.connect(), stage.worker(b"b")
    client.queues(1, b"a", b"u")
    client.queues(2, b"b", b"u")
    assert worker.asks(req(p.GRAB_JOB)) == res(p.JOB_ASSIGN, handle(2), b"b", b"")
    answer = client.asks(req(p.GET_STATUS_UNIQUE, b"u"))
    assert answer == res(p.STATUS_RES_UNIQUE, b"u", b"1", b"1", b"0", b"0", b"0")


@pytest.mark.parametrize("tail", [b"\0", b"\0junk"])
def test_a_nul_behind_a_single_argument_ends_it(stage: ServerFixture, tail: bytes) -> None:
    """Status questions are read up to their first NUL, which many clients send."""
    client = stage.connect()
    client.queues(1, b"f", b"u")
    by_handle = res(p.STATUS_RES, handle(1), b"1", b"0", b"0", b"0")
    assert client.asks(req(p.GET_STATUS, handle(1) + tail)) == by_handle
    by_unique = res(p.STATUS_RES_UNIQUE, b"u", b"1", b"0", b"0", b"0", b"0")
    assert client.asks(req(p.GET_STATUS_UNIQUE, b"u" + tail)) == by_unique


@pytest.mark.parametrize("packet_type", [p.GET_STATUS, p.GET_STATUS_UNIQUE])
@pytest.mark.parametrize("size", [0, 64, 1000])
def test_a_question_of_any_length_is_answered(
    stage: ServerFixture, packet_type: int, size: int
) -> None:
    """A long handle or unique is unknown; the C server hangs or closes at 64 bytes."""
    name = b"x" * size
    unknown = [name, b"0", b"0", b"0", b"0"]
    answer = stage.connect().asks(req(packet_type, name))
    if packet_type == p.GET_STATUS:
        assert answer == res(p.STATUS_RES, *unknown)
    else:
        assert answer == res(p.STATUS_RES_UNIQUE, *unknown, b"0")


@pytest.mark.parametrize(
    "option", [b"exceptions", b"EXCEPTIONS", b"Exceptions\0", b"exceptions\0x"]
)
def test_the_option_exceptions_is_echoed(stage: ServerFixture, option: bytes) -> None:
    """The option is known in any letter case, and OPTION_RES has the bytes as they were sent."""
    assert stage.connect().asks(req(p.OPTION_REQ, option)) == res(p.OPTION_RES, option)


@pytest.mark.parametrize("option", [b"", b"exception", b"exceptionss", b"exceptions\0" + bytes(53)])
def test_other_options_are_unknown(stage: ServerFixture, option: bytes) -> None:
    """Any other name, and anything of 64 bytes, is refused."""
    assert stage.connect().asks(req(p.OPTION_REQ, option)) == UNKNOWN_OPTION


def test_an_exception_goes_to_those_who_asked(stage: ServerFixture) -> None:
    """WORK_EXCEPTION reaches clients with the option; others get WORK_FAIL with a bare handle."""
    plain, curious, worker = stage.connect(), stage.connect(), stage.worker(b"f")
    curious.asks(req(p.OPTION_REQ, b"exceptions"))
    plain.submits(1, b"f", b"u")
    curious.submits(1, b"f", b"u")
    worker.grabs(1, b"f")
    assert worker.asks(req(p.WORK_EXCEPTION, handle(1), b"why\0so")) == b""
    assert plain.hears() == res(p.WORK_FAIL, handle(1))
    assert curious.hears() == res(p.WORK_EXCEPTION, handle(1), b"why\0so")
    assert stage.status() == b"f\t0\t0\t1\n.\n"


def test_the_operator_may_give_exceptions_to_all() -> None:
    """With ``--exceptions`` no client has to ask."""
    stage = ServerFixture(Policy(handle_prefix=b"H:stage", exceptions=True))
    client, worker = stage.connect(), stage.worker(b"f")
    client.submits(1, b"f")
    worker.grabs(1, b"f")
    worker.tells(req(p.WORK_EXCEPTION, handle(1), b"why"))
    assert client.hears() == res(p.WORK_EXCEPTION, handle(1), b"why")


@pytest.mark.parametrize("data", [b"", b"x", b"\0\0", bytes(range(256)) * 5000])
def test_an_echo_is_the_same_bytes(stage: ServerFixture, data: bytes) -> None:
    """ECHO_RES carries exactly what ECHO_REQ did."""
    assert stage.connect().asks(req(p.ECHO_REQ, data)) == res(p.ECHO_RES, data)

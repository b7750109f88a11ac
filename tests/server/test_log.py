"""The log says what an operator needs, on one line each, and no peer can fill it."""

from __future__ import annotations

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.interfaces import IAddress
from twisted.logger import LogLevel, formatEvent
from twisted.python.failure import Failure

from gearman_tx.server import ServerLog
from gearman_tx.server.log import LINES_A_WINDOW, WINDOW_SECONDS
from tests.link.logs import LogBook
from tests.server import packets as p
from tests.server.packets import req
from tests.server.server_fixture import ServerFixture


def test_a_flood_of_refusals_writes_a_few_lines(stage: ServerFixture, log: LogBook) -> None:
    """Of thousands of refusals ten are written in a minute, and the rest are counted."""
    peer = stage.connect()
    peer.tells(req(p.NOOP) * 5000)
    assert len(log.warnings) == LINES_A_WINDOW
    line = "192.168.1.1:54321 (fd -1) was refused: INVALID_COMMAND: Command not expected"
    assert set(log.warnings) == {line}
    stage.clock.advance(WINDOW_SECONDS)
    peer.tells(req(p.NOOP))
    assert log.warnings[LINES_A_WINDOW:] == [f"{line} (4990 more lines of this kind were withheld)"]
    stage.clock.advance(WINDOW_SECONDS)
    peer.tells(req(p.NOOP))
    assert log.warnings[-1] == line


def test_each_kind_of_line_has_a_window_of_its_own(stage: ServerFixture, log: LogBook) -> None:
    """A flood of refusals does not hide that a connection was dropped."""
    stage.connect().tells(req(p.NOOP) * 50)
    for _ in range(20):
        stage.connect().tells(b"\0BAD")
    kinds = ["was dropped" in line for line in log.warnings]
    assert (kinds.count(False), kinds.count(True)) == (LINES_A_WINDOW, LINES_A_WINDOW)


def test_a_peer_cannot_write_lines_of_its_own(stage: ServerFixture, log: LogBook) -> None:
    """Control characters of peers are written as escapes, and braces stay braces."""
    epoch = b"9" * 20 + b"\n2026-01-01 [-] all is well {host} \x1b[2J\xff"
    stage.connect().tells(req(p.SUBMIT_JOB_EPOCH, b"f", b"", epoch, b""))
    assert len(log.warnings) == 1
    line = log.warnings[0]
    assert line.isprintable()
    assert "99\\n2026-01-01 [-] a" in line


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        (b"plain", "plain"),
        ("größe".encode(), "größe"),
        (b"\xff", "\\\\xff"),
        (b"a\nb\x1b", "a\\nb\\x1b"),
        (b"{handle}", "{handle}"),
        (b"it's", "it's"),
    ],
)
def test_function_names_in_the_log(
    stage: ServerFixture, log: LogBook, name: bytes, shown: str
) -> None:
    """A function's name is shown as text where it is text, and on one line in any case."""
    worker = stage.connect()
    worker.tells(req(p.CAN_DO_TIMEOUT, name, b"1"))
    stage.connect().queues(1, name)
    worker.asks(req(p.GRAB_JOB))
    stage.clock.advance(1)
    assert log.warnings == [f"job H:stage:1 of {shown} ran out of time"]


def test_a_workload_is_never_logged(stage: ServerFixture, log: LogBook) -> None:
    """No workload is logged: not in a refusal, a loss or a timeout."""
    secret = b"secret"
    worker = stage.connect()
    worker.tells(req(p.CAN_DO_TIMEOUT, b"f", b"1"))
    stage.connect().queues(1, b"f", b"", secret)
    worker.asks(req(p.GRAB_JOB))
    stage.clock.advance(1)
    worker.asks(req(p.GRAB_JOB))
    worker.asks(req(p.WORK_COMPLETE, b"H:stage:9", secret))
    worker.leaves()
    stage.connect().tells(req(p.SUBMIT_JOB, b"f", b"u" * 65, secret))
    assert len(log.warnings) == 4
    assert not any("secret" in line for line in log.warnings)


def test_the_jobs_of_a_lost_worker_are_named(stage: ServerFixture, log: LogBook) -> None:
    """The line names three of them with their functions, and counts the others."""
    worker = stage.worker(b"f", b"g")
    client = stage.connect()
    for function in (b"f", b"g", b"f", b"f", b"f"):
        client.asks(req(p.SUBMIT_JOB_BG, function, b"", b""))
        worker.asks(req(p.GRAB_JOB))
    worker.leaves()
    jobs = "H:stage:1 of f, H:stage:2 of g, H:stage:3 of f and 2 more"
    assert log.warnings == [
        f"worker 192.168.1.1:54321 (fd -1, id -) left with 5 running jobs: {jobs}"
    ]


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        (IPv4Address("TCP", "10.0.0.7", 4321), "10.0.0.7:4321"),
        (IPv6Address("TCP", "fe80::1", 4321), "[fe80::1]:4321"),
        (IPv6Address("TCP", "::ffff:10.0.0.7", 4321), "10.0.0.7:4321"),
        (UNIXAddress(b"/run/x"), "unix"),
    ],
)
def test_a_peer_has_its_port(
    stage: ServerFixture, log: LogBook, address: IAddress, shown: str
) -> None:
    """The address names the connection as ``ss`` and a firewall's log do; JSON has it alone."""
    stage.connect(address).tells(req(p.NOOP))
    event = log.events[-1]
    assert log.warnings[-1].startswith(f"{shown} (fd -1) was refused: ")
    assert (event["event"], event["peer"]) == ("refused", shown)


def test_each_connection_is_logged_if_asked_for(stage: ServerFixture, log: LogBook) -> None:
    """At DEBUG a client can be followed: when it came, when it left, what it offered."""
    stage.server_log.traces = True
    worker = stage.worker(b"resize", b"rotate")
    worker.tells(req(p.SET_CLIENT_ID, b"web1:77"))
    worker.leaves()
    assert [formatEvent(event) for event in log.events] == [
        "192.168.1.1:54321 (fd -1) connected",
        "192.168.1.1:54321 (fd -1, id web1:77) disconnected; functions: resize, rotate",
    ]
    assert {event["log_level"] for event in log.events} == {LogLevel.debug}


def test_connections_are_not_logged_otherwise(stage: ServerFixture, log: LogBook) -> None:
    """Thousands of connections a second write nothing."""
    stage.worker(b"resize").leaves()
    assert log.events == []


def test_http_at_the_wrong_port_is_logged(stage: ServerFixture, log: LogBook) -> None:
    """A browser or a health check that asks by HTTP is named; its lines are unknown commands."""
    peer = stage.connect()
    answer = peer.asks(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert answer.startswith(b"ERR ")
    assert log.warnings == [
        "192.168.1.1:54321 (fd -1) sent an HTTP request; this port speaks the Gearman protocol"
    ]


def test_tls_at_a_plain_port_is_dropped(stage: ServerFixture, log: LogBook) -> None:
    """The client gets its error at once, and does not wait for an answer that cannot come."""
    peer = stage.connect()
    peer.tells(b"\x16\x03\x01\x02\x00\x01\n" + bytes(100))
    assert not peer.is_served
    text = "192.168.1.1:54321 (fd -1) was dropped: a TLS handshake came to a port without TLS"
    assert log.warnings == [text]


def test_our_own_faults_are_told_with_their_traceback(log: LogBook) -> None:
    """An exception that shows a bug is logged as a failure, for a bug report."""
    ServerLog(lambda: 0.0).bug(Failure(ZeroDivisionError()))
    assert log.failures() == ["a fault of the job server: ZeroDivisionError"]


def test_failures_of_the_store_and_their_end_are_logged(log: LogBook) -> None:
    """A failing store is a warning, throttled; the first success behind it is news, others not."""
    server_log = ServerLog(lambda: 0.0)
    server_log.store_works()
    for _ in range(20):
        server_log.store_failed("disk full")
    server_log.store_works()
    server_log.store_works()
    assert log.warnings == ["background jobs cannot be stored: disk full"] * LINES_A_WINDOW
    assert len(log.events) == LINES_A_WINDOW + 1

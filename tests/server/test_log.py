"""The log says what an operator needs, on one line each, and no peer can fill it."""

from __future__ import annotations

import pytest
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
    line = "192.168.1.1 (fd -1) was refused: INVALID_COMMAND: Command not expected"
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

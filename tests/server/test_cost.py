"""The cost of a packet, counted in calls and lines of our own Python, never in seconds.

The counts are of the uncompiled server. A change that makes one of them larger has to say why; one
that makes it smaller lowers the budget.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from gearman_tx.core import NORMAL, Policy
from gearman_tx.wire import IS_COMPILED
from tests.core.core_fixture import CoreFixture
from tests.server import packets as p
from tests.server.packets import req
from tests.server.server_fixture import ServerFixture

pytestmark = pytest.mark.skipif(IS_COMPILED, reason="compiled code makes no calls to be counted")

PACKETS = 200
"""How many packets come at once, so that the work done once a turn hardly counts."""

BUDGETS = {
    "SUBMIT_JOB": 18,
    "SUBMIT_JOB_BG": 17,
    "GRAB_JOB": 9,
    "WORK_COMPLETE": 16,
    "PRE_SLEEP": 4,
    "ECHO_REQ": 4,
}
"""The most calls of functions of the package for one packet."""


def _is_ours(frame: FrameType) -> bool:
    return "/gearman_tx/" in frame.f_code.co_filename


def calls(action: Callable[[], object]) -> int:
    """Return how many functions of the package ``action`` calls."""
    count = 0

    def count_call(frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        if event == "call" and _is_ours(frame):
            count += 1

    before = sys.getprofile()
    sys.setprofile(count_call)
    try:
        action()
    finally:
        sys.setprofile(before)
    return count


def lines(action: Callable[[], object]) -> int:
    """Return how many lines of the package ``action`` runs, every round of a loop included."""
    count = 0

    def count_line(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        if not _is_ours(frame):
            return None
        if event == "line":
            count += 1
        return count_line

    before = sys.gettrace()
    sys.settrace(count_line)
    try:
        action()
    finally:
        sys.settrace(before)
    return count


def _packets(kind: str, stage: ServerFixture) -> tuple[Callable[[bytes], None], bytes]:
    """Return a connection that sends packets of a kind, and the packets."""
    client, worker = stage.connect(), stage.worker(b"f")
    if kind.startswith("SUBMIT"):
        return client.gives, req(getattr(p, kind), b"f", b"", b"data") * PACKETS
    if kind == "ECHO_REQ":
        return client.gives, req(p.ECHO_REQ, b"data") * PACKETS
    if kind == "PRE_SLEEP":
        return worker.gives, req(p.PRE_SLEEP) * PACKETS
    client.tells(req(p.SUBMIT_JOB, b"f", b"", b"data") * PACKETS)
    if kind == "GRAB_JOB":
        return worker.gives, req(p.GRAB_JOB) * PACKETS
    worker.tells(req(p.GRAB_JOB) * PACKETS)
    handles = [job.handle for job in stage.jobs.tables.jobs]
    return worker.gives, b"".join(req(p.WORK_COMPLETE, handle, b"done") for handle in handles)


@pytest.mark.parametrize("kind", BUDGETS)
def test_a_packet_keeps_within_its_budget(kind: str) -> None:
    """The calls from the read to the bytes for the socket are within the budget."""
    stage = ServerFixture()
    gives, data = _packets(kind, stage)

    def turn() -> None:
        gives(data)
        stage.end_turn()

    assert calls(turn) / PACKETS <= BUDGETS[kind]


def _life_of_a_job(core: CoreFixture, function: bytes, unique: bytes) -> list[int]:
    """Return the lines that submitting, grabbing and completing one more job take."""
    client, worker = core.connection(), core.worker(function)
    made = []
    counts = [
        lines(
            lambda: made.append(
                core.server.intake.submit(
                    client.peer, function, unique, b"data", NORMAL, background=True
                )
            )
        )
    ]
    grabbed: list[bytes] = []

    def grab() -> None:
        job = core.server.dispatch.grab(worker.peer)
        assert job is not None
        grabbed.append(job.handle)

    counts.append(lines(grab))
    counts.append(lines(lambda: core.server.outcome.complete(worker.peer, grabbed[0], [b"x"])))
    counts.append(lines(lambda: core.server.snapshots.status(b"H:t:1")))
    worker.leave()
    return counts


def _fill(core: CoreFixture, count: int, function: bytes) -> None:
    client = core.connection()
    first = len(core.server.tables.jobs)
    submit = core.server.intake.submit
    for number in range(first, first + count):
        submit(client.peer, function, b"%d" % number, b"", NORMAL, background=True)


def test_the_millionth_job_costs_what_the_thousandth_does() -> None:
    """The same lines run, however many jobs are queued."""
    core = CoreFixture(Policy(handle_prefix=b"H:t"))
    _fill(core, 10, b"f")
    _fill(core, 1000, b"f2")
    few = _life_of_a_job(core, b"f", b"one")
    _fill(core, 999_000, b"f2")
    assert len(core.server.tables.jobs) > 999_000
    assert _life_of_a_job(core, b"f", b"other") == few


@pytest.mark.parametrize("busy", [False, True])
def test_ten_thousand_functions_cost_what_one_does(busy: bool) -> None:
    """A worker that registered them all grabs as fast; whether jobs of all wait, or of one."""
    counts = []
    for many in (10, 10_000):
        core = CoreFixture(Policy(handle_prefix=b"H:t"))
        functions = [b"f%d" % number for number in range(many)]
        client, worker = core.connection(), core.worker(*functions)
        # The first sleep puts it on the lists of all its functions; later ones find it there.
        core.server.dispatch.pre_sleep(worker.peer)
        for function in functions if busy else functions[-1:]:
            for _ in range(2):
                core.server.intake.submit(client.peer, function, b"", b"", NORMAL, background=True)
        counts.append(
            [
                lines(lambda: core.server.dispatch.grab(worker.peer)),  # noqa: B023  # called here
                lines(lambda: core.server.dispatch.grab(worker.peer)),  # noqa: B023  # called here
                lines(lambda: core.server.dispatch.pre_sleep(worker.peer)),  # noqa: B023
            ]
        )
    assert counts[1] == counts[0]


def test_ten_thousand_sleeping_workers_cost_what_one_does() -> None:
    """One is woken for a job, and the server does not look at the others."""
    counts = []
    for many in (1, 10_000):
        core = CoreFixture(Policy(handle_prefix=b"H:t"))
        for _ in range(many):
            worker = core.worker(b"f")
            core.server.dispatch.pre_sleep(worker.peer)
        client = core.connection()
        counts.append(
            lines(
                lambda: core.server.intake.submit(  # noqa: B023  # called here
                    client.peer,  # noqa: B023
                    b"f",
                    b"",
                    b"",
                    NORMAL,
                    background=True,
                )
            )
        )
    assert counts[1] == counts[0]

"""The kill test: nothing that was acknowledged is lost, whenever the server dies."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.durable.siege import Siege

KILLS = 20


def test_twenty_kills(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Killed with SIGKILL twenty times under load, the server keeps every promise.

    No acknowledged job is lost, none that ended for certain runs again, no handle repeats, and
    after each start jobs come by priority and age. ``python -m tests.durable.soak`` does the same
    for longer.
    """
    siege = Siege(tmp_path, ("--queue-type=sqlite",), seed=20)
    for _ in range(KILLS):
        siege.live_and_die()
    siege.drain()
    with capsys.disabled():
        sys.stdout.write(f"\n{siege.account.table()}\n")
    assert siege.account.kills == KILLS
    assert siege.account.lost == []
    assert len(siege.account.promised) > 1000
    assert len(siege.account.settled) > 100

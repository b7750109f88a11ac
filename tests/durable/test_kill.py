"""The kill test: nothing that was acknowledged is lost, whenever the server dies."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.durable.kill_test_driver import KillTestDriver

KILLS = 20


def test_twenty_kills(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Killed with SIGKILL twenty times under load, the server keeps every promise.

    No acknowledged job is lost, none that ended for certain runs again, no handle repeats, and
    after each start jobs come by priority and age. ``python -m tests.durable.soak`` does the same
    for longer.
    """
    driver = KillTestDriver(tmp_path, ("--queue-type=sqlite",), seed=20)
    for _ in range(KILLS):
        driver.run_and_kill()
    driver.drain()
    with capsys.disabled():
        sys.stdout.write(f"\n{driver.promises.table()}\n")
    assert driver.promises.kills == KILLS
    assert driver.promises.lost == []
    assert len(driver.promises.promised) > 1000
    assert len(driver.promises.settled) > 100

"""The limits of a worker's life."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import ModuleType

import pytest

from gearman_tx.worker import LifeLimits
from gearman_tx.worker.limits import Life, code_on_disk, resident_memory

TOMORROW = 4_000_000_000


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of an imported module."""
    path = tmp_path / "some_module.py"
    path.write_text("")
    loaded = ModuleType("some_module")
    loaded.__file__ = str(path)
    monkeypatch.setitem(sys.modules, "some_module", loaded)
    return path


def test_no_limit_is_no_reason() -> None:
    """A worker without limits lives forever."""
    assert Life(LifeLimits(), 0).reason_to_end(1e9) is None


def test_time_is_up() -> None:
    """After the seconds, and not before."""
    life = Life(LifeLimits(seconds=60), 1000)
    assert life.reason_to_end(1059.9) is None
    assert life.reason_to_end(1060) == "60 seconds have passed, the limit is 60"


def test_memory_is_looked_at() -> None:
    """One byte is too little for any process; a terabyte is enough."""
    reason = Life(LifeLimits(memory=1), 0).reason_to_end(0)
    assert reason is not None
    assert reason.endswith("bytes of memory are used, the limit is 1")
    assert Life(LifeLimits(memory=1 << 40), 0).reason_to_end(0) is None


def test_a_touched_module_is_a_reason(module: Path) -> None:
    """The reason names the file that changed."""
    life = Life(LifeLimits(code=True), 0)
    assert life.reason_to_end(0) is None
    os.utime(module, (TOMORROW, TOMORROW))
    assert life.reason_to_end(0) == f"{module} changed on disk"


def test_a_module_that_is_imported_later_is_watched(
    module: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is known from the first check after its import."""
    loaded = sys.modules["some_module"]
    monkeypatch.delitem(sys.modules, "some_module")
    life = Life(LifeLimits(code=True), 0)
    monkeypatch.setitem(sys.modules, "some_module", loaded)
    assert life.reason_to_end(0) is None
    os.utime(module, (TOMORROW, TOMORROW))
    assert life.reason_to_end(0) == f"{module} changed on disk"


def test_a_file_that_is_gone_is_no_reason(module: Path) -> None:
    """During a deployment files are missing; the new ones count."""
    life = Life(LifeLimits(code=True), 0)
    module.unlink()
    assert str(module) not in code_on_disk()
    assert life.reason_to_end(0) is None


def test_memory_is_known_on_every_system(tmp_path: Path) -> None:
    """Without ``/proc`` the highest figure so far is returned, in the same unit."""
    now, most = resident_memory(), resident_memory(tmp_path / "missing")
    assert 1 << 20 < now < 1 << 40
    assert now / 2 < most < 1 << 40


@pytest.mark.parametrize("name", ["jobs", "seconds", "memory"])
def test_a_limit_is_above_zero(name: str) -> None:
    """A limit of 0 would end a worker before its first job."""
    with pytest.raises(ValueError, match=f"{name}: 0 is not above 0"):
        LifeLimits(**{name: 0})  # type: ignore[arg-type]  # the bool is not meant
